"""The two refine networks of a kind as one: `python refine_join.py face refine-faces-wide.pt refine-faces-near.pt ../faces-refine.onnx`.

With `--mean plate near BEFORE.pt AFTER.pt OUT.pt OUT.onnx` the mean of two files of weights of one network instead.
"""
import hashlib
import math
import sys
from pathlib import Path

import torch

from refine_data import ABOUT, FACE, PLATE, VIEWS
from refine_model import SHAPES, Joined, RefineNet
from refine_train import KIND, export

# How far the wide network's doubt goes, as a logit (README.md says what that closes and costs).
DOUBT = {FACE: math.inf, PLATE: 1.}


def loaded(weights, kind, view):
    net = RefineNet(VIEWS[kind]['wide'], VIEWS[kind]['high'], **SHAPES[view])
    net.load_state_dict(weights['average'])
    return net


def mean(before, after):
    averages = before['average'], after['average']
    both = {name: (value + averages[1][name]) / 2 if value.is_floating_point() else averages[1][name] for name, value in averages[0].items()}
    return dict(average=both, crops=after['crops'])


def read(path):
    return torch.load(path, weights_only=True)


if __name__ == '__main__':
    if sys.argv[1] == '--mean':
        name, view, before, after, weights, out = sys.argv[2:]
        kind, made = KIND[name], mean(read(before), read(after))
        torch.save(made, weights)
        net = loaded(made, kind, view)
    else:
        name, wide, near, out = sys.argv[1:]
        kind = KIND[name]
        shown = VIEWS[kind]
        net = Joined(loaded(read(wide), kind, 'wide'), loaded(read(near), kind, 'near'), shown['wide'], shown['high'], ABOUT['near'][kind] / ABOUT['wide'][kind], DOUBT[kind])
    export(net, kind, Path(out))
    print(hashlib.sha256(Path(out).read_bytes()).hexdigest(), out)
