"""What the network is told: the teacher's scores, its boxes where it is fairly sure, and a hint of its features.

N cells of B crops are taken together; t is the teacher's score of a cell, 0..1.
"""
import torch
import torch.nn.functional as F
from torch import nn

from model import FEATURES, STRIDES, boxes

BOX_WEIGHT = 2.5
SURE = .1
# Faces below 32 px count for more, up to 2.5 times at 13 px and less.
SMALL_PX, SMALL_MOST = 32, 2.5


class Hints(nn.Module):
    """Linear maps from the network's features to the teacher's, one a stride; thrown away after training."""

    def __init__(self):
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(FEATURES, FEATURES) for _ in STRIDES)

    def forward(self, features):
        """Three of [B, n, 64] -> [B, A, 64]"""
        return torch.cat([m(f) for m, f in zip(self.maps, features)], 1)


def losses(cells, hints, t, offsets, features, grid):
    """Network's cells [B, A, 5] and hints [B, A, 64]; teacher's t [B, A], offsets [B, A, 4] (strides) and features
    [B, A, 64] (standard deviations); grid [A, 3]. -> score, box and hint loss, and the mean IoU for the log."""
    sure = t > SURE
    height_px = offsets[..., 3].clamp(-4, 4).exp() * grid[:, 2]
    emphasis = torch.where(sure, (SMALL_PX / height_px).clamp(1, SMALL_MOST), 1.)
    weight = t * emphasis

    error = (cells[..., 0].detach().sigmoid() - t).abs()
    score = F.binary_cross_entropy_with_logits(cells[..., 0], t, reduction='none') * (error + .3 * t + .01) * emphasis
    score = score.sum() / weight[t > .05].sum().clamp(min=8)

    near = F.smooth_l1_loss(cells[..., 1:][sure], offsets[sure], beta=.1, reduction='none').sum(1)
    iou, giou = overlap(cells[..., 1:][sure], offsets[sure], grid.expand(len(t), -1, -1)[sure])
    total = weight[sure].sum().clamp(min=8)
    box = ((1 - giou + .5 * near) * weight[sure]).sum() / total

    hint = (((hints - features) ** 2).mean(2) * (.5 + 3 * t)).mean()
    return score, BOX_WEIGHT * box, hint, (iou.detach() * weight[sure]).sum() / total


def overlap(offsets, others, cells):
    """IoU and generalised IoU of box pairs given as offsets [M, 4] at the same `cells` [M, 3]."""
    a, b = boxes(offsets.clamp(min=-4), cells), boxes(others.clamp(min=-4), cells)
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    shared = (low[:, 2:] - high[:, :2]).clamp(min=0).prod(1)
    hull = (high[:, 2:] - low[:, :2]).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    iou = shared / union.clamp(min=1e-6)
    return iou, iou - (hull - union) / hull.clamp(min=1e-6)
