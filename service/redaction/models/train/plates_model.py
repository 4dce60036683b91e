"""The plate network: the blocks of `model.py`, wider, with a score for faces and one for plates in every cell.

As there, B is pictures, H and W are pixels (multiples of 32) and A = HW/64 + HW/256 + HW/1024 is cells.
A cell answers with two logits (`FACE`, `PLATE`) and one box.
"""
import torch
import torch.nn.functional as F
from torch import nn

from model import FEATURES, STRIDES, Pointwise, Separable, flat, initialise, stage

FACE, PLATE = 0, 1
# Few cells hold anything: the first guess is one in a hundred.
RARE = -4.6


def joined(inputs, outputs, kernel=1, stride=1):
    """Convolution, batch norm and ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False) if kernel > 1 else Pointwise(inputs, outputs)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs, momentum=.03), nn.ReLU())


class PlateNet(nn.Module):
    """226 thousand parameters."""

    def __init__(self):
        super().__init__()
        self.to4 = nn.Sequential(joined(3, 16, 3, 2), joined(16, 32, 3, 2), Separable(32, 32))
        self.to8 = stage(32, 64, 3)
        self.to16 = stage(64, 128, 4)
        self.to32 = stage(128, 128, 2, kernel=5)
        self.lateral8, self.lateral16, self.lateral32 = (joined(n, FEATURES) for n in (64, 128, 128))
        self.merge8, self.merge16, self.merge32 = (Separable(FEATURES, FEATURES) for _ in STRIDES)
        self.look = nn.ModuleList(Separable(FEATURES, FEATURES) for _ in STRIDES)
        self.place = nn.ModuleList(Separable(FEATURES, FEATURES) for _ in STRIDES)
        self.score = nn.ModuleList(Pointwise(FEATURES, 2, bias=True) for _ in STRIDES)
        self.box = nn.ModuleList(Pointwise(FEATURES, 4, bias=True) for _ in STRIDES)
        self.apply(initialise)
        for score, box in zip(self.score, self.box):
            nn.init.normal_(score.weight, std=.01)
            nn.init.constant_(score.bias, RARE)
            nn.init.normal_(box.weight, std=.01)
            box.bias.data[2:] = .7

    def forward(self, x):
        """RGB 0..255 [B, 3, H, W] -> logits [B, A, 2] and boxes [B, A, 4] (x1, y1, x2, y2 in input pixels)."""
        height, width = x.shape[2:]
        c8 = self.to8(self.to4((x - 127.5) / 64))
        c16 = self.to16(c8)
        l32 = self.lateral32(self.to32(c16))
        p16 = self.merge16(self.lateral16(c16) + F.interpolate(l32, scale_factor=2.))
        p8 = self.merge8(self.lateral8(c8) + F.interpolate(p16, scale_factor=2.))
        maps = p8, p16, self.merge32(l32)
        logits = torch.cat([flat(score(look(m))) for score, look, m in zip(self.score, self.look, maps)], 1)
        offsets = torch.cat([flat(box(place(m))) for box, place, m in zip(self.box, self.place, maps)], 1)
        return logits, boxes(offsets, points(height, width))


class PlateDetector(nn.Module):
    """What is exported: pictures in, scores 0..1 [B, A, 2] and boxes [B, A, 4] out."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        logits, corners = self.net(x)
        return logits.sigmoid(), corners


def points(height, width):
    """[A, 3]: the middle of every cell (pixels) and its stride."""
    rows = []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing='ij')
        rows.append(torch.stack([(x.flatten() + .5) * stride, (y.flatten() + .5) * stride, torch.full_like(x.flatten(), stride)], 1))
    return torch.cat(rows)


def boxes(offsets, cells):
    """Offsets [..., 4] in strides from `cells` [..., 3] -> x1, y1, x2, y2 in pixels."""
    centre = cells[..., :2] + offsets[..., :2] * cells[..., 2:]
    half = offsets[..., 2:].clamp(-4, 4).exp() * cells[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)
