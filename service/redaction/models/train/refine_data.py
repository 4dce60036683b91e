"""What the refine networks learn from: everything that the detectors see in the train pictures, right or wrong, and the marks themselves.

`python refine_data.py OUT.npz --faces ../faces.onnx --plates ../plates.onnx --vet yunet_s.onnx [--part 0/2]` looks once through a split of
the packs. A cutting is a piece of a picture about one box, with room around it; its box lies in the middle. `Cuttings` draws from them.
"""
import argparse
import json
import os
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from data import Pictures
from evaluate import Model, overlaps, suppressed
from plates_data import VEHICLES
from plates_mine import INCOMPLETE, SEEN
from teacher import single_thread

KINDS = FACE, PLATE = 0, 1
# A cutting shows this much of the picture, in box widths and heights, and the box at most so many pixels wide or high.
MOST_PX = 112
LEAST_SCORE = .04
MOST_WRONG = 16
SCALES = 1., 1.4
# Smaller boxes (width of plates, height of faces) are nobody's concern.
LEAST_PX = {FACE: 7, PLATE: 10}


class Yunet:
    """The vet: YuNet's boxes in a BGR picture, [N, 5]. What it sees a face in is no example of what is no face."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path, single_thread(), ['CPUExecutionProvider'])
        self.names = [f'{kind}_{stride}' for kind in ('cls', 'obj', 'bbox') for stride in (8, 16, 32)]

    def __call__(self, bgr, least=.15):
        bgr = cv2.copyMakeBorder(bgr, 0, -bgr.shape[0] % 32, 0, -bgr.shape[1] % 32, cv2.BORDER_CONSTANT)
        x = np.ascontiguousarray(bgr.transpose(2, 0, 1)[None], dtype=np.float32)
        out = self.session.run(self.names, {'input': x})
        found = []
        for i, stride in enumerate((8, 16, 32)):
            score = np.sqrt(out[i].clip(0, 1) * out[i + 3].clip(0, 1))[0, :, 0]
            cells = np.arange(len(score))
            across = bgr.shape[1] // stride
            dx, dy, w, h = out[i + 6][0].T
            x, y = (cells % across + dx) * stride, (cells // across + dy) * stride
            w, h = np.exp(w.clip(max=6)) * stride, np.exp(h.clip(max=6)) * stride
            found.append(np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2, score], 1)[score >= least])
        return suppressed(np.concatenate(found))


def seen_at(model, bgr, scale):
    large = bgr if scale == 1 else cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    found = model(large)
    return np.concatenate([found[:, :4] / scale, found[:, 4:]], 1)


def room(w, h):
    """How wide and high a cutting about a box of this size is."""
    return max(3 * w, 2.4 * h), max(3 * h, 1.6 * w)


def cutting(bgr, box):
    """-> uint8 [h, w, 3] about the box, replicated beyond the picture's border."""
    x1, y1, x2, y2 = box[:4]
    scale = min(1., MOST_PX / max(x2 - x1, y2 - y1))
    if scale < .7:
        # An affine map samples: shrink by areas first.
        small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        by = small.shape[1] / bgr.shape[1], small.shape[0] / bgr.shape[0]
        return cutting(small, np.array(box[:4]) * (by * 2))
    width, height = room(x2 - x1, y2 - y1)
    left, top = (x1 + x2 - width) / 2, (y1 + y2 - height) / 2
    size = max(4, round(width * scale)), max(4, round(height * scale))
    by = np.float64([[scale, 0, -left * scale], [0, scale, -top * scale]])
    return cv2.warpAffine(bgr, by, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


# What a refine network is shown: `wide` x `high` pixels of a region that is `about` times as wide as the box, or as the box would be
# were it so many times as wide as it is high.
VIEWS = {FACE: dict(wide=64, high=64, about=2.6, square=1.), PLATE: dict(wide=96, high=48, about=2.4, square=1.6)}

# There are two networks for each kind, asked together and shown what the wide one sees (`refine_join.py`).
ABOUT = {'near': {FACE: 2., PLATE: 1.7}, 'wide': {FACE: 2.6, PLATE: 2.4}}


def region(kind, box):
    """-> left, top, width, height of what the network is shown about a box."""
    view = VIEWS[kind]
    x1, y1, x2, y2 = box[:4]
    width = view['about'] * max(x2 - x1, view['square'] * (y2 - y1))
    height = width * view['high'] / view['wide']
    return (x1 + x2 - width) / 2, (y1 + y2 - height) / 2, width, height


def unmatched(found, marked, limit=.1):
    if not len(marked) or not len(found):
        return found
    touch = np.maximum(overlaps(found, marked), np.maximum(overlaps(found, marked, of_a=True), overlaps(marked, found, of_a=True).T))
    return found[touch.max(1) < limit]


def rows_of(pictures, index, detectors, vet, seen):
    """-> (kind, right, score, box) of one picture: its marks, and what the detectors see where nothing is."""
    info, bgr = pictures.info[index], pictures.bgr(index)
    of_plates = info['pack'] == 'plates'
    own, other = np.array(info['boxes'] + info['ignore'], float).reshape(-1, 4), np.zeros((0, 4))
    for box in np.array(info['boxes'], float).reshape(-1, 4):
        yield PLATE if of_plates else FACE, 1, 1., box
    # Where plates may be unmarked, what looks like one teaches nothing.
    doubted = info.get('set') in VEHICLES or info['file'] in seen or of_plates and info['source'] in INCOMPLETE
    innocent = {FACE: [vet(bgr)[:, :4], other if of_plates else own], PLATE: [own if of_plates else other]}
    for kind in KINDS if not doubted else (FACE,):
        found = np.concatenate([seen_at(detectors[kind], bgr, scale) for scale in SCALES])
        wrong = suppressed(unmatched(found[found[:, 4] >= LEAST_SCORE], np.concatenate(innocent[kind])), .6)
        side = (wrong[:, 3] - wrong[:, 1]) if kind == FACE else (wrong[:, 2] - wrong[:, 0])
        for *box, score in wrong[side >= LEAST_PX[kind]][:MOST_WRONG]:
            yield kind, 0, score, np.array(box)


def collected(pictures, detectors, vet, seen):
    for index in range(len(pictures)):
        bgr = pictures.bgr(index)
        for kind, is_right, score, box in rows_of(pictures, index, detectors, vet, seen):
            yield index, bgr, kind, is_right, score, box


def packed(rows):
    """Rows (index, picture, kind, right, score, box) as the arrays of a file of cuttings."""
    kinds, right, scores, sizes, starts, pixels, names = [], [], [], [], [0], [], []
    for index, bgr, kind, is_right, score, box in rows:
        if box[2] - box[0] < 4 or box[3] - box[1] < 3:
            continue
        piece = cutting(bgr, box)
        kinds.append(kind), right.append(is_right), scores.append(score)
        sizes.append((*piece.shape[:2], box[2] - box[0], box[3] - box[1])), names.append(index)
        pixels.append(piece.ravel())
        starts.append(starts[-1] + piece.size)
    return dict(kinds=np.array(kinds), right=np.array(right), scores=np.float32(scores), sizes=np.float32(sizes), picture=np.array(names),
                starts=np.array(starts), pixels=np.concatenate(pixels))


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('out', type=Path)
    arguments.add_argument('--faces', required=True)
    arguments.add_argument('--plates', required=True)
    arguments.add_argument('--vet', required=True)
    arguments.add_argument('--split', default='train')
    arguments.add_argument('--part', default='0/1')
    arguments.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    chosen = arguments.parse_args()
    pictures = Pictures(chosen.datasets, chosen.split)
    part, parts = map(int, chosen.part.split('/'))
    pictures.info, pictures.where = pictures.info[part::parts], pictures.where[part::parts]
    detectors = {FACE: Model(chosen.faces, column=FACE), PLATE: Model(chosen.plates, column=PLATE)}
    made = packed(collected(pictures, detectors, Yunet(chosen.vet), json.loads(SEEN.read_text())[chosen.split]))
    np.savez(chosen.out, **made)
    for kind in KINDS:
        print(('faces', 'plates')[kind], [int(((made['kinds'] == kind) & (made['right'] == r)).sum()) for r in (1, 0)])
