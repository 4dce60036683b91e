"""The two refine networks for faces as one: `python refine_join.py refine-faces-wide.pt refine-faces-near.pt ../faces-refine.onnx`.

With `--mean plate BEFORE.pt AFTER.pt OUT.pt OUT.onnx` the mean of two files of weights of one network instead.
"""
import hashlib
import sys
from pathlib import Path

import torch

from refine_data import FACE, NEAR_ABOUT, VIEWS
from refine_model import SHAPES, Joined, RefineNet
from refine_train import KIND, export


def loaded(weights, kind, shape):
    net = RefineNet(VIEWS[kind]['wide'], VIEWS[kind]['high'], **SHAPES[shape])
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
        name, before, after, weights, out = sys.argv[2:]
        kind, made = KIND[name], mean(read(before), read(after))
        torch.save(made, weights)
        net = loaded(made, kind, name)
    else:
        wide, near, out = sys.argv[1:]
        kind, view = FACE, VIEWS[FACE]
        net = Joined(loaded(read(wide), kind, 'face'), loaded(read(near), kind, 'near face'), view['wide'], NEAR_ABOUT / view['about'])
    export(net, kind, Path(out))
    print(hashlib.sha256(Path(out).read_bytes()).hexdigest(), out)
