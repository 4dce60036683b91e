"""Pictures out of the packs, clean crops out of the pictures, and a pool of crops that the teacher has answered.

A pack is a folder with `labels.json` and the tar files that it names. Labels serve to find
where people are and to validate; what is learnt comes from the teacher.
"""
import json
import math
import os
import random
import tarfile
from pathlib import Path

import cv2
import numpy as np

from damage import damaged

cv2.setNumThreads(1)
CROP_PX = 256
# The third is what `rooms_pack.py` makes of pictures of rooms and shops in which no vehicle stands. It may be absent.
PACKS = 'faces', 'plates', 'rooms'
# Grey webcam pictures of a few people: half as likely, lest they dominate.
MONOTONOUS = ('traore-face-gray', 'nelson-mask-gray')


class Pictures:
    """All pictures of one split in the packs under `root`; `info` is one label record a picture, JPEGs are read when needed."""

    def __init__(self, root, split, packs=PACKS, tiers='ABC', rights=('clear', 'mixed', 'weak')):
        self.info, self.where = [], []
        for pack in packs:
            folder = Path(root) / pack
            if pack == 'rooms' and not folder.exists():
                continue
            records = [i for i in json.loads((folder / 'labels.json').read_text())['images'] if i['split'] == split]
            shards = {name: shard_index(folder / name) for name in sorted({i['shard'] for i in records})}
            for record in records:
                if record.get('tier', 'A') in tiers and record.get('rights', 'clear') in rights:
                    self.info.append({**record, 'pack': pack})
                    self.where.append(shards[record['shard']][record['file']])

    def __len__(self):
        return len(self.info)

    def bgr(self, index):
        """uint8 [h, w, 3]"""
        file, offset, size = self.where[index]
        return cv2.imdecode(np.frombuffer(os.pread(file, size, offset), np.uint8), cv2.IMREAD_COLOR)


def shard_index(path):
    """file name -> (descriptor, offset, bytes), so that nothing needs unpacking."""
    file = os.open(path, os.O_RDONLY)
    with tarfile.open(path) as tar:
        return {os.path.basename(m.name): (file, m.offset_data, m.size) for m in tar if m.isfile()}


class Crops:
    """Endless clean crops: mosaics of one to four tiles, most of them around a face brought to a random size."""

    def __init__(self, pictures, seed):
        self.random = random.Random(seed)
        self.pictures = pictures
        self.heads, self.weights, total = [], [], 0
        for index, info in enumerate(pictures.info):
            if info['pack'] != 'faces':
                continue
            found = [b for b in info['boxes'] + info['ignore'] if 5 < b[3] - b[1] < 260]
            if found:
                total += min(4, len(found)) ** .5 * (.5 if info['set'] in MONOTONOUS else 1)
                self.heads.append((index, found))
                self.weights.append(total)

    def crop(self):
        """BGR uint8 [256, 256, 3]"""
        crop = np.empty((CROP_PX, CROP_PX, 3), np.uint8)
        columns, rows = self.cuts(), self.cuts()
        for top, bottom in zip(rows, rows[1:]):
            for left, right in zip(columns, columns[1:]):
                self.fill(crop[top:bottom, left:right])
        if self.random.random() < .2:
            gamma, gain = math.exp(self.random.gauss(0, .3)), self.random.uniform(.6, 1.15)
            crop = cv2.LUT(crop, (255 * gain * (np.arange(256) / 255) ** gamma).clip(0, 255).astype(np.uint8))
        return crop

    def cuts(self):
        if self.random.random() < .4:
            return [0, CROP_PX]
        return [0, self.random.randrange(CROP_PX * 3 // 8, CROP_PX * 5 // 8), CROP_PX]

    def subject(self, limit_px):
        """A picture, the point of it to show, and the scale to show it at."""
        r = self.random
        if r.random() < .25:
            index = r.randrange(len(self.pictures))
            info = self.pictures.info[index]
            return index, r.uniform(0, info['w']), r.uniform(0, info['h']), log_uniform(r, .25, 1.4)
        index, found = r.choices(self.heads, cum_weights=self.weights)[0]
        x1, y1, x2, y2 = r.choice(found)
        height_px = log_uniform(r, 7, 60) if r.random() < .82 else log_uniform(r, 40, 190)
        scale = min(height_px, limit_px * .9) / (y2 - y1)
        return index, (x1 + x2) / 2, (y1 + y2) / 2, min(max(scale, .08), 2)

    def fill(self, tile):
        """Paint one tile, a view into the crop."""
        r = self.random
        height, width = tile.shape[:2]
        index, x, y, scale = self.subject(min(width, height))
        picture = self.pictures.bgr(index)
        stretch = math.exp(r.gauss(0, .08))
        left, right, at_x = window(r, x, picture.shape[1], width, scale * stretch)
        top, bottom, at_y = window(r, y, picture.shape[0], height, scale / stretch)
        part = picture[top:bottom, left:right]
        if r.random() < .12:
            part = rotated(part, r.gauss(0, 14))
        size = max(1, round((right - left) * scale * stretch)), max(1, round((bottom - top) * scale / stretch))
        shrink = r.choice((cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LINEAR))
        part = cv2.resize(part, size, interpolation=shrink if scale < 1 else cv2.INTER_CUBIC)[:height - at_y, :width - at_x]
        if r.random() < .5:
            part = part[:, ::-1]
        if part.shape != tile.shape:
            tile[:] = [r.randrange(256) for _ in range(3)] if r.random() < .3 else r.choice((0, 0, 114, r.randrange(256)))
        tile[at_y:at_y + part.shape[0], at_x:at_x + part.shape[1]] = part


def window(r, point, length, tile_px, scale):
    """Along one axis: the picture's pixels from and to which a tile shows, and where in the tile they begin."""
    shown = tile_px / scale
    if shown >= length:
        return 0, length, int(r.uniform(0, tile_px - length * scale))
    start = min(max(point - r.uniform(.1, .9) * shown, 0), length - shown)
    return int(start), min(length, math.ceil(start + shown)), 0


def rotated(image, degrees):
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101)


def log_uniform(r, low, high):
    return math.exp(r.uniform(math.log(low), math.log(high)))


class Pool:
    """Crops with the teacher's answers, shown `reuse` times each on average, damaged anew every time, then replaced."""

    def __init__(self, crops, teacher, size, reuse, seed):
        self.crops, self.teacher, self.reuse = crops, teacher, reuse
        self.numpy, self.random = np.random.default_rng(seed), random.Random(seed)
        self.owed, self.oldest = 0., 0
        self.rows = [self.taught() for _ in range(size)]

    def taught(self):
        crop = self.crops.crop()
        scores, offsets, features = self.teacher(crop)
        return crop, scores.astype(np.float32), offsets.clip(-30, 30).astype(np.float16), features.astype(np.float16)

    def batch(self, count, damaged_share):
        """RGB uint8 [n, 256, 256, 3], scores [n, A], offsets [n, A, 4] and features [n, A, 64]."""
        self.owed += count / self.reuse
        while self.owed >= 1:
            self.rows[self.oldest] = self.taught()
            self.oldest = (self.oldest + 1) % len(self.rows)
            self.owed -= 1
        rows = [self.rows[i] for i in self.numpy.choice(len(self.rows), count, replace=False)]
        crops, scores, offsets, features = (list(column) for column in zip(*rows))
        for i, crop in enumerate(crops):
            if self.random.random() < damaged_share:
                crop = damaged(crop, self.random, self.numpy)
            crops[i] = crop[:, :, ::-1]
        return tuple(np.stack(column) for column in (crops, scores, offsets, features))
