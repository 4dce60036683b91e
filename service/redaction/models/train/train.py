"""Distillation: `python train.py --out FOLDER --teacher yunet_n.onnx --until 2030-01-01T12:00`.

Started by `torchrun --nproc-per-node N`, N single-thread processes (ranks) average their gradients.
A checkpoint is written every few minutes and is picked up when the same command is started again;
the learning rate falls along a cosine to nearly nothing at `--until`.
"""
import torch

from data import CROP_PX, Crops, Pictures, Pool
from evaluate import Model, evaluate, table
from export import export
from loss import Hints, losses
from model import Detector, FaceNet, grid
from run import Log, Run, join, options
from teacher import Teacher

CALIBRATION_CROPS = 64


def arguments():
    p = options(rate=2e-3, batch=8, pool=1536, reuse=5)
    p.add_argument('--teacher', required=True, help='YuNet-n as ONNX with free sides')
    p.add_argument('--tiers', default='ABC', help='how far the licences of the face pictures must be trusted')
    p.add_argument('--hint', type=float, default=.3, help='weight of the feature hints')
    p.add_argument('--damage', type=float, nargs=2, default=(.2, .4), help='share of damaged crops at the beginning and at the end')
    return p.parse_args()


def calibrate(chosen, pictures, teacher):
    """[64]: the standard deviation of each of the teacher's features, the same in every rank."""
    crops = Crops(pictures, chosen.seed)
    features = [torch.from_numpy(teacher(crops.crop())[2]) for _ in range(CALIBRATION_CROPS)]
    per_map = torch.stack(features).split([(CROP_PX // s) ** 2 for s in (8, 16, 32)], 1)
    return torch.cat([m.flatten(0, 1).std(0).clamp(min=1e-2).expand(m.shape[1], -1) for m in per_map])


def validate(run, chosen):
    path = str(chosen.out / f'faces-{run.seen}.onnx')
    net = FaceNet()
    net.load_state_dict(run.average.state_dict())
    digest = export(Detector(net), path)
    result = evaluate(Model(path), Pictures(chosen.datasets, 'val', packs=('faces',)))
    print(f'{digest} {path}\n{table({path: result})}', flush=True)


def main():
    chosen = arguments()
    rank, ranks = join(chosen.seed)
    chosen.out.mkdir(parents=True, exist_ok=True)
    hints = Hints()
    run = Run(chosen, net=FaceNet().to(memory_format=torch.channels_last), hints=hints)
    pictures = Pictures(chosen.datasets, 'train', tiers=chosen.tiers)
    teacher = Teacher(chosen.teacher)
    spread = calibrate(chosen, pictures, teacher)
    seed = chosen.seed + 1000 * (rank + 1) + run.step
    pool = Pool(Crops(pictures, seed), teacher, chosen.pool, chosen.reuse, seed)
    cells_at = grid(CROP_PX, CROP_PX)
    log, progress = Log(('score', 'box', 'hint', 'iou'), chosen), run.elapsed()
    print(f'{len(pictures)} pictures, resumed: {run.resumed}, step {run.step}, progress {progress:.3f}', flush=True)
    run.net.train()
    while progress < 1:
        share = chosen.damage[0] + (chosen.damage[1] - chosen.damage[0]) * progress
        crops, scores, offsets, features = map(torch.from_numpy, pool.batch(chosen.batch, share))
        cells, maps = run.net(crops.permute(0, 3, 1, 2).float())
        score, box, hint, iou = losses(cells, hints(maps), scores, offsets.float(), features / spread, cells_at)
        progress = run.learn(score + box + chosen.hint * hint, chosen.batch * ranks, ranks)
        if rank:
            continue
        log.add(run, progress, [score, box, hint, iou])
        if log.due('save', progress):
            run.save()
        if log.due('validate', progress):
            validate(run, chosen)


if __name__ == '__main__':
    main()
