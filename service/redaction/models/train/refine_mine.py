"""Looks once more through the train pictures, with refine networks that we have: `python refine_mine.py OUT.npz --faces ../faces.onnx --mediapipe ../mediapipe-full-range.onnx
--plates ../plates.onnx --refine-faces ../faces-refine.onnx --refine-plates ../plates-refine.onnx --vet yunet_s.onnx [--part 0/2]`.

Each picture is shown at a size at which the service looks, most of them as bad as cameras make them, and what detector and refine network
believe together, and is not, becomes a cutting: the same kind of file that `refine_data.py` writes. So does everything that is marked in the
spoilt picture; were there wrong ones alone, to look like a bad camera's picture would mean to hold nothing. `--marked` writes the marks only, which takes no networks.
"""
import argparse
import json
import os
import random
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from damage import damaged
from data import Pictures, log_uniform
from evaluate import Model, suppressed
from plates_data import VEHICLES
from plates_mine import INCOMPLETE, SEEN
from refine_data import FACE, KINDS, LEAST_PX, PLATE, Yunet, packed, unmatched
from refine_evaluate import Refine, blended
from teacher import single_thread

LONG_SIDE_PX = 560, 1300
# From this score on a detector's finding is refined by the service, and how much of the word is then the refine network's.
ASKED = {FACE: .15, PLATE: .2}
WEIGHT = {FACE: .3, PLATE: .5}
LEAST_BELIEF = .12
MOST_WRONG = 14


class MediaPipe:
    """MediaPipe full-range over squares as high as the picture, each shrunk to 192 pixels. BGR picture -> boxes [N, 5]."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path, single_thread(), ['CPUExecutionProvider'])
        self.names = [i.name for i in self.session.get_inputs()], ['logits', 'regressors']

    def __call__(self, bgr, least=.1):
        height, width = bgr.shape[:2]
        side = min(height, width)
        count = int(np.ceil((max(height, width) - side) / (.75 * side))) + 1
        found = []
        for along in np.linspace(0, max(height, width) - side, count).round().astype(int):
            x, y = (along, 0) if width > height else (0, along)
            square = cv2.resize(bgr[y:y + side, x:x + side, ::-1], (192, 192), interpolation=cv2.INTER_AREA)
            fed = np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32) / 127.5 - 1
            logits, numbers = (a.reshape(48 * 48, -1) for a in self.session.run(self.names[1], {self.names[0][0]: fed}))
            score = 1 / (1 + np.exp(-logits[:, 0].clip(-30, 30)))
            cells = np.arange(48 * 48)
            dx, dy, w, h = numbers[:, :4].T
            middle_x, middle_y = (cells % 48 + .5) * 4 + dx, (cells // 48 + .5) * 4 + dy
            boxes = np.stack([middle_x - w / 2, middle_y - h / 2, middle_x + w / 2, middle_y + h / 2], 1) * side / 192 + (x, y, x, y)
            kept = (score >= least) & (w > 0) & (h > 0)
            found.append(np.concatenate([boxes[kept], score[kept, None]], 1))
        return suppressed(np.concatenate(found))


def believed(bgr, scale, info, vetted, seen, detectors, refine):
    """-> (kind, score, box) of what is believed in a picture that was scaled so, and is nowhere marked, ignored or seen by the vet."""
    of_plates = info['pack'] == 'plates'
    own = np.array(info['boxes'] + info['ignore'], float).reshape(-1, 4) * scale
    none = np.zeros((0, 4))
    doubted = info.get('set') in VEHICLES or info['file'] in seen or of_plates and info['source'] in INCOMPLETE
    innocent = {FACE: [vetted * scale, none if of_plates else own], PLATE: [own if of_plates else none]}
    for kind in KINDS if not doubted else (FACE,):
        found = np.concatenate([detector(bgr) for detector in detectors[kind]])
        found = unmatched(found[found[:, 4] >= ASKED[kind]], np.concatenate(innocent[kind]))
        side = (found[:, 3] - found[:, 1]) if kind == FACE else (found[:, 2] - found[:, 0])
        found = found[side >= LEAST_PX[kind]]
        if len(found):
            word, _ = refine[kind](bgr, found)
            belief = blended(found[:, 4], word, WEIGHT[kind])
            worst = suppressed(np.concatenate([found[:, :4], belief[:, None]], 1)[belief >= LEAST_BELIEF], .6)
            yield from ((kind, score, np.array(box)) for *box, score in worst[:MOST_WRONG])


def marked(info, scale):
    """-> (kind, score, box) of what is marked in a picture that was scaled so."""
    kind = PLATE if info['pack'] == 'plates' else FACE
    for x1, y1, x2, y2 in np.array(info['boxes'], float).reshape(-1, 4) * scale:
        if (y2 - y1 if kind == FACE else x2 - x1) >= LEAST_PX[kind]:
            yield kind, 1., np.array((x1, y1, x2, y2))


def mined(pictures, seed, believed_in):
    """Rows for `packed`. `believed_in` (picture as it was, spoilt one, scale, record) gives what is believed in the spoilt one; None: nothing."""
    r, numpy = random.Random(seed), np.random.default_rng(seed)
    for index, info in enumerate(pictures.info):
        clean = bgr = pictures.bgr(index)
        scale = log_uniform(r, *LONG_SIDE_PX) / max(bgr.shape[:2])
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        if r.random() < .75:
            bgr = damaged(bgr, r, numpy)
        for kind, score, box in marked(info, scale):
            yield index, bgr, kind, 1, score, box
        for kind, score, box in believed_in(clean, bgr, scale, info) if believed_in else ():
            yield index, bgr, kind, 0, score, box


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('out', type=Path)
    arguments.add_argument('--marked', action='store_true')
    networks = 'faces', 'mediapipe', 'plates', 'refine-faces', 'refine-plates', 'vet'
    for name in networks:
        arguments.add_argument(f'--{name}')
    arguments.add_argument('--part', default='0/1')
    arguments.add_argument('--seed', type=int, default=1)
    arguments.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    chosen = arguments.parse_args()
    given = [getattr(chosen, name.replace('-', '_')) for name in networks]
    if any(given) if chosen.marked else None in given:
        arguments.error('either --marked or all networks')
    pictures = Pictures(chosen.datasets, 'train')
    part, parts = map(int, chosen.part.split('/'))
    pictures.info, pictures.where = pictures.info[part::parts], pictures.where[part::parts]
    believed_in = None
    if not chosen.marked:
        detectors = {FACE: [Model(chosen.faces, column=0), MediaPipe(chosen.mediapipe)], PLATE: [Model(chosen.plates, column=PLATE)]}
        refine = {FACE: Refine(chosen.refine_faces, FACE), PLATE: Refine(chosen.refine_plates, PLATE)}
        vet, seen = Yunet(chosen.vet), json.loads(SEEN.read_text())['train']

        def believed_in(clean, bgr, scale, info):
            return believed(bgr, scale, info, vet(clean)[:, :4], seen, detectors, refine)
    made = packed(mined(pictures, chosen.seed + part, believed_in))
    # Spoilt pictures: training does not spoil them a second time, or the dark would become a sign of nothing.
    np.savez(chosen.out, **made, spoilt=True)
    print({('faces', 'plates')[kind]: [int(((made['kinds'] == kind) & (made['right'] == r)).sum()) for r in (1, 0)] for kind in KINDS})
