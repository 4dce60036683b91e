"""The refine networks: small, and shown one finding at a time, from the finest picture at hand. Is it one, and where exactly?

A dense network must answer for every cell of the picture at once; this one spends as much on a single box as that one on a thousand cells.
"""
import torch
import torch.nn.functional as F
from torch import nn

from model import Separable, initialise, stage


class RefineNet(nn.Module):
    """117 thousand parameters for faces, 123 for plates. `wide` and `high` are multiples of 16."""

    def __init__(self, wide, high):
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 3, 2, 1)
        self.body = nn.Sequential(stage(24, 48, 1), stage(48, 96, 2), stage(96, 128, 1))
        self.squeeze = Separable(128, 32, residual=False)
        self.mix = nn.Linear(32 * (wide // 16) * (high // 16), 96)
        self.out = nn.Linear(96, 5)
        self.apply(initialise)
        nn.init.normal_(self.out.weight, std=.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        """RGB 0..255 [B, 3, high, wide] -> [B, 5]: a logit; how far the thing's middle lies from the box's, in box widths and heights; the
        logarithms of its width and height over the box's."""
        x = F.relu(self.stem((x - 127.5) / 64))
        return self.out(F.relu(self.mix(self.squeeze(self.body(x)).flatten(1))))


class Refiner(nn.Module):
    """What is exported: pieces [B, 3, high, wide] in, `scores` 0..1 [B] and `offsets` [B, 4] out."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        out = self.net(x)
        return out[:, 0].sigmoid(), out[:, 1:].clamp(-.6, .6)
