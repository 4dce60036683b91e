"""The refine networks: small, and shown one finding at a time, from the finest picture at hand. Is it one, and where exactly?

A dense network must answer for every cell of the picture at once; this one spends as much on a single box as that one on a thousand cells.
"""
import torch
import torch.nn.functional as F
from torch import nn

from model import Separable, initialise, stage


SMALL = dict(channels=(24, 48, 96, 128), repeats=(1, 2, 1), squeezed=32, mixed=96)
LARGE = dict(channels=(32, 64, 128, 192), repeats=(2, 3, 2), squeezed=48, mixed=128)
# By how much of what is around a box they are shown (`ABOUT` in refine_data.py).
SHAPES = {'near': SMALL, 'wide': LARGE}


class RefineNet(nn.Module):
    """Wide 290 thousand parameters for faces and 302 for plates, near 117 and 123. `wide` and `high` are multiples of 16."""

    def __init__(self, wide, high, channels, repeats, squeezed, mixed):
        super().__init__()
        self.stem = nn.Conv2d(3, channels[0], 3, 2, 1)
        self.body = nn.Sequential(*map(stage, channels, channels[1:], repeats))
        self.squeeze = Separable(channels[-1], squeezed, residual=False)
        self.mix = nn.Linear(squeezed * (wide // 16) * (high // 16), mixed)
        self.out = nn.Linear(mixed, 5)
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


class Joined(nn.Module):
    """Two networks that answer as one: the second is shown the middle of what the first is shown, `share` of its sides at the same size. Their logits are
    averaged, the first one's where it is below `-doubt` as if it were that; where the thing lies is the first one's word."""

    def __init__(self, net, near, wide, high, share, doubt):
        super().__init__()
        self.net, self.near, self.doubt = net, near, doubt
        self.register_buffer('down', enlarging(high, share))
        self.register_buffer('across', enlarging(wide, share).t().contiguous())

    def forward(self, x):
        out = self.net(x)
        wide, near = out[:, :1].clamp(min=-self.doubt), self.near(self.down @ x @ self.across)[:, :1]
        return torch.cat([(wide + near) / 2, out[:, 1:]], 1)


def enlarging(side, share):
    """[side, side]: each row mixes two neighbours, so that the middle `share` of a side fills all of it. Bilinear sampling as a matrix."""
    at = side / 2 * (1 - share) + (torch.arange(side) + .5) * share - .5
    left = at.floor().long().clamp(0, side - 2)
    rows = torch.arange(side)
    sample = torch.zeros(side, side)
    sample[rows, left], sample[rows, left + 1] = 1 - (at - left), at - left
    return sample
