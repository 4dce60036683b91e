"""Training of a refine network: `python refine_train.py plate --view near --out FOLDER --bank train0.npz train1.npz hard.npz --fonts /usr/share/fonts --minutes 40`.

Half of what it is shown are marked things with the box moved, stretched and blown up as a detector would; the other half is what the detectors
took for one. What it gets wrong it is shown more often. One process with one thread, or several that share the cuttings (each reads the files for itself), started by `torchrun --nproc-per-node N`.
"""
import argparse
import copy
import math
import random
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from damage import damaged
from data import log_uniform
from plates_drawn import Drawing, pasted, slanted
from refine_data import ABOUT, FACE, PLATE, VIEWS, region, room
from refine_model import SHAPES, RefineNet, Refiner
from run import averaged, join

KIND = {'face': FACE, 'plate': PLATE}
# How wide a plate or how high a face may be when it is shown, in pixels before it is scaled for the network.
NATIVE_PX = {FACE: (7, 90), PLATE: (11, 110)}
# Jittered boxes that overlap less are shown to nobody.
LEAST_IOU = .4
AVERAGE_KEEPS = .9985
# Degrees. A fisheye lens turns a plate near its border nearly upright.
MOST_LEAN = {FACE: 32, PLATE: 60}
# How often a leaning plate is also seen from the side, how wide it is then beside what it would be, and how far its lines rise or fall (standard deviation, beside their length).
ASIDE, NARROW, RISE = .5, (.45, 1), .25
DOUBTED_LOSS = 2.
# How often a thing is shown as the frame's border cuts it, and how much of it is left then. Plates gained nothing by it (README.md).
CUT_OFF, LEFT_OVER = {FACE: .15, PLATE: 0.}, (.4, .9)
# How often a box stands beside a thing, and is called none. Beside a face is often another.
BESIDE = {FACE: 0., PLATE: .08}


class Bank:
    """Cuttings of one kind from the files that `refine_data.py` wrote; every `ranks`-th of them."""

    def __init__(self, paths, kind, rank=0, ranks=1):
        self.kind, self.pieces, self.boxes, self.right, self.spoilt = kind, [], [], [], []
        for path in paths:
            file = np.load(path)
            pixels, starts, sizes, right = (file[name] for name in ('pixels', 'starts', 'sizes', 'right'))
            spoilt = 'spoilt' in file
            for i in np.flatnonzero(file['kinds'] == kind)[rank::ranks]:
                high, wide, w, h = sizes[i]
                piece = pixels[starts[i]:starts[i + 1]].reshape(int(high), int(wide), 3).copy()
                scale = wide / room(w, h)[0]
                self.pieces.append(piece)
                self.boxes.append((w * scale, h * scale))
                self.right.append(right[i])
                self.spoilt.append(spoilt)
        self.right = np.array(self.right)

    def __len__(self):
        return len(self.pieces)


class Shown:
    """Endless batches of what the network is shown."""

    def __init__(self, bank, seed, drawing):
        self.bank, self.random, self.numpy = bank, random.Random(seed), np.random.default_rng(seed)
        self.marked, self.wrong = (np.flatnonzero(bank.right == r) for r in (1, 0))
        self.loss = np.full(len(bank), .5, np.float32)
        self.plates = [drawing.plate() for _ in range(1500)] if drawing else []
        self.decoys = [drawing.decoy() for _ in range(1500)] if drawing else []
        self.clocks = [drawing.clock() for _ in range(400)] if drawing else []

    def batch(self, count):
        """RGB uint8 [n, 3, high, wide], right [n], offsets [n, 4], rows [n] of the bank (-1: drawn)."""
        half = count // 2
        rows = [self.pick(self.marked) for _ in range(half)] + [self.pick(self.wrong) for _ in range(count - half)]
        shown = [self.one(row) for row in rows]
        pieces, right, offsets, rows = zip(*shown)
        rgb = torch.from_numpy(np.stack(pieces)[..., ::-1].copy()).permute(0, 3, 1, 2)
        return rgb, torch.tensor(right, dtype=torch.float32), torch.tensor(np.array(offsets), dtype=torch.float32), np.array(rows)

    def pick(self, rows):
        """The worst of a few, half of the time. What is none, and is believed again and again, may be one that nobody marked: it is not sought out."""
        if self.random.random() < .5:
            return rows[self.random.randrange(len(rows))]
        some = rows[self.numpy.integers(0, len(rows), 4)]
        doubted = (self.bank.right[some] == 0) & (self.loss[some] > DOUBTED_LOSS)
        return some[np.where(doubted, 0, self.loss[some]).argmax()]

    def one(self, row):
        r, bank = self.random, self.bank
        right, (w, h) = int(bank.right[row]), bank.boxes[row]
        piece = bank.pieces[row]
        drawn = False
        if self.plates and r.random() < .2:
            drawn, right, piece, (w, h) = True, *self.draw(piece, right, w, h)
        middle = piece.shape[1] / 2, piece.shape[0] / 2
        if r.random() < .5:
            piece = piece[:, ::-1]
        if r.random() < .4:
            piece, w, h = self.leaning(piece, w, h)
        if r.random() < CUT_OFF[bank.kind]:
            piece, middle, (w, h) = self.cut_off(piece, middle, w, h)
        # As with what is drawn: how hard that was says nothing of the row.
        if right and r.random() < BESIDE[bank.kind]:
            right, drawn, middle = 0, True, self.beside(middle, w, h)
        box, offsets = self.jittered(middle, w, h, right)
        least, most = NATIVE_PX[bank.kind]
        size = h if bank.kind == FACE else w
        scale = min(1, log_uniform(r, least, most) / size)
        return self.view(piece, box, scale, bank.spoilt[row]), right, offsets, -1 if drawn else row

    def leaning(self, piece, w, h):
        """The cutting turned about its middle, as a lens near its border or a camera on a bracket shows things, a plate also as it is seen from the side;
        and the upright box about what lay in it: all four corners of a plate, the ellipse of a face."""
        r, is_plate = self.random, self.bank.kind == PLATE
        lean = math.radians(r.gauss(0, 5) if r.random() < .5 else r.uniform(-1, 1) * MOST_LEAN[self.bank.kind])
        turned = np.float64([[math.cos(lean), math.sin(lean)], [-math.sin(lean), math.cos(lean)]])
        if is_plate and r.random() < ASIDE:
            narrow = r.uniform(*NARROW)
            turned = turned @ np.float64([[narrow, 0], [narrow * r.gauss(0, RISE), 1]])
        middle = np.float64([[piece.shape[1] / 2], [piece.shape[0] / 2]])
        matrix = np.hstack([turned, middle - turned @ middle])
        piece = cv2.warpAffine(piece, matrix, piece.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if is_plate:
            return piece, *(np.abs(turned) @ (w, h))
        return piece, *np.hypot(turned[:, 0] * w, turned[:, 1] * h)

    def cut_off(self, piece, middle, w, h):
        """The cutting as if the frame ended within the box; what is left of it. Beyond, the border's pixels go on, as the service samples them."""
        r, left = self.random, self.random.uniform(*LEFT_OVER)
        box = [middle[0] - w / 2, middle[1] - h / 2, middle[0] + w / 2, middle[1] + h / 2]
        axis, end = r.choices(((0, 0), (0, 1), (1, 0), (1, 1)), (4, 4, 1, 2))[0]
        long = (w, h)[axis]
        line = round(box[axis] + left * long if end else box[axis + 2] - left * long)
        if not 2 <= line <= piece.shape[1 - axis] - 2:
            return piece, middle, (w, h)
        box[axis + 2 if end else axis] = line
        lines = np.arange(piece.shape[1 - axis])
        piece = piece.take(np.minimum(lines, line - 1) if end else np.maximum(lines, line), 1 - axis)
        return piece, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), (box[2] - box[0], box[3] - box[1])

    def beside(self, middle, w, h):
        """A point half a thing's length away from it: what is framed there is none, though a part of one is in it. Of two boxes that
        detectors set about one thing side by side, the one that holds it shall be believed."""
        r, (x, y) = self.random, middle
        if r.random() < .75:
            return x + r.choice((-1, 1)) * r.uniform(.5, .9) * w, y + r.uniform(-.3, .3) * h
        return x + r.uniform(-.3, .3) * w, y + r.choice((-1, 1)) * r.uniform(.6, 1) * h

    def jittered(self, middle, w, h, right):
        """A box about where the thing is, as a detector would frame it, and how the thing lies in it."""
        r = self.random
        x, y = middle
        while True:
            bw, bh = w * math.exp(r.gauss(0, .16)), h * math.exp(r.gauss(0, .16))
            bx, by = x + r.gauss(0, .1) * w, y + r.gauss(0, .1) * h
            across = min(x + w / 2, bx + bw / 2) - max(x - w / 2, bx - bw / 2)
            down = min(y + h / 2, by + bh / 2) - max(y - h / 2, by - bh / 2)
            shared = max(0, across) * max(0, down)
            if not right or shared / (w * h + bw * bh - shared) >= LEAST_IOU:
                break
        return (bx - bw / 2, by - bh / 2, bx + bw / 2, by + bh / 2), ((x - bx) / bw, (y - by) / bh, math.log(w / bw), math.log(h / bh))

    def view(self, piece, box, scale, spoilt):
        """The region about the box as a camera of that resolution would show it, damaged unless it was before, at the network's size."""
        r, view = self.random, VIEWS[self.bank.kind]
        left, top, width, height = region(self.bank.kind, box)
        scale = min(scale, 2.5 * view['wide'] / width)
        size = max(6, round(width * scale)), max(4, round(height * scale))
        if scale < .6:
            by = max(.05, scale * 1.25)
            piece = cv2.resize(piece, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
            left, top, scale = left * by, top * by, scale / by
        matrix = np.float64([[scale, 0, -left * scale], [0, scale, -top * scale]])
        native = cv2.warpAffine(piece, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if not spoilt and r.random() < .7:
            native = damaged(native, r, self.numpy)
        shrink = native.shape[1] > view['wide']
        return cv2.resize(native, (view['wide'], view['high']), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)

    def draw(self, piece, right, w, h):
        """A drawn plate in the place of the marked one, or drawn text where a detector was wrong."""
        r = self.random
        piece = piece.copy()
        middle = piece.shape[1] / 2, piece.shape[0] / 2
        texture = r.choice(self.plates if right else self.decoys if r.random() < .8 else self.clocks)
        if right:
            some = r.choices(self.plates, k=6)
            texture = min(some, key=lambda t: abs(math.log(t.shape[1] / t.shape[0] * h / w)))
        else:
            h = min(w * texture.shape[0] / texture.shape[1], piece.shape[0] * .9)
            w = h * texture.shape[1] / texture.shape[0]
            part = r.uniform(.35, 1) if r.random() < .5 else 1.
        box = middle[0] - w / 2, middle[1] - h / 2, middle[0] + w / 2, middle[1] + h / 2
        pasted(piece, texture, slanted(*box, r), r)
        # A detector frames a word of a sign as often as all of it.
        return right, piece, (w, h) if right else (w * part, h * part)


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument('kind', choices=KIND)
    p.add_argument('--out', type=Path, required=True)
    p.add_argument('--bank', nargs='+', required=True)
    p.add_argument('--fonts', help='for plates')
    p.add_argument('--view', choices=SHAPES, required=True, help='how much of what is around a box is shown, and how large the network is')
    p.add_argument('--minutes', type=float, required=True)
    p.add_argument('--initial')
    p.add_argument('--rate', type=float, default=2e-3)
    p.add_argument('--batch', type=int, default=64)
    p.add_argument('--seed', type=int, default=1)
    return p.parse_args()


def export(net, kind, path):
    view = VIEWS[kind]
    net = copy.deepcopy(net).eval()
    axes = dict(input={0: 'b'}, scores={0: 'b'}, offsets={0: 'b'})
    torch.onnx.export(Refiner(net).eval(), (torch.zeros(2, 3, view['high'], view['wide']),), str(path), opset_version=17, dynamo=False,
                      input_names=['input'], output_names=['scores', 'offsets'], dynamic_axes=axes)


def main():
    chosen = arguments()
    rank, ranks = join(chosen.seed)
    cv2.setNumThreads(1)
    kind = KIND[chosen.kind]
    VIEWS[kind]['about'] = ABOUT[chosen.view][kind]
    chosen.out.mkdir(parents=True, exist_ok=True)
    seed = chosen.seed + 1000 * rank
    drawing = Drawing(chosen.fonts, random.Random(seed)) if chosen.fonts else None
    shown = Shown(Bank(chosen.bank, kind, rank, ranks), seed, drawing)
    print(len(shown.marked), 'marked', len(shown.wrong), 'wrong', flush=True)
    view = VIEWS[kind]
    net = RefineNet(view['wide'], view['high'], **SHAPES[chosen.view]).to(memory_format=torch.channels_last)
    if chosen.initial:
        net.load_state_dict(torch.load(chosen.initial, weights_only=True)['average'])
    average = copy.deepcopy(net)
    decayed, plain = ([p for p in net.parameters() if (p.dim() > 1) == many] for many in (True, False))
    optimiser = torch.optim.AdamW([dict(params=decayed, weight_decay=.03), dict(params=plain, weight_decay=0)], lr=chosen.rate, betas=(.9, .99), foreach=True)
    slow, fast = ([v for v in n.state_dict().values() if v.is_floating_point()] for n in (average, net))
    parameters, crops_a_step = list(net.parameters()), chosen.batch * ranks
    begun, step, sums, saved, progress = time.time(), 0, np.zeros(4), time.time(), 0
    net.train()
    while progress < 1:
        rgb, right, offsets, rows = shown.batch(chosen.batch)
        out = net(rgb.float().contiguous(memory_format=torch.channels_last))
        loss = F.binary_cross_entropy_with_logits(out[:, 0], right * .98 + .01, reduction='none')
        box = F.smooth_l1_loss(out[:, 1:], offsets.clamp(-.6, .6), beta=.05, reduction='none').sum(1)
        box = (box * right).sum() / right.sum().clamp(min=1)
        for group in optimiser.param_groups:
            group['lr'] = chosen.rate * min(1, (step + 1) / 200) * (.01 + .495 * (1 + math.cos(math.pi * min(1, progress))))
        optimiser.zero_grad()
        (loss.mean() + box).backward()
        progress = averaged(parameters, (time.time() - begun) / (chosen.minutes * 60), ranks)
        if math.isfinite(torch.nn.utils.clip_grad_norm_(parameters, 5)):
            optimiser.step()
        step += 1
        torch._foreach_lerp_(slow, fast, 1 - min(AVERAGE_KEEPS, (1 + step) / (20 + step)))
        real = rows >= 0
        shown.loss[rows[real]] = .5 * shown.loss[rows[real]] + .5 * loss.detach().numpy()[real]
        wrong = (out[:, 0].detach() > 0) != (right > .5)
        sums += [loss.mean().item(), box.item(), wrong[right > .5].float().mean().item(), wrong[right < .5].float().mean().item()]
        if rank:
            continue
        if step % 200 == 0:
            print(f'{progress:.3f} step {step} crops {step * crops_a_step} ({step * crops_a_step / (time.time() - begun):.0f}/s) '
                  'loss {:.3f} box {:.3f} missed {:.3f} believed {:.3f}'.format(*(sums / 200)), flush=True)
            sums[:] = 0
        if time.time() - saved > 180 or progress >= 1:
            torch.save(dict(average=average.state_dict(), crops=step * crops_a_step), chosen.out / f'{chosen.kind}.pt')
            export(average, kind, chosen.out / f'{chosen.kind}.onnx')
            saved = time.time()


if __name__ == '__main__':
    main()
