"""Checkpoint -> ONNX: `python export.py CHECKPOINT OUT.onnx`. The averaged weights, opset 17, any batch and any sides of 32 n.

input `input` float RGB 0..255 [B, 3, H, W]; outputs `scores` [B, A, 1] and `boxes` [B, A, 4] in input pixels, before NMS.
"""
import hashlib
import sys
from pathlib import Path

import torch

from model import Detector, FaceNet


def export(weights, path):
    """Write the detector with these weights and return the file's SHA-256."""
    net = FaceNet()
    net.load_state_dict(weights)
    axes = dict(input={0: 'b', 2: 'h', 3: 'w'}, scores={0: 'b', 1: 'a'}, boxes={0: 'b', 1: 'a'})
    torch.onnx.export(
        Detector(net).eval(), (torch.zeros(1, 3, 352, 640),), path, opset_version=17, dynamo=False,
        input_names=['input'], output_names=['scores', 'boxes'], dynamic_axes=axes)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


if __name__ == '__main__':
    checkpoint = torch.load(sys.argv[1], map_location='cpu', weights_only=True)
    print(export(checkpoint['average'], sys.argv[2]), 'crops seen:', checkpoint['seen'])
