"""What the plate network is told, from marked boxes: which cells answer for which object, and nothing where nobody knows.

A cell may answer for an object that holds its middle and is of its stride's size. Of those, the ones whose own answer
is already best (score times IoU^4, near the middle) are made responsible: about as many as the sum of their IoUs.
Shapes: B pictures, A cells, G marked boxes, I ignored regions (both padded), 2 kinds.
"""
import torch
import torch.nn.functional as F

# Sizes (square root of the area, pixels) that each stride answers for; they overlap.
SIZES_PX = {8: (0, 56), 16: (28, 112), 32: (72, 1e9)}
MOST_CELLS = 9
LEAST_CELLS = 2
BOX_WEIGHT = 2.
# An empty cell weighs .75 p^2: nothing where the network is calm, much where it cries wolf.
EMPTY_WEIGHT = .75


def losses(logits, boxes, cells, marked, kinds, ignored, ignored_kinds):
    """logits [B, A, 2], boxes [B, A, 4], cells [A, 3]; marked [B, G, 4] with kinds [B, G] (-1 pads);
    ignored [B, I, 4] with ignored_kinds [B, I, 2] (1: no cell in it is called empty of that kind).
    -> score and box loss, and the mean IoU for the log."""
    wanted, owner = responsible(logits.detach().sigmoid(), boxes.detach(), cells, marked, kinds)
    p = logits.detach().sigmoid()
    known = 1 - inside(cells, ignored, ignored_kinds) * (wanted <= 0)
    weight = torch.where(wanted > 0, (wanted - p).abs() + .25, EMPTY_WEIGHT * p ** 2) * known
    total = wanted.sum().clamp(min=4)
    score = (F.binary_cross_entropy_with_logits(logits, wanted, reduction='none') * weight).sum() / total
    picture, cell = (wanted.amax(2) > 0).nonzero(as_tuple=True)
    quality = wanted[picture, cell].sum(1)
    iou, distance = apart(boxes[picture, cell], marked[picture, owner[picture, cell]])
    return score, BOX_WEIGHT * (distance * quality).sum() / total, (iou.detach() * quality).sum() / quality.sum().clamp(min=1e-6)


@torch.no_grad()
def responsible(scores, boxes, cells, marked, kinds):
    """-> wanted scores [B, A, 2] and, for each cell, the index [B, A] of its object."""
    size = (marked[..., 2:] - marked[..., :2]).clamp(min=1)
    middle = (marked[..., :2] + marked[..., 2:]) / 2
    stride = cells[:, 2]
    low, high = (sum((stride == s) * limits[i] for s, limits in SIZES_PX.items()) for i in (0, 1))
    reach = torch.maximum(size[:, :, None] / 2, .95 * stride[:, None])
    off = (cells[:, :2] - middle[:, :, None]).abs() / reach
    side = size.prod(2).sqrt()[..., None]
    may = (off < 1).all(3) & (side >= low) & (side < high) & (kinds >= 0)[..., None]
    iou, _ = apart(boxes[:, None], marked[:, :, None])
    own = scores.transpose(1, 2).gather(1, kinds.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1]))
    merit = own * iou.clamp(min=1e-3) ** 4 * torch.exp(-(off ** 2).sum(3)) * may
    best, at = merit.topk(MOST_CELLS, 2)
    many = (iou * may).topk(MOST_CELLS, 2)[0].sum(2, keepdim=True).round().clamp(LEAST_CELLS, MOST_CELLS)
    chosen = torch.zeros_like(may).scatter_(2, at, (torch.arange(MOST_CELLS) < many) & (best > 0))
    held, owner = (merit * chosen).max(1)
    chosen &= torch.arange(marked.shape[1])[:, None] == owner[:, None]
    # The best cell of an object is asked for .6 + .4 IoU: the plain IoU of small objects would bury them.
    relative = (merit * chosen / (merit * chosen).amax(2, keepdim=True).clamp(min=1e-12)).sqrt()
    quality = (relative * (.6 + .4 * (iou * chosen).amax(2, keepdim=True)) * chosen).amax(1)
    quality = torch.where(held > 0, quality.clamp(min=.05), 0.)
    kind = F.one_hot(kinds.clamp(min=0).gather(1, owner), 2)
    return quality[..., None] * kind, owner


def inside(cells, regions, kinds):
    """[B, A, 2]: 1 where a cell's middle lies in a region of that kind, a quarter of a cell of margin included."""
    margin = .25 * cells[:, 2]
    x, y = cells[:, 0], cells[:, 1]
    x1, y1, x2, y2 = (v[..., None] for v in regions.unbind(2))
    within = (x > x1 - margin) & (x < x2 + margin) & (y > y1 - margin) & (y < y2 + margin)
    return (within[..., None] * kinds[:, :, None]).amax(1)


def apart(a, b):
    """[..., 4] boxes -> IoU, and 1 - IoU plus how far centre, width and height are off relative to the hull (EIoU)."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])) ** 2 + 1e-7
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    shared = (high - low).clamp(min=0).prod(-1)
    iou = shared / (size_a.prod(-1) + size_b.prod(-1) - shared + 1e-7)
    centre = ((a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) ** 2).sum(-1) / 4 / hull.sum(-1)
    return iou, 1 - iou + centre + ((size_a - size_b) ** 2 / hull).sum(-1)
