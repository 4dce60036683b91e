"""Checkpoint -> ONNX: `python export.py CHECKPOINT OUT.onnx`. The averaged weights, opset 17, any batch and any sides of 32 n.

input `input` float RGB 0..255 [B, 3, H, W]; outputs `scores` [B, A, 1] (plates: [B, A, 2]) and `boxes` [B, A, 4] in input pixels, before NMS.
"""
import hashlib
import sys
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


if __name__ == '__main__':
    checkpoint = torch.load(sys.argv[1], map_location='cpu', weights_only=True)
    weights = checkpoint['average']
    net, detector = (FaceNet(), Detector) if weights.keys() == FaceNet().state_dict().keys() else (PlateNet(), PlateDetector)
    net.load_state_dict(weights)
    print(export(detector(net), sys.argv[2]), 'crops seen:', checkpoint['seen'])
