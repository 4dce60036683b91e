"""The face network: depthwise-separable convolutions at strides 8, 16 and 32 with a light top-down path.

Every cell of the three grids answers with five numbers: a logit and one box.
Throughout, B is pictures, H and W are pixels (multiples of 32), and
A = HW/64 + HW/256 + HW/1024 is cells, ordered by stride, then row, then column.
"""
import torch
import torch.nn.functional as F
from torch import nn

STRIDES = (8, 16, 32)
FEATURES = 64


class Pointwise(nn.Conv2d):
    """A 1x1 convolution, [B, in, h, w] -> [B, out, h, w]."""

    def __init__(self, inputs, outputs, bias=False):
        super().__init__(inputs, outputs, 1, bias=bias)

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        # On a CPU, training is faster when this is a matrix product over channels-last memory.
        return F.linear(x.permute(0, 2, 3, 1), self.weight[:, :, 0, 0], self.bias).permute(0, 3, 1, 2)


class Separable(nn.Module):
    """Depthwise, pointwise, batch norm and ReLU; adds its input where the shapes allow."""

    def __init__(self, inputs, outputs, stride=1, kernel=3, residual=True):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, kernel, stride, kernel // 2, groups=inputs, bias=False)
        self.pointwise = Pointwise(inputs, outputs)
        self.norm = nn.BatchNorm2d(outputs, momentum=.03)
        self.residual = residual and stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.norm(self.pointwise(self.depthwise(x)))
        return F.relu(y + x if self.residual else y)


def stage(inputs, outputs, repeats, kernel=3):
    """Halve the grid, then `repeats` residual blocks."""
    blocks = [Separable(outputs, outputs, kernel=kernel) for _ in range(repeats)]
    return nn.Sequential(Separable(inputs, outputs, stride=2), *blocks)


class FaceNet(nn.Module):
    """96 thousand parameters."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.to4 = stage(16, 32, 1)
        self.to8 = stage(32, 64, 2)
        self.to16 = stage(64, 64, 3)
        self.to32 = stage(64, 96, 2, kernel=5)
        self.lateral8 = Separable(64, FEATURES, residual=False)
        self.lateral16 = Separable(64, FEATURES, residual=False)
        self.lateral32 = Separable(96, FEATURES)
        self.head = nn.ModuleList(Separable(FEATURES, FEATURES) for _ in STRIDES)
        self.out = nn.ModuleList(Pointwise(FEATURES, 5, bias=True) for _ in STRIDES)
        self.apply(initialise)
        for layer in self.out:
            nn.init.normal_(layer.weight, std=.01)
            layer.bias.data = torch.tensor([-4, .5, .5, .8, .8])

    def forward(self, x):
        """RGB 0..255 [B, 3, H, W] -> cells [B, A, 5] (logit, dx, dy, log w, log h in strides) and features [B, n, 64] a stride."""
        x = self.to4(F.relu(self.stem((x - 127.5) / 64)))
        c8 = self.to8(x)
        c16 = self.to16(c8)
        p32 = self.lateral32(self.to32(c16))
        p16 = self.lateral16(c16 + F.interpolate(p32, scale_factor=2.))
        p8 = self.lateral8(c8 + F.interpolate(p16, scale_factor=2.))
        maps = [head(p) for head, p in zip(self.head, (p8, p16, p32))]
        cells = torch.cat([flat(out(m)) for out, m in zip(self.out, maps)], 1)
        return cells, [flat(m) for m in maps]


class Detector(nn.Module):
    """What is exported: pictures in, scores 0..1 [B, A, 1] and boxes [B, A, 4] (x1, y1, x2, y2 in input pixels) out."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        cells, _ = self.net(x)
        corner = grid(x.shape[2], x.shape[3])
        return cells[..., :1].sigmoid(), boxes(cells[..., 1:], corner)


def flat(x):
    """[B, C, h, w] -> [B, hw, C]"""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def grid(height, width):
    """[A, 3]: column, row and stride (pixels) of every cell."""
    rows = []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing='ij')
        rows.append(torch.stack([x.flatten(), y.flatten(), torch.full_like(x.flatten(), stride)], 1))
    return torch.cat(rows) * 1.


def boxes(offsets, cells):
    """Offsets [..., 4] in strides at `cells` [..., 3] -> x1, y1, x2, y2 in pixels."""
    centre = (cells[..., :2] + offsets[..., :2]) * cells[..., 2:]
    half = offsets[..., 2:].clamp(max=5).exp() * cells[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)


def initialise(module):
    if isinstance(module, nn.Conv2d):
        if module.groups > 1:
            nn.init.normal_(module.weight, std=1 / module.kernel_size[0])
        else:
            nn.init.kaiming_normal_(module.weight, nonlinearity='relu')
        if module.bias is not None:
            nn.init.zeros_(module.bias)
