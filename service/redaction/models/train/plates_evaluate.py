"""Validation of the plate column: `python plates_evaluate.py MODEL.onnx ... [--empty FOLDER ...]`.

A row a model over the plate pack's `val` pictures: AP50, the mean IoU, at 0.1 false boxes a picture the score needed and the recall by
plate width. Then what a scan at fixed scores would do: the recall at .45 and .25, and the boxes a picture at those scores where no plate
is (`quiet`: the packs' val pictures without plates). `--empty` names folders of further pictures without any plate, a row each.
`--times` multiplies the scores, as `scorePerMille` does in the service.
"""
import argparse
import json
import os
from pathlib import Path

import cv2
import numpy as np

from conditions import CONDITIONS
from data import Pictures
from evaluate import Model, compare, summary, table
from plates_mine import SEEN
from plates_model import PLATE

WIDTHS_PX = ((0, 24), (24, 40), (40, 80), (80, 1e9))
WORKING = (.45, .25)
LONG_SIDE_PX = 640


def evaluate(path, datasets, rights=('clear', 'mixed', 'weak'), times=1., condition='plain'):
    """-> {name: number} in the order of the table."""
    model, rows, plates, pictures = Model(path, column=PLATE), [], [], Pictures(datasets, 'val', packs=('plates',), rights=rights)
    for index, info in enumerate(pictures.info):
        more_rows, more_plates = compare(model(CONDITIONS[condition](pictures.bgr(index))), info)
        rows += more_rows
        plates += more_plates
    best, quality, _, _, width = np.array(plates).T
    result, score = summary(rows, best, quality, len(pictures))
    for low, high in WIDTHS_PX:
        result[f'{low}-{high}px' if high < 1e9 else f'{low}px+'] = float((best >= score)[(width >= low) & (width < high)].mean())
    for level in WORKING:
        result[f'rec {level}'] = float((best * times >= level).mean())
    return result | cries(model, quiet(datasets), times)


def quiet(datasets):
    """The val pictures in which there is no plate."""
    vehicles = json.loads(SEEN.read_text())['val']
    pictures = Pictures(datasets, 'val')
    for index, info in enumerate(pictures.info):
        marked = info['boxes'] + info['ignore'] if info['pack'] == 'plates' else []
        if not marked and info['file'] not in vehicles:
            yield pictures.bgr(index)


def cries(model, pictures, times=1.):
    """How many boxes a picture there are at the working scores."""
    scores = [model(picture)[:, 4] * times for picture in pictures]
    return {f'cry {level}': float(np.mean([(s >= level).sum() for s in scores])) for level in WORKING}


def fitted(folder):
    """All pictures of a folder, as large as a scan sees them."""
    for path in sorted(Path(folder).iterdir()):
        picture = cv2.imread(str(path))
        scale = LONG_SIDE_PX / max(picture.shape[:2])
        yield cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('models', nargs='+')
    arguments.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    arguments.add_argument('--rights', nargs='+', default=('clear', 'mixed', 'weak'))
    arguments.add_argument('--empty', nargs='*', default=())
    arguments.add_argument('--times', type=float, default=1)
    arguments.add_argument('--condition', choices=CONDITIONS, default='plain', help='spoils the pictures with plates')
    chosen = arguments.parse_args()
    print(table({path: evaluate(path, chosen.datasets, chosen.rights, chosen.times, chosen.condition) for path in chosen.models}))
    for path in chosen.models if chosen.empty else ():
        print(f'\n{path}\n' + table({folder: cries(Model(path, column=PLATE), fitted(folder), chosen.times) for folder in chosen.empty}))
