"""Validation: `python evaluate.py MODEL.onnx ...` prints a table a model over the face pack's `val` pictures.

AP50, the mean IoU of what is found, and at 0.1 false boxes a picture the score needed and the recall by face height.
Most validation boxes were made by a teacher of the same family, so the numbers compare
models with one another; the column `human` counts the faces that a person marked.
"""
import argparse
import math
import os

import cv2
import numpy as np
import onnxruntime

from conditions import CONDITIONS
from data import Pictures
from teacher import single_thread

HEIGHTS_PX = ((0, 12), (12, 24), (24, 48), (48, 96), (96, 1e9))
FALSE_PER_PICTURE = .1
LOWEST_SCORE = .02


class Model:
    """One column of an exported detector: BGR picture of any size -> boxes [N, 5] (x1, y1, x2, y2, score), best first."""

    def __init__(self, path, channels='rgb', column=0):
        self.column = column
        self.session = onnxruntime.InferenceSession(path, single_thread(), ['CPUExecutionProvider'])
        self.order = slice(None, None, -1) if channels == 'rgb' else slice(None)

    def __call__(self, bgr):
        height, width = bgr.shape[:2]
        padded = cv2.copyMakeBorder(bgr, 0, -height % 32, 0, -width % 32, cv2.BORDER_CONSTANT)
        x = np.ascontiguousarray(padded[:, :, self.order].transpose(2, 0, 1)[None], dtype=np.float32)
        scores, boxes = self.session.run(None, {'input': x})
        scores = scores[..., self.column:self.column + 1]
        found = scores[0, :, 0] > LOWEST_SCORE
        return suppressed(np.concatenate([boxes[0, found], scores[0, found]], 1))


def suppressed(boxes, limit=.45, most=400):
    """Greedy non-maximum suppression."""
    boxes = boxes[boxes[:, 4].argsort()[::-1][:most]]
    kept = []
    alive = np.ones(len(boxes), bool)
    for i in range(len(boxes)):
        if alive[i]:
            kept.append(i)
            alive &= overlaps(boxes[i:i + 1], boxes)[0] < limit
    return boxes[kept]


def overlaps(a, b, of_a=False):
    """[N, 4+], [M, 4+] -> IoU [N, M], or the share of a that b covers."""
    size = np.minimum(a[:, None, 2:4], b[None, :, 2:4]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = size.clip(0).prod(2)
    area_a, area_b = ((z[:, 2] - z[:, 0]) * (z[:, 3] - z[:, 1]) for z in (a, b))
    return shared / np.maximum(area_a[:, None] if of_a else area_a[:, None] + area_b[None] - shared, 1e-6)


def compare(found, info):
    """One picture. -> rows (score, hit) of the boxes that count, and (best score or 0, IoU, height, human, width) a marked face or plate."""
    marked, ignored = (np.array(info[k], float).reshape(-1, 4) for k in ('boxes', 'ignore'))
    iou = overlaps(found, marked)
    excused = (overlaps(found, ignored, of_a=True) >= .5).any(1) | (iou >= .5).any(1)
    rows, best, quality = [], np.zeros(len(marked)), np.zeros(len(marked))
    for k, box in enumerate(found):
        free = np.where(best > 0, 0, iou[k])
        if free.size and free.max() >= .5:
            j = free.argmax()
            best[j], quality[j] = box[4], free[j]
            rows.append((box[4], 1))
        elif not excused[k]:
            rows.append((box[4], 0))
    human = [source.startswith('h') for source in info.get('box_src', ['h'] * len(marked))]
    return rows, list(zip(best, quality, marked[:, 3] - marked[:, 1], human, marked[:, 2] - marked[:, 0]))


def evaluate(model, pictures, condition='plain'):
    """-> {name: number} in the order of the table."""
    worse = CONDITIONS[condition]
    rows, faces = [], []
    for index, info in enumerate(pictures.info):
        more_rows, more_faces = compare(model(worse(pictures.bgr(index))), info)
        rows += more_rows
        faces += more_faces
    best, quality, height, human, _ = np.array(faces).T
    result, score = summary(rows, best, quality, len(pictures))
    for low, high in HEIGHTS_PX:
        result[f'{low}-{high}px' if high < 1e9 else f'{low}px+'] = float((best >= score)[(height >= low) & (height < high)].mean())
    return result | {'human': float((best >= score)[human > 0].mean()) if human.any() else math.nan}


def summary(rows, best, quality, pictures):
    """-> AP50, mean IoU, and at `FALSE_PER_PICTURE` the score needed and the recall, and that score again. `rows` as `compare` gives them."""
    rows = np.array(sorted(rows, reverse=True)).reshape(-1, 2)
    hits, wrong = rows[:, 1].cumsum(), (1 - rows[:, 1]).cumsum()
    precision = np.maximum.accumulate((hits / (hits + wrong))[::-1])[::-1]
    allowed = np.searchsorted(wrong, FALSE_PER_PICTURE * pictures + .5)
    score = float(rows[min(allowed, len(rows) - 1), 0])
    return {'AP50': float(np.trapezoid(precision, hits / len(best))), 'IoU': float(quality[best > 0].mean()),
            'score': score, 'recall': float((best >= score).mean())}, score


def table(results):
    """{model: evaluation} -> text"""
    names = list(next(iter(results.values())))
    lines = [' ' * 24 + ''.join(f'{n:>9}' for n in names)]
    return '\n'.join(lines + [f'{model[-23:]:24}' + ''.join(f'{r[n]:9.3f}' for n in names) for model, r in results.items()])


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('models', nargs='+')
    arguments.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    arguments.add_argument('--channels', choices=('rgb', 'bgr'), default='rgb')
    arguments.add_argument('--tiers', default='ABC')
    arguments.add_argument('--condition', choices=CONDITIONS, default='plain')
    chosen = arguments.parse_args()
    val = Pictures(chosen.datasets, 'val', packs=('faces',), tiers=chosen.tiers)
    print(table({path: evaluate(Model(path, chosen.channels), val, chosen.condition) for path in chosen.models}))
