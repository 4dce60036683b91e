"""A pack of pictures in which there is no plate: `python rooms_pack.py FOLDER DATASETS/rooms`.

FOLDER holds a folder of JPEGs for each source. What is marked in them is nothing: the networks for plates are shown what is none, those for faces
what the teacher or the vet says of them. All are pictures to train with.
"""
import json
import sys
import tarfile
from pathlib import Path

import cv2

SHARD = 'rooms-00.tar'


def pack(source, out):
    out.mkdir(parents=True, exist_ok=True)
    images = []
    with tarfile.open(out / SHARD, 'w') as tar:
        for path in sorted(source.glob('*/*.jpg')):
            name = f'{path.parent.name}-{path.name}'
            height, width = cv2.imread(str(path)).shape[:2]
            tar.add(path, name)
            images.append(dict(file=name, shard=SHARD, split='train', set=path.parent.name, w=width, h=height, boxes=[], ignore=[]))
    (out / 'labels.json').write_text(json.dumps(dict(images=images)))
    return images


if __name__ == '__main__':
    print(len(pack(Path(sys.argv[1]), Path(sys.argv[2]))), 'pictures')
