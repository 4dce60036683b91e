"""Crops for the plate network with what is marked in them: scenes out of the packs, drawn plates, drawn text that is no plate.

Objects are rows (kind, x1, y1, x2, y2); ignored regions are rows (x1, y1, x2, y2, of faces, of plates). Both in pixels of the crop.
"""
import json
import math
import random
from pathlib import Path

import cv2
import numpy as np
import torch

from damage import damaged
from data import CROP_PX, PACKS, log_uniform, window
from plates_drawn import Drawing, pasted, slanted
from plates_model import FACE, PLATE

# Pictures of the face pack that are full of vehicles whose plates nobody marked.
VEHICLES = ('openimages-vehicles', 'romanian-dayride')
# Below this (width, height) an object is neither asked for nor called empty.
LEAST_PX = {FACE: (4, 5.5), PLATE: (8.5, 3.5)}
LEAST_VISIBLE = .45
NOWHERE = (-100, -100, -100, -100, 0, 0)


class Scenes:
    """Endless clean crops of train pictures. `looked` names regions outside the packs' own marks, as `plates_mine.py` writes them:
    file -> {'unmarked': boxes of plates that the pack did not mark, 'cries': boxes where an earlier network was wrong}."""

    def __init__(self, pictures, seed, fonts, looked, textures=1200):
        self.random, self.pictures = random.Random(seed), pictures
        self.objects = [marks(info, looked.get(info['file'], {})) for info in pictures.info]
        every = range(len(pictures))
        of_pack = {pack: [i for i in every if pictures.info[i]['pack'] == pack] for pack in PACKS}
        with_plates = [i for i in of_pack['plates'] if pictures.info[i]['boxes']]
        crowded = np.cumsum([min(4, len(pictures.info[i]['boxes'])) ** .5 for i in with_plates])
        cries = [(i, box) for i in every for box in looked.get(pictures.info[i]['file'], {}).get('cries', ())]
        self.plates, self.crowded, self.cries = with_plates, crowded.tolist(), cries
        self.faces = [i for i in of_pack['faces'] if pictures.info[i]['boxes']]
        self.quiet = of_pack['faces'] + of_pack['rooms'] + [i for i in of_pack['plates'] if not pictures.info[i]['boxes']] * 3
        drawing = Drawing(fonts, self.random)
        self.drawn = [drawing.plate() for _ in range(textures)]
        self.decoys = [drawing.decoy() for _ in range(textures)]
        self.clocks = [drawing.clock() for _ in range(textures // 3)]

    def crop(self):
        """-> BGR uint8 [256, 256, 3], objects, ignored"""
        r = self.random
        crop, objects, ignored = np.empty((CROP_PX, CROP_PX, 3), np.uint8), [], []
        columns, rows = ([0, CROP_PX] if r.random() < .62 else [0, r.randrange(96, 160), CROP_PX] for _ in range(2))
        for top, bottom in zip(rows, rows[1:]):
            for left, right in zip(columns, columns[1:]):
                there, unknown = self.fill(crop[top:bottom, left:right])
                objects += [(kind, x1 + left, y1 + top, x2 + left, y2 + top) for kind, x1, y1, x2, y2 in there]
                ignored += [(x1 + left, y1 + top, x2 + left, y2 + top, *kinds) for x1, y1, x2, y2, *kinds in unknown]
        if r.random() < .3:
            for _ in range(r.choice((1, 1, 2, 3))):
                self.burn_in(crop, objects)
        if r.random() < .1 and objects:
            cover(crop, r.choice(objects), r)
        return crop, objects, ignored

    def subject(self, limit_px):
        """A picture, the point of it to show, the scale, and whether it is about a plate."""
        r, kind = self.random, self.random.random()
        if kind < .5:
            index = r.choices(self.plates, cum_weights=self.crowded)[0]
            box = r.choice(self.pictures.info[index]['boxes'])
            size_px = log_uniform(r, 13, 90) if r.random() < .85 else log_uniform(r, 70, 230)
            return index, box, min(size_px, limit_px * .9) / max(1, box[2] - box[0])
        if kind < .7 and self.cries:
            index, box = r.choice(self.cries)
            return index, box, log_uniform(r, .35, 1.5)
        if kind < .82:
            index = r.choice(self.faces)
            box = r.choice(self.pictures.info[index]['boxes'])
            return index, box, log_uniform(r, 8, 90) / max(1, box[3] - box[1])
        index = r.choice(self.quiet) if kind < .96 else r.randrange(len(self.pictures))
        info = self.pictures.info[index]
        x, y = r.uniform(0, info['w']), r.uniform(0, info['h'])
        return index, (x, y, x, y), log_uniform(r, .3, 1.3)

    def fill(self, tile):
        """Paint one tile, a view into the crop. -> its objects and ignored regions"""
        r = self.random
        height, width = tile.shape[:2]
        index, box, scale = self.subject(min(width, height))
        scale = min(max(scale, .08), 2.2)
        squashed = self.pictures.info[index].get('aspect') == 'squashed'
        wider = math.exp((r.uniform(-.12, .42) if squashed else r.gauss(0, .12)) / 2)
        picture = self.pictures.bgr(index)
        left, right, at_x = window(r, (box[0] + box[2]) / 2, picture.shape[1], width, scale * wider)
        top, bottom, at_y = window(r, (box[1] + box[3]) / 2, picture.shape[0], height, scale / wider)
        size = max(1, round((right - left) * scale * wider)), max(1, round((bottom - top) * scale / wider))
        how = r.choice((cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LINEAR)) if scale < 1 else cv2.INTER_CUBIC
        part = cv2.resize(picture[top:bottom, left:right], size, interpolation=how)[:height - at_y, :width - at_x]
        if part.shape != tile.shape:
            tile[:] = [r.randrange(256) for _ in range(3)] if r.random() < .4 else r.randrange(30, 200)
        tile[at_y:at_y + part.shape[0], at_x:at_x + part.shape[1]] = part
        by_x, by_y = size[0] / (right - left), size[1] / (bottom - top)

        def moved(x1, y1, x2, y2):
            return (x1 - left) * by_x + at_x, (y1 - top) * by_y + at_y, (x2 - left) * by_x + at_x, (y2 - top) * by_y + at_y

        objects, ignored = [], []
        for kind, *corners in self.objects[index][0]:
            keep(objects, ignored, kind, moved(*corners), width, height)
        for x1, y1, x2, y2, *kinds in self.objects[index][1]:
            ignored.append((*clipped(moved(x1, y1, x2, y2), width, height), *kinds))
        ignored = [i for i in ignored if i[2] > i[0] and i[3] > i[1]]
        self.adorn(tile, objects, ignored)
        if r.random() < .5:
            tile[:] = tile[:, ::-1].copy()
            objects = [(kind, width - x2, y1, width - x1, y2) for kind, x1, y1, x2, y2 in objects]
            ignored = [(width - x2, y1, width - x1, y2, *kinds) for x1, y1, x2, y2, *kinds in ignored]
        return objects, ignored

    def adorn(self, tile, objects, ignored):
        """Exchange some plates for drawn ones, and add drawn vehicles and drawn text that is no plate."""
        r = self.random
        for kind, *box in objects:
            if kind == PLATE and box[2] - box[0] > 13 and r.random() < .25:
                aspect = (box[2] - box[0]) / (box[3] - box[1])
                texture = min(r.choices(self.drawn, k=8), key=lambda t: abs(math.log(t.shape[1] / t.shape[0] / aspect)))
                pasted(tile, texture, slanted(*box, r), r)
        if r.random() < .12:
            self.vehicle(tile, objects, ignored)
        if r.random() < .4:
            for _ in range(r.choice((1, 1, 2, 3))):
                texture = r.choice(self.decoys)
                width = log_uniform(r, 22, 150)
                box = self.place(tile, width, width * texture.shape[0] / texture.shape[1] * math.exp(r.gauss(0, .15)), objects)
                if box:
                    pasted(tile, texture, slanted(*box, r), r)

    def vehicle(self, tile, objects, ignored):
        """The back of something that drives, in outline, with a drawn plate on it."""
        r = self.random
        texture = r.choice(self.drawn)
        plate = log_uniform(r, 14, 70)
        body = self.place(tile, plate * r.uniform(2, 4), plate * r.uniform(1.2, 2.5), objects + [(PLATE, *i[:4]) for i in ignored if i[2] - i[0] < tile.shape[1] * .9])
        height = plate * texture.shape[0] / texture.shape[1] * math.exp(r.gauss(0, .1))
        if not body or height > (body[3] - body[1]) * .7:
            return
        x1, y1, x2, y2 = (round(v) for v in body)
        paint = np.float32([r.randrange(20, 240)] * 3) if r.random() < .5 else np.float32([r.randrange(256) for _ in range(3)])
        shade = np.linspace(r.uniform(.9, 1.3), r.uniform(.5, .9), y2 - y1)[:, None, None]
        tile[y1:y2, x1:x2] = (tile[y1:y2, x1:x2] * .06 + paint * shade * .94).clip(0, 255).astype(np.uint8)
        lamp, high = round((x2 - x1) * .14), round((y2 - y1) * r.uniform(.15, .3))
        colour = r.choice(((30, 30, 190), (225, 235, 240), (60, 140, 230)))
        for x in (x1, x2 - lamp):
            cv2.rectangle(tile, (x, y1 + high), (x + lamp - 1, y1 + 2 * high), colour, -1)
        x, y = (x1 + x2) / 2 + r.gauss(0, .06) * (x2 - x1), y1 + (y2 - y1) * r.uniform(.45, .65)
        box = max(x - plate / 2, x1), max(y - height / 2, y1), min(x + plate / 2, x2), min(y + height / 2, y2)
        pasted(tile, texture, slanted(*box, r), r)
        keep(objects, ignored, PLATE, box, tile.shape[1], tile.shape[0])

    def burn_in(self, crop, objects):
        """A line of a recorder's clock, flat on the picture."""
        r = self.random
        texture = r.choice(self.clocks)
        height = log_uniform(r, 7, 26)
        box = self.place(crop, min(250, height * texture.shape[1] / texture.shape[0]), height, objects)
        if box:
            x1, y1, x2, y2 = (round(v) for v in box)
            small = cv2.resize(texture, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA).astype(np.float32)
            alpha = small[..., 3:] / 255
            crop[y1:y2, x1:x2] = (crop[y1:y2, x1:x2] * (1 - alpha) + small[..., :3] * alpha).astype(np.uint8)

    def place(self, tile, width, height, objects):
        """A free spot of that size, clear of all objects, or None."""
        r = self.random
        if width > tile.shape[1] - 4 or height > tile.shape[0] - 4:
            return None
        x, y = r.uniform(1, tile.shape[1] - width - 2), r.uniform(1, tile.shape[0] - height - 2)
        if any(x < x2 + 3 and x + width > x1 - 3 and y < y2 + 3 and y + height > y1 - 3 for _, x1, y1, x2, y2 in objects):
            return None
        return x, y, x + width, y + height


def marks(info, looked):
    """A picture's objects and ignored regions, from its pack and from looking: nobody marked faces in the plate pack."""
    everywhere = 0, 0, info['w'], info['h']
    if info['pack'] == 'plates':
        return ([(PLATE, *b) for b in info['boxes']],
                [(*b, 0, 1) for b in info['ignore'] + looked.get('unmarked', [])] + [(*everywhere, 1, 0)])
    unknown = [(*everywhere, 0, 1)] if info['set'] in VEHICLES else [(*b, 0, 1) for b in looked.get('unmarked', [])]
    return [(FACE, *b) for b in info['boxes']], [(*b, 1, 0) for b in info['ignore']] + unknown


def clipped(box, width, height):
    return max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)


def keep(objects, ignored, kind, box, width, height):
    """File an object, cut at the tile's edges, under objects, or under ignored where too little of it is left."""
    x1, y1, x2, y2 = clipped(box, width, height)
    if x2 <= x1 or y2 <= y1:
        return
    visible = (x2 - x1) * (y2 - y1) / max(1e-6, (box[2] - box[0]) * (box[3] - box[1]))
    least_width, least_height = LEAST_PX[kind]
    if visible < LEAST_VISIBLE or x2 - x1 < least_width or y2 - y1 < least_height:
        ignored.append((x1, y1, x2, y2, float(kind == FACE), float(kind == PLATE)))
    else:
        objects.append((kind, x1, y1, x2, y2))


def cover(crop, thing, r):
    """Something in front of one side of an object."""
    _, x1, y1, x2, y2 = (round(v) for v in thing)
    share, side = r.uniform(.15, .4), r.randrange(4)
    across, down = round((x2 - x1) * share), round((y2 - y1) * share)
    left, top, right, bottom = ((x1, y1, x1 + across, y2), (x2 - across, y1, x2, y2), (x1, y2 - down, x2, y2), (x1, y1, x2, y1 + down))[side]
    crop[max(0, top):max(0, bottom), max(0, left):max(0, right)] = [r.randrange(256) for _ in range(3)]


class Pool:
    """Crops, shown `reuse` times each on average, damaged anew every time, then replaced."""

    def __init__(self, scenes, size, reuse, seed):
        self.scenes, self.reuse = scenes, reuse
        self.numpy, self.random = np.random.default_rng(seed), random.Random(seed)
        self.owed, self.oldest = 0., 0
        self.rows = [scenes.crop() for _ in range(size)]

    def batch(self, count, damaged_share):
        """RGB uint8 [n, 3, 256, 256], marked [n, G, 4], kinds [n, G], ignored [n, I, 4], ignored kinds [n, I, 2]."""
        self.owed += count / self.reuse
        while self.owed >= 1:
            self.rows[self.oldest] = self.scenes.crop()
            self.oldest = (self.oldest + 1) % len(self.rows)
            self.owed -= 1
        crops, objects, ignored = zip(*(self.rows[i] for i in self.numpy.choice(len(self.rows), count, replace=False)))
        crops = [damaged(c, self.random, self.numpy) if self.random.random() < damaged_share else c for c in crops]
        objects, ignored = padded(objects, (-1, *NOWHERE[:4])), padded(ignored, NOWHERE)
        rgb = torch.from_numpy(np.stack(crops)[..., ::-1].copy()).permute(0, 3, 1, 2)
        return rgb, objects[..., 1:], objects[..., 0].long(), ignored[..., :4], ignored[..., 4:]


def padded(rows, filler):
    """Lists of rows of different lengths -> one float tensor."""
    longest = max(1, *map(len, rows))
    return torch.tensor([list(some) + [filler] * (longest - len(some)) for some in rows], dtype=torch.float32)


def read_looked(path):
    return json.loads(Path(path).read_text()) if path else {}
