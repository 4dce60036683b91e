"""Validation of a refine network: `python refine_evaluate.py plate DETECTOR.onnx REFINE.onnx`, over the `val` pictures of its pack.

For the detector's own scores, and for those blended with the refine network's answer: the recall where there are so many boxes a picture in the
val pictures in which there is none (`quiet`), and by size at one of them. Boxes count as found from an IoU of .4.
`--empty` names folders of pictures in which there is none, to be taken for quiet instead.
"""
import argparse
import json
import os

import cv2
import numpy as np
import onnxruntime

from conditions import CONDITIONS
from data import Pictures
from evaluate import Model, overlaps
from plates_evaluate import fitted
from plates_mine import SEEN
from refine_data import ABOUT, FACE, PLATE, VIEWS, region
from refine_train import KIND
from teacher import single_thread

LEAST_SCORE = .1
CRIES = 2, 1, .5, .25, .1, .05
FOUND_IOU = .4
# As in the service: the refine network's word goes no further, so that it cannot silence a sure detector.
SUREST = .98


class Refine:
    def __init__(self, path, kind):
        self.kind = kind
        self.session = onnxruntime.InferenceSession(path, single_thread(), ['CPUExecutionProvider'])

    def __call__(self, bgr, boxes):
        """[N, 4+] -> probability [N], moved boxes [N, 4]"""
        if not len(boxes):
            return np.zeros(0), np.zeros((0, 4))
        pieces = np.stack([piece(bgr, self.kind, box) for box in boxes])
        x = np.ascontiguousarray(pieces[..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        scores, offsets = self.session.run(None, {'input': x})
        middle, size = (boxes[:, :2] + boxes[:, 2:4]) / 2, boxes[:, 2:4] - boxes[:, :2]
        middle, half = middle + offsets[:, :2] * size, size * np.exp(offsets[:, 2:]) / 2
        return scores, np.concatenate([middle - half, middle + half], 1)


def piece(bgr, kind, box):
    """As the service cuts it: means of areas where it shrinks, between neighbours where it enlarges."""
    view = VIEWS[kind]
    left, top, width, height = region(kind, box)
    scale = view['wide'] / width
    if scale < .7:
        by = scale * 1.2
        bgr = cv2.resize(bgr, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
        left, top, scale = left * by, top * by, scale / by
    matrix = np.float64([[scale, 0, -left * scale + scale / 2 - .5], [0, scale, -top * scale + scale / 2 - .5]])
    return cv2.warpAffine(bgr, matrix, (view['wide'], view['high']), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def blended(score, word, weight):
    """The weighted mean of the logarithms of both odds, as a share again."""
    def odds(share, surest):
        share = share.clip(1 - surest, surest)
        return np.log(share / (1 - share))
    return 1 / (1 + np.exp(-(1 - weight) * odds(score, .9999) - weight * odds(word, SUREST)))


def evaluate(kind, detector, refine, datasets, condition='plain', empty=()):
    """-> list of (score, p, is_quiet, found index or -1, size), and the sizes of all marked."""
    vehicles = json.loads(SEEN.read_text())['val']
    pictures = Pictures(datasets, 'val')
    rows, sizes, quiet, areas = [], [], 0, 0
    for index, info in enumerate(pictures.info):
        own = info['pack'] == ('plates' if kind == PLATE else 'faces')
        is_quiet = own and not info['boxes'] + info['ignore'] or kind == PLATE and not own and info['file'] not in vehicles
        if empty and is_quiet or not own and not is_quiet:
            continue
        quiet += is_quiet
        bgr = pictures.bgr(index)
        if own and info['boxes']:
            bgr = CONDITIONS[condition](bgr)
        found = detector(bgr)
        found = found[found[:, 4] >= LEAST_SCORE]
        p, moved = refine(bgr, found)
        marked = np.array(info['boxes'] if own else [], float).reshape(-1, 4)
        iou, better = overlaps(found, marked), overlaps(moved, marked)
        for k in range(len(found)):
            j = int(iou[k].argmax()) if len(marked) and iou[k].max() >= FOUND_IOU else -1
            rows.append((found[k, 4], p[k], is_quiet, len(sizes) + j if j >= 0 else -1, iou[k, j] if j >= 0 else 0, better[k, j] if j >= 0 else 0))
        sizes += [(b[3] - b[1]) if kind == FACE else b[2] - b[0] for b in marked]
    for picture in (p for folder in empty for p in fitted(folder)):
        quiet += 1
        found = detector(picture)
        found = found[found[:, 4] >= LEAST_SCORE]
        rows += [(s, p, True, -1, 0, 0) for s, p in zip(found[:, 4], refine(picture, found)[0])]
    return np.array(rows, float), np.array(sizes), quiet


def recalls(rows, values, sizes, quiet):
    best = np.zeros(len(sizes))
    hit = rows[:, 3] >= 0
    np.maximum.at(best, rows[hit, 3].astype(int), values[hit])
    cries = np.sort(values[rows[:, 2] > 0])[::-1]
    out = []
    for rate in CRIES:
        n = int(rate * quiet)
        threshold = cries[n] if n < len(cries) else 0
        out.append(((best > threshold).mean(), threshold))
    return best, out


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('kind', choices=KIND)
    arguments.add_argument('detector')
    arguments.add_argument('refine')
    arguments.add_argument('--view', choices=ABOUT, help='with which the refine network was trained; as that in use where absent')
    arguments.add_argument('--channels', default='rgb')
    arguments.add_argument('--empty', nargs='*', default=())
    arguments.add_argument('--condition', choices=CONDITIONS, default='plain')
    arguments.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    chosen = arguments.parse_args()
    kind = KIND[chosen.kind]
    if chosen.view:
        VIEWS[kind]['about'] = ABOUT[chosen.view][kind]
    rows, sizes, quiet = evaluate(kind, Model(chosen.detector, chosen.channels, column=kind if kind == PLATE else 0), Refine(chosen.refine, kind), chosen.datasets, chosen.condition, chosen.empty)
    print(len(sizes), 'marked', quiet, 'quiet pictures; mean IoU of what is found, before and after:', rows[rows[:, 3] >= 0][:, 4:].mean(0).round(3))
    s, p = rows[:, 0], rows[:, 1]
    print('boxes a picture'.ljust(14), *(f'{c:>14}' for c in CRIES))
    for name, values in {'detector': s, **{f'{w:.2f} refine': blended(s, p, w) for w in (.3, .5, .7, 1)}}.items():
        best, out = recalls(rows, values, sizes, quiet)
        print(name.ljust(14), *(f'{r:8.3f} ({t:.2f})' for r, t in out))
