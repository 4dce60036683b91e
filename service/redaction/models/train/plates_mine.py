"""Look through the train pictures with a network that we have: `python plates_mine.py plates.onnx OUT.json`.

Where it fires and nothing is marked, it either cries wolf or has found a plate that nobody marked. Packs whose pictures
are known to hold unmarked plates, and pictures in which somebody saw one (`plates_seen.json`), are given the benefit of the
doubt: `unmarked` (no loss there). All the rest are `cries`, shown more often than chance would.
"""
import argparse
import json
import os
from pathlib import Path

import numpy as np

from data import Pictures
from evaluate import Model, overlaps
from plates_data import VEHICLES
from plates_model import PLATE

# SOURCES.md of the plate pack: in these only the near plates are marked.
INCOMPLETE = ('romanian-lp', 'oid-plates', 'indo-alvin', 'kaggle433', 'experiment-plates', 'ev-plate')
LEAST_DOUBT = LEAST_CRY = .3
SEEN = Path(__file__).parent / 'plates_seen.json'


def unmatched(found, marked):
    """The boxes that do not belong to a marked one."""
    if not len(found) or not len(marked):
        return found
    belongs = np.maximum(overlaps(found, marked), .6 * overlaps(found, marked, of_a=True))
    return found[belongs.max(1) < .25]


def look(model, pictures, seen):
    """-> file -> {'unmarked' or 'cries': [[x1, y1, x2, y2]]}"""
    looked = {}
    for index, info in enumerate(pictures.info):
        of_plates = info['pack'] == 'plates'
        if info.get('set') in VEHICLES:
            continue
        marked = np.array(info['boxes'] + info['ignore'] if of_plates else [], float).reshape(-1, 4)
        found = unmatched(model(pictures.bgr(index)), marked)
        doubted = of_plates and info['source'] in INCOMPLETE or info['file'] in seen
        found = found[found[:, 4] >= (LEAST_DOUBT if doubted else LEAST_CRY)]
        if len(found):
            looked[info['file']] = {'unmarked' if doubted else 'cries': found[:, :4].round(1).tolist()}
    return looked


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('model')
    arguments.add_argument('out', type=Path)
    arguments.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    chosen = arguments.parse_args()
    result = look(Model(chosen.model, column=PLATE), Pictures(chosen.datasets, 'train'), json.loads(SEEN.read_text())['train'])
    chosen.out.write_text(json.dumps(result))
    for what in ('unmarked', 'cries'):
        print(what, sum(len(found.get(what, ())) for found in result.values()))
