"""What both trainings share: a network under AdamW with a running average, its checkpoint, several ranks, and a rate that follows the clock."""
import argparse
import copy
import datetime
import math
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist

AVERAGE_KEEPS = .998
WARMUP_STEPS = 200
LOG_STEPS = 200


def options(rate, batch, pool, reuse):
    """The arguments that both trainings take, with their defaults."""
    p = argparse.ArgumentParser()
    p.add_argument('--out', type=Path, required=True, help='folder for checkpoints and models')
    p.add_argument('--datasets', default=os.environ.get('CUSTOS_DATASETS'))
    p.add_argument('--initial', help='weights to begin with instead of random ones')
    p.add_argument('--until', required=True, type=lambda t: datetime.datetime.fromisoformat(t).timestamp(), help='when to be finished')
    p.add_argument('--rate', type=float, default=rate)
    p.add_argument('--batch', type=int, default=batch, help='crops a step and rank')
    p.add_argument('--pool', type=int, default=pool, help='crops held by a rank')
    p.add_argument('--reuse', type=float, default=reuse, help='how often a crop is shown before it is replaced')
    p.add_argument('--validate', type=float, default=30, help='minutes between validations')
    p.add_argument('--save', type=float, default=3, help='minutes between checkpoints')
    p.add_argument('--seed', type=int, default=1)
    return p


class Run:
    """Everything that a checkpoint holds. `parts` are the modules that learn, by name; the one called `net` is averaged and kept."""

    def __init__(self, chosen, **parts):
        self.parts, self.net = parts, parts['net']
        self.parameters = [p for part in parts.values() for p in part.parameters()]
        decayed = [p for p in self.parameters if p.dim() > 1]
        plain = [p for p in self.parameters if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [dict(params=decayed, weight_decay=.02), dict(params=plain, weight_decay=0)],
            lr=chosen.rate, betas=(.9, .99), foreach=True)
        self.rate, self.until = chosen.rate, chosen.until
        self.step = self.seen = 0
        self.begun = time.time()
        self.path = chosen.out / 'checkpoint.pt'
        self.resumed = self.path.exists()
        if self.resumed or chosen.initial:
            state = torch.load(self.path if self.resumed else chosen.initial, map_location='cpu', weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(state[name])
            self.seen = state['seen']
        self.average = copy.deepcopy(self.net)
        if self.resumed:
            self.average.load_state_dict(state['average'])
            self.optimiser.load_state_dict(state['optimiser'])
            self.step, self.begun = state['step'], state['begun']
        self.slow, self.fast = ([v for v in n.state_dict().values() if v.is_floating_point()] for n in (self.average, self.net))

    def save(self):
        """A crash while writing leaves the previous checkpoint."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        state |= dict(average=self.average.state_dict(), optimiser=self.optimiser.state_dict(), step=self.step, seen=self.seen, begun=self.begun)
        torch.save(state, self.path.with_suffix('.new'))
        os.replace(self.path.with_suffix('.new'), self.path)

    def elapsed(self):
        """How much of the run's time is over, by this rank's clock: 0..1 and beyond."""
        return (time.time() - self.begun) / (self.until - self.begun)

    def learn(self, loss, crops, ranks):
        """One step down `loss` with `crops` crops in all; the rate warms up and falls along a cosine. -> the progress all ranks agree on."""
        self.optimiser.zero_grad()
        loss.backward()
        progress = averaged(self.parameters, self.elapsed(), ranks)
        rate = self.rate * min(1, (self.step + 1) / WARMUP_STEPS) * (.01 + .495 * (1 + math.cos(math.pi * min(1, progress))))
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        if math.isfinite(torch.nn.utils.clip_grad_norm_(self.parameters, 5)):
            self.optimiser.step()
        self.step += 1
        self.seen += crops
        torch._foreach_lerp_(self.slow, self.fast, 1 - min(AVERAGE_KEEPS, (1 + self.step) / (20 + self.step)))
        return progress


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


def join(seed):
    """One thread a process, and the group of processes that torchrun started. -> rank, ranks"""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rank, ranks = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
    if ranks > 1:
        dist.init_process_group('gloo', timeout=datetime.timedelta(hours=6))
    return rank, ranks


class Log:
    """The mean of some losses every `LOG_STEPS` steps, and whether it is time to save or to validate; the first rank's only."""

    def __init__(self, names, chosen):
        self.names, self.sums = names, torch.zeros(len(names))
        self.minutes = {'save': chosen.save, 'validate': chosen.validate}
        self.done = dict.fromkeys(self.minutes, time.time())
        self.since, self.seen = time.time(), None

    def add(self, run, progress, values):
        self.sums += torch.stack(values).detach()
        if run.step % LOG_STEPS == 0:
            speed = (run.seen - (self.seen or run.seen)) / (time.time() - self.since)
            means = ' '.join(f'{n} {v:.3f}' for n, v in zip(self.names, (self.sums / LOG_STEPS).tolist()))
            print(f'{progress:.3f} step {run.step} crops {run.seen} ({speed:.0f}/s) {means}', flush=True)
            self.sums.zero_()
            self.since, self.seen = time.time(), run.seen

    def due(self, what, progress):
        if progress < 1 and time.time() - self.done[what] < self.minutes[what] * 60:
            return False
        self.done[what] = time.time()
        return True
