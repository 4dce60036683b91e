"""Supervised training of the plate network: `python plates_train.py --out FOLDER --fonts /usr/share/fonts --until 2030-01-01T12:00`.

Started by `torchrun --nproc-per-node N`; it resumes, averages over ranks and anneals as `train.py` does (see `run.py`).
"""
import torch

from data import CROP_PX, Pictures
from export import export
from plates_data import Pool, Scenes, read_looked
from plates_evaluate import evaluate, table
from plates_loss import losses
from plates_model import PlateDetector, PlateNet, points
from run import Log, Run, join, options


def arguments():
    p = options(rate=1.5e-3, batch=12, pool=900, reuse=4)
    p.add_argument('--fonts', required=True, help='folder of the fonts that drawn text uses')
    p.add_argument('--looked', help='what was seen in the pictures beyond their marks, see plates_mine.py')
    p.add_argument('--rights', nargs='+', default=('clear', 'mixed', 'weak'), help='how well founded the licences of the plate pictures must be')
    p.add_argument('--tiers', default='ABC', help='the same for the face pictures')
    p.add_argument('--damage', type=float, nargs=2, default=(.6, .6), help='share of damaged crops at the beginning and at the end')
    return p.parse_args()


def validate(run, chosen):
    path = str(chosen.out / f'plates-{run.seen}.onnx')
    net = PlateNet()
    net.load_state_dict(run.average.state_dict())
    digest = export(PlateDetector(net), path)
    print(f'{digest} {path}\n{table({path: evaluate(path, chosen.datasets)})}', flush=True)


def main():
    chosen = arguments()
    rank, ranks = join(chosen.seed)
    chosen.out.mkdir(parents=True, exist_ok=True)
    run = Run(chosen, net=PlateNet().to(memory_format=torch.channels_last))
    looked = read_looked(chosen.looked)
    pictures = Pictures(chosen.datasets, 'train', tiers=chosen.tiers, rights=chosen.rights)
    seed = chosen.seed + 1000 * (rank + 1) + run.step
    pool = Pool(Scenes(pictures, seed, chosen.fonts, looked), chosen.pool, chosen.reuse, seed)
    cells = points(CROP_PX, CROP_PX)
    log, progress = Log(('score', 'box', 'iou'), chosen), run.elapsed()
    print(f'{len(pictures)} pictures, resumed: {run.resumed}, step {run.step}, progress {progress:.3f}', flush=True)
    run.net.train()
    while progress < 1:
        share = chosen.damage[0] + (chosen.damage[1] - chosen.damage[0]) * progress
        crops, *told = pool.batch(chosen.batch, share)
        logits, boxes = run.net(crops.float().contiguous(memory_format=torch.channels_last))
        score, box, iou = losses(logits, boxes, cells, *told)
        progress = run.learn(score + box, chosen.batch * ranks, ranks)
        if rank:
            continue
        log.add(run, progress, [score, box, iou])
        if log.due('save', progress):
            run.save()
        if log.due('validate', progress):
            validate(run, chosen)


if __name__ == '__main__':
    main()
