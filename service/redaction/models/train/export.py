"""Checkpoint -> ONNX: `python export.py CHECKPOINT OUT.onnx [--blend INITIAL .3]`. The averaged weights, opset 17, any batch and any sides of 32 n.

input `input` float RGB 0..255 [B, 3, H, W]; outputs `scores` [B, A, 1] (plates: [B, A, 2]) and `boxes` [B, A, 4] in input pixels, before NMS.
"""
import argparse
import hashlib
from pathlib import Path

import torch

from model import Detector, FaceNet
from plates_model import PlateDetector, PlateNet


def export(detector, path):
    """Write a detector (`Detector` or `PlateDetector`) and return the file's SHA-256."""
    axes = dict(input={0: 'b', 2: 'h', 3: 'w'}, scores={0: 'b', 1: 'a'}, boxes={0: 'b', 1: 'a'})
    torch.onnx.export(
        detector.eval(), (torch.zeros(1, 3, 352, 640),), path, opset_version=17, dynamo=False,
        input_names=['input'], output_names=['scores', 'boxes'], dynamic_axes=axes)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def blended(weights, others, share):
    """Between two sets of weights: `share` of the others. After a short fine-tuning the blend keeps more of what was known before."""
    return {name: w.lerp(others[name], share) if w.is_floating_point() else w for name, w in weights.items()}


if __name__ == '__main__':
    arguments = argparse.ArgumentParser()
    arguments.add_argument('checkpoint')
    arguments.add_argument('out')
    arguments.add_argument('--blend', nargs=2, metavar=('INITIAL', 'SHARE'), help='the weights that the run began with, and how much of them to keep')
    chosen = arguments.parse_args()
    checkpoint = torch.load(chosen.checkpoint, map_location='cpu', weights_only=True)
    weights = checkpoint['average']
    if chosen.blend:
        weights = blended(weights, torch.load(chosen.blend[0], map_location='cpu', weights_only=True)['net'], float(chosen.blend[1]))
    net, detector = (FaceNet(), Detector) if weights.keys() == FaceNet().state_dict().keys() else (PlateNet(), PlateDetector)
    net.load_state_dict(weights)
    print(export(detector(net), chosen.out), 'crops seen:', checkpoint['seen'])
