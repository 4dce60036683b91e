"""Distillation: `python train.py --out FOLDER --teacher yunet_n.onnx --until 2030-01-01T12:00`.

Started by `torchrun --nproc-per-node N`, N single-thread processes (ranks) average their gradients.
A checkpoint is written every few minutes and is picked up when the same command is started again;
the learning rate falls along a cosine to nearly nothing at `--until`.
"""
import argparse
import copy
import datetime
import math
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist

from data import CROP_PX, Crops, Pictures, Pool
from evaluate import Model, evaluate, table
from export import export
from loss import Hints, losses
from model import FaceNet, grid
from teacher import Teacher

CALIBRATION_CROPS = 64
AVERAGE_KEEPS = .998
WARMUP_STEPS = 200
LOG_STEPS = 200


def options():
    p = argparse.ArgumentParser()
    p.add_argument('--out', type=Path, required=True, help='folder for checkpoints and models')
    p.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    p.add_argument('--tiers', default='ABC', help='how far the licences of the face pictures must be trusted')
    p.add_argument('--teacher', required=True, help='YuNet-n as ONNX with free sides')
    p.add_argument('--initial', help='weights to begin with instead of random ones')
    p.add_argument('--until', required=True, type=lambda t: datetime.datetime.fromisoformat(t).timestamp(), help='when to be finished')
    p.add_argument('--rate', type=float, default=2e-3)
    p.add_argument('--hint', type=float, default=.3, help='weight of the feature hints')
    p.add_argument('--damage', type=float, nargs=2, default=(.2, .4), help='share of damaged crops at the beginning and at the end')
    p.add_argument('--batch', type=int, default=8, help='crops a step and rank')
    p.add_argument('--pool', type=int, default=1536, help='crops held by a rank')
    p.add_argument('--reuse', type=float, default=5, help='how often a crop is shown before it is replaced')
    p.add_argument('--validate', type=float, default=30, help='minutes between validations')
    p.add_argument('--save', type=float, default=3, help='minutes between checkpoints')
    p.add_argument('--seed', type=int, default=1)
    return p.parse_args()


class Run:
    """Everything that a checkpoint holds."""

    def __init__(self, chosen):
        torch.manual_seed(chosen.seed)
        self.net, self.hints = FaceNet().to(memory_format=torch.channels_last), Hints()
        self.parameters = [*self.net.parameters(), *self.hints.parameters()]
        decayed = [p for p in self.parameters if p.dim() > 1]
        plain = [p for p in self.parameters if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [dict(params=decayed, weight_decay=.02), dict(params=plain, weight_decay=0)],
            lr=chosen.rate, betas=(.9, .99), foreach=True)
        self.step = self.seen = 0
        self.begun = time.time()
        self.path = chosen.out / 'checkpoint.pt'
        self.resumed = self.path.exists()
        if self.resumed or chosen.initial:
            state = torch.load(self.path if self.resumed else chosen.initial, map_location='cpu', weights_only=True)
            self.net.load_state_dict(state['net'])
            self.hints.load_state_dict(state['hints'])
            self.seen = state['seen']
        self.average = copy.deepcopy(self.net)
        if self.resumed:
            self.average.load_state_dict(state['average'])
            self.optimiser.load_state_dict(state['optimiser'])
            self.step, self.begun = state['step'], state['begun']
        self.slow, self.fast = ([v for v in n.state_dict().values() if v.is_floating_point()] for n in (self.average, self.net))

    def save(self):
        """A crash while writing leaves the previous checkpoint."""
        state = dict(net=self.net.state_dict(), hints=self.hints.state_dict(), average=self.average.state_dict(),
                     optimiser=self.optimiser.state_dict(), step=self.step, seen=self.seen, begun=self.begun)
        torch.save(state, self.path.with_suffix('.new'))
        os.replace(self.path.with_suffix('.new'), self.path)

    def update(self, rate):
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        if math.isfinite(torch.nn.utils.clip_grad_norm_(self.parameters, 5)):
            self.optimiser.step()
        self.step += 1
        torch._foreach_lerp_(self.slow, self.fast, 1 - min(AVERAGE_KEEPS, (1 + self.step) / (20 + self.step)))


def averaged(parameters, progress, ranks):
    """Replace the gradients by their mean over the ranks, and agree on the progress, so that all ranks end at one step."""
    if ranks == 1:
        return progress
    gradients = [p.grad for p in parameters]
    flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor([progress])])
    dist.all_reduce(flat)
    flat /= ranks
    for gradient, mean in zip(gradients, flat[:-1].split([g.numel() for g in gradients])):
        gradient.copy_(mean.view_as(gradient))
    return float(flat[-1])


def calibrate(chosen, pictures, teacher):
    """[64]: the standard deviation of each of the teacher's features, the same in every rank."""
    crops = Crops(pictures, chosen.seed)
    features = [torch.from_numpy(teacher(crops.crop())[2]) for _ in range(CALIBRATION_CROPS)]
    per_map = torch.stack(features).split([(CROP_PX // s) ** 2 for s in (8, 16, 32)], 1)
    return torch.cat([m.flatten(0, 1).std(0).clamp(min=1e-2).expand(m.shape[1], -1) for m in per_map])


def validate(run, chosen):
    path = str(chosen.out / f'faces-{run.seen}.onnx')
    digest = export(run.average.state_dict(), path)
    result = evaluate(Model(path), Pictures(chosen.datasets, 'val', packs=('faces',)))
    print(f'{digest} {path}\n{table({path: result})}', flush=True)


def main():
    chosen = options()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    rank, ranks = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
    if ranks > 1:
        dist.init_process_group('gloo', timeout=datetime.timedelta(hours=6))
    run = Run(chosen)
    pictures = Pictures(chosen.datasets, 'train', tiers=chosen.tiers)
    teacher = Teacher(chosen.teacher)
    spread = calibrate(chosen, pictures, teacher)
    seed = chosen.seed + 1000 * (rank + 1) + run.step
    pool = Pool(Crops(pictures, seed), teacher, chosen.pool, chosen.reuse, seed)
    cells_at = grid(CROP_PX, CROP_PX)
    saved = validated = logged = time.time()
    sums = torch.zeros(4)
    progress = (time.time() - run.begun) / (chosen.until - run.begun)
    print(f'{len(pictures)} pictures, resumed: {run.resumed}, step {run.step}, progress {progress:.3f}', flush=True)
    run.net.train()
    while progress < 1:
        share = chosen.damage[0] + (chosen.damage[1] - chosen.damage[0]) * progress
        crops, scores, offsets, features = map(torch.from_numpy, pool.batch(chosen.batch, share))
        cells, maps = run.net(crops.permute(0, 3, 1, 2).float())
        score, box, hint, iou = losses(cells, run.hints(maps), scores, offsets.float(), features / spread, cells_at)
        run.optimiser.zero_grad()
        (score + box + chosen.hint * hint).backward()
        progress = averaged(run.parameters, (time.time() - run.begun) / (chosen.until - run.begun), ranks)
        run.update(chosen.rate * min(1, (run.step + 1) / WARMUP_STEPS) * (.01 + .495 * (1 + math.cos(math.pi * min(1, progress)))))
        run.seen += chosen.batch * ranks
        sums += torch.stack([score, box, hint, iou]).detach()
        if rank:
            continue
        if run.step % LOG_STEPS == 0:
            score, box, hint, iou = (sums / LOG_STEPS).tolist()
            speed = LOG_STEPS * chosen.batch * ranks / (time.time() - logged)
            print(f'{progress:.3f} step {run.step} crops {run.seen} ({speed:.0f}/s) score {score:.3f} box {box:.3f} hint {hint:.3f} iou {iou:.3f}', flush=True)
            sums.zero_()
            logged = time.time()
        if time.time() - saved > chosen.save * 60 or progress >= 1:
            run.save()
            saved = time.time()
        if time.time() - validated > chosen.validate * 60 or progress >= 1:
            validate(run, chosen)
            validated = time.time()


if __name__ == '__main__':
    main()
