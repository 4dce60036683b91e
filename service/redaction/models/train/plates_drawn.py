"""Number plates drawn by code, and text drawn by code that is no plate: shop signs, price tags, lettered cloth, pages, clocks.

A texture is BGRA uint8, seen from the front; `pasted` sets it into a picture with perspective and the light of the place.
The plates follow the looks of many countries, not the registers of any: characters are random.
"""
import math
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS = {
    'white': (235, 235, 232), 'black': (22, 22, 24), 'yellow': (240, 195, 30), 'blue': (25, 50, 140), 'green': (20, 100, 60),
    'red': (170, 25, 30), 'pink': (245, 215, 215), 'sky': (190, 215, 240), 'mint': (205, 230, 205)}
LIGHT, DARK = ('white', 'yellow', 'pink', 'sky', 'mint'), ('black', 'blue', 'green', 'red')
# Weight, width over height, grounds, inks, rows ('|' parts them; A a letter, 0 a digit, T Thai, C Chinese, R Arabic, Я Cyrillic), band.
STYLES = (
    (4, (4.4, 5.0), ('white',), ('black',), ('AA 000 AA', 'AA-000-AA', 'A AA 0000', '0000 AAA', 'AA 00 AAA', '0A0 0000', 'A 000 AA'), 'side'),
    (2, (4.4, 4.8), ('white', 'yellow'), ('black',), ('AA00 AAA', 'A000 AAA', 'AA-00-AA', '00-AAA-0'), ''),
    (2, (4.4, 4.8), ('white',), ('black',), ('Я000ЯЯ 00', 'Я000ЯЯ|000', 'ЯЯ 0000 ЯЯ'), ''),
    (3, (1.9, 2.1), ('white', 'pink', 'yellow', 'sky', 'mint'), ('black', 'blue', 'green', 'red'), ('AAA 0000', '0AAA000', '000 AAA', '0000000'), 'state'),
    (3, (1.2, 1.6), ('white', 'yellow'), ('black', 'blue', 'red'), ('AA 00|0000', '00-A0|000.00', 'AAA|0000', 'AA00|AA 0000', 'TT 0000', 'TT|0000'), ''),
    (2, (1.9, 2.3), ('white',), ('black',), ('0TT 0000', '0TT|0000', 'TT 000'), ''),
    (1, (1.9, 2.2), ('green', 'blue', 'black'), ('white',), ('AA 0|0000', '00 AA|0000', 'A 00|000'), ''),
    (1, (3.0, 3.3), ('blue', 'green', 'white'), ('white', 'black'), ('CA 00000', 'CA A0000'), ''),
    (1, (2.0, 4.4), ('white', 'yellow'), ('black',), ('RR 000', '000 RRR', 'RR|0000', '00 R 000'), 'side'),
    (1, (2.9, 3.2), ('white', 'mint'), ('black', 'blue'), ('AAA0A00', 'AAA-0000'), 'top'),
    (3, (2.6, 3.6), ('black', 'red', 'white'), ('white', 'black'), ('A 0000 AA', 'AA 0000 A', 'AAA 000'), 'date'),
    (2, (1.5, 2.0), ('black', 'white', 'yellow'), ('white', 'black'), ('A 0000|AA', 'AA 00|AA 0000', 'AA|0000'), 'date'),
    (2, (3.2, 4.6), LIGHT + DARK, ('black', 'white'), ('AA 00 AA 0000', 'AA 000000', 'A 00000', '000-00-000', '00 AAA 000'), ''))
LETTERS = {'A': 'ABCDEFGHJKLMNPRSTUVWXYZ', '0': '0123456789', 'T': 'กขคงจชฐณตถทธนบผพมรลวศสหอฮ', 'C': '京沪粤苏浙川鄂湘皖闽津渝', 'R': 'ابدرسصطعقكلمنهوي', 'Я': 'АВЕКМНОРСТУХ'}
WORDS = ('OPEN', 'SALE', 'EXIT', 'CAFE', 'BANK', 'TAXI', 'POLICE', 'STOP', 'PHARMACY', 'Parking', 'Bakery', 'NO ENTRY', 'SECURITY', 'HOTEL', 'Fresh fruit',
         'Market', 'Kitchen', 'PULL', 'PUSH', 'Menu', 'Milk', 'Coffee', 'TEAM', 'CREW', 'ATHLETIC', 'NEW YORK', 'LONDON', 'STAFF', 'WELCOME', 'Gate', 'Platform',
         'TO LET', 'Free WiFi', 'DANGER', 'Office', 'RECEPTION', 'Classroom', 'University', 'RUN', 'LOVE', 'Original', 'SPORT', 'Music', 'The best of', 'information')


class Drawing:
    """All fonts under `folder`, and the textures they make. `r` is the random generator."""

    def __init__(self, folder, r):
        self.r = r
        files = sorted(f for f in Path(folder).rglob('*') if f.suffix in ('.ttf', '.otf', '.ttc', '.t1'))
        fonts = [str(f) for f in files if f.suffix != '.t1' and not any(odd in f.name for odd in ('Math', 'Symbol', 'Dingb', 'Z003', 'Emoji'))]
        self.fonts = {script: [f for f in fonts if writes(f, letters)] for script, letters in LETTERS.items()}
        slender = 'Italic', 'Oblique', 'Slanted', 'Light', 'Thin', 'Serif', 'Hairline'
        self.plain = {script: [f for f in some if not any(s in f for s in slender)] for script, some in self.fonts.items()}
        if not self.plain['A']:
            raise SystemExit(f'no fonts under {folder}')

    def plate(self):
        r = self.r
        _, shape, grounds, inks, rows, band = r.choices(STYLES, [style[0] for style in STYLES])[0]
        rows = r.choice([row for row in rows if all(self.plain[c] for c in row if c in LETTERS)] or ['AAA 000'])
        lines = rows.split('|')
        height = 56 if len(lines) == 1 else 88
        width = round(height * r.uniform(*(shape if len(lines) == 1 else (1.25, 2.1))))
        ground = r.choice(grounds)
        ink = r.choice([i for i in inks if (i in LIGHT) != (ground in LIGHT)] or ['white' if ground in DARK else 'black'])
        panel = Image.new('RGB', (width, height), self.tinged(ground))
        pen = ImageDraw.Draw(panel)
        area = self.band(pen, band, width, height, self.tinged(ink))
        font = r.choice(self.plain[next((c for c in 'TCRЯ' if c in rows), 'A')])
        for row, (top, bottom) in zip(lines, parts(area[1], area[3], len(lines))):
            text = ''.join(r.choice(LETTERS[c]) if c in LETTERS else c for c in row)
            self.write(panel, text, font, (area[0], top, area[2], bottom), self.tinged(ink), r.uniform(.7, .92))
        if r.random() < .5:
            pen.rectangle((0, 0, width - 1, height - 1), outline=self.tinged(ink), width=r.randint(1, 3))
        return self.worn(np.array(panel)[:, :, ::-1])

    def band(self, pen, band, width, height, ink):
        """What else is on a plate; -> x1, y1, x2, y2 that it leaves for the characters."""
        r = self.r
        left, top, right, bottom = width * .03, height * .07, width * .97, height * .93
        small = ImageFont.truetype(r.choice(self.fonts['A']), max(6, height // 5))
        if band == 'side':
            pen.rectangle((0, 0, width * .09, height), fill=self.tinged('blue'))
            left = width * .11
        if band == 'top':
            pen.rectangle((0, 0, width, height * .2), fill=self.tinged('blue'))
            top = height * .22
        if band == 'state':
            top, bottom = height * .22, height * .82
            pen.text((width * .2, 0), r.choice(WORDS), font=small, fill=ink)
        if band == 'date':
            bottom = height * .74
            pen.text((width * .36, height * .74), f'{r.randint(1, 12):02}.{r.randint(20, 32)}', font=small, fill=ink)
        return left, top, right, bottom

    def worn(self, panel):
        """Screws, dirt, uneven light, glare. BGR -> BGRA"""
        r = self.r
        panel = np.ascontiguousarray(panel)
        height, width = panel.shape[:2]
        for _ in range(r.randint(0, 2)):
            cv2.circle(panel, (round(width * r.choice((.1, .3, .7, .9))), round(height * r.choice((.12, .5, .88)))), 2, [r.randint(60, 200)] * 3, -1)
        panel = panel.astype(np.float32)
        if r.random() < .4:
            cloud = cv2.resize(np.array([[r.random() for _ in range(12)] for _ in range(6)], np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
            dirt = (((cloud - .6) * 3).clip(0, 1) * r.uniform(.2, .8))[..., None]
            panel = panel * (1 - dirt) + np.float32([60, 75, 90]) * dirt
        if r.random() < .4:
            panel *= np.linspace(r.uniform(.5, 1), r.uniform(.9, 1.5), width)[None, :, None]
        if r.random() < .12:
            glare = np.zeros((height, width), np.float32)
            cv2.circle(glare, (r.randrange(width), r.randrange(height)), r.randint(height // 4, height), 1, -1)
            panel += 220 * cv2.GaussianBlur(glare, (0, 0), height / 5)[..., None]
        return opaque(panel.clip(0, 255).astype(np.uint8))

    def decoy(self):
        """A texture that is no plate."""
        return self.r.choice((self.sign, self.sign, self.price, self.lettering, self.lettering, self.page, self.stripes, self.leaves))()

    def sign(self):
        """One or two words on a panel: shops, doors, streets."""
        r = self.r
        ground = r.choice(LIGHT + DARK)
        lines = [r.choice(WORDS) for _ in range(r.choice((1, 1, 2)))]
        width = max(40, round(26 * max(map(len, lines)) * r.uniform(.8, 1.3)))
        panel = Image.new('RGB', (width, round(48 * len(lines) * r.uniform(1, 2))), self.tinged(ground))
        self.rows(panel, lines, self.tinged(r.choice(DARK if ground in LIGHT else LIGHT)))
        return opaque(np.array(panel)[:, :, ::-1])

    def price(self):
        """Price tags, room and house numbers, team numbers on a panel."""
        r = self.r
        ground = r.choice(LIGHT + ('red',))
        number = r.choice((f'{r.randint(0, 99)}.{r.randint(0, 99):02}', f'€ {r.randint(1, 99)},{r.choice((0, 49, 95, 99)):02}', f'{r.randint(1, 99)}%', str(r.randint(1, 999)), f'${r.randint(1, 20)}'))
        lines = [number] if r.random() < .5 else [r.choice(WORDS).lower(), number]
        panel = Image.new('RGB', (round(r.uniform(60, 130)), round(r.uniform(50, 120))), self.tinged(ground))
        self.rows(panel, lines, self.tinged('white' if ground == 'red' else r.choice(('black', 'red'))))
        return opaque(np.array(panel)[:, :, ::-1])

    def lettering(self):
        """Letters without a panel: shirts, shop windows, vans."""
        r = self.r
        lines = [r.choice(WORDS + (str(r.randint(0, 99)),)) for _ in range(r.choice((1, 1, 2, 3)))]
        mask = Image.new('L', (max(50, 24 * max(map(len, lines))), 56 * len(lines)), 0)
        self.rows(mask, lines, 255)
        ink = np.full((*mask.size[::-1], 3), self.tinged(r.choice(LIGHT + DARK))[::-1], np.uint8)
        return np.dstack([ink, np.array(mask)])

    def page(self):
        """Many short lines: paper, posters, labels, screens."""
        r = self.r
        dark = r.random() < .3
        panel = Image.new('RGB', (round(r.uniform(90, 200)), round(r.uniform(90, 240))), self.tinged('black' if dark else 'white'))
        lines = [' '.join(r.choice(WORDS).lower() for _ in range(r.randint(1, 4))) for _ in range(r.randint(4, 14))]
        self.rows(panel, lines, self.tinged('white' if dark else 'black'))
        return opaque(np.array(panel)[:, :, ::-1])

    def stripes(self):
        """Bars, grilles, windows, barcodes, keyboards."""
        r = self.r
        panel = np.full((64, round(64 * r.uniform(.6, 4)), 3), self.tinged(r.choice(LIGHT + DARK))[::-1], np.uint8)
        across, down = r.choice(((r.randint(3, 24), 1), (1, r.randint(2, 8)), (r.randint(3, 12), r.randint(2, 4))))
        ink = self.tinged(r.choice(LIGHT + DARK))[::-1]
        for left, right in parts(0, panel.shape[1], across):
            for top, bottom in parts(0, 64, down):
                margin = r.uniform(.05, .4)
                x, y = (right - left) * margin if across > 1 else 0, (bottom - top) * margin if down > 1 else 0
                cv2.rectangle(panel, (round(left + x), round(top + y)), (round(right - x), round(bottom - y)), ink, -1)
        return opaque(panel)

    def leaves(self):
        """A heap of leaves, light against dark."""
        r = self.r
        size = round(r.uniform(60, 140))
        panel = np.full((size, round(size * r.uniform(.8, 2)), 4), (20, 40, 25, 0), np.uint8)
        for _ in range(r.randint(20, 120)):
            ink = (r.randint(10, 90), r.randint(50, 210), r.randint(20, 130), 255)
            at = r.randrange(panel.shape[1]), r.randrange(size)
            cv2.ellipse(panel, at, (r.randint(2, size // 8), r.randint(1, size // 14 + 1)), r.uniform(0, 180), 0, 360, ink, -1)
        return panel

    def clock(self):
        """What recorders burn in: date, time, camera; white with an edge, or on a bar."""
        r = self.r
        when = f'{r.randint(2008, 2030)}{r.choice("-/.")}{r.randint(1, 12):02}-{r.randint(1, 28):02}', f'{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}'
        text = r.choice((' '.join(when), when[1], f'{when[0]} {r.choice(("Mon", "Tue", "Fri", "AM", "PM"))} {when[1]}', f'CAM{r.randint(1, 32):02}', f'Camera {r.randint(1, 16):02}',
                         f'CH{r.randint(1, 9)} {r.choice(WORDS)}', f'REC {when[1]}', f'{r.randint(0, 120)} km/h', f'IPC {r.randint(0, 9999):04}', r.choice(WORDS)))
        mask = Image.new('L', (18 * len(text), 36), 0)
        self.write(mask, text, r.choice(self.fonts['A']), (2, 2, *(v - 2 for v in mask.size)), 255, .9)
        letters = np.array(mask)
        ink, edge = (255, 0) if r.random() < .85 else (0, 255)
        alpha = np.full_like(letters, 255) if r.random() < .2 else cv2.dilate(letters, np.ones((3, 3), np.uint8)) if r.random() < .6 else letters
        colour = (letters.astype(np.float32) / 255 * (ink - edge) + edge).astype(np.uint8)
        return np.dstack([colour, colour, colour if r.random() < .8 else colour // 3, alpha])

    def rows(self, panel, lines, ink):
        width, height = panel.size
        font = self.r.choice(self.fonts['A'])
        for line, (top, bottom) in zip(lines, parts(height * .08, height * .92, len(lines))):
            self.write(panel, line, font, (width * .06, top, width * .94, bottom), ink, self.r.uniform(.5, .95))

    def write(self, panel, text, font, area, ink, share):
        """Text as wide as the area allows and `share` of it high."""
        face = ImageFont.truetype(font, 72)
        left, top, right, bottom = face.getbbox(text)
        mask = Image.new('L', (max(1, right - left), max(1, bottom - top)), 0)
        ImageDraw.Draw(mask).text((-left, -top), text, font=face, fill=255)
        height = max(4, round((area[3] - area[1]) * share))
        width = max(4, round(min((area[2] - area[0]) * self.r.uniform(.88, 1), mask.width * height / mask.height * 1.5)))
        at = round((area[0] + area[2] - width) / 2), round((area[1] + area[3] - height) / 2)
        panel.paste(ink, (*at, at[0] + width, at[1] + height), mask.resize((width, height)))

    def tinged(self, colour):
        return tuple(min(255, max(0, round(v + self.r.gauss(0, 12)))) for v in COLOURS[colour])


def writes(font, letters):
    """Whether a font has these letters: none of them looks like its sign for a missing one."""
    try:
        face = ImageFont.truetype(font, 20)
        missing = bytes(face.getmask('\U0010fffd'))
        return all(bytes(face.getmask(c)) not in (missing, b'') for c in letters)
    except (OSError, ValueError):
        return False


def parts(start, end, count):
    step = (end - start) / count
    return [(start + i * step, start + (i + 1) * step) for i in range(count)]


def opaque(bgr):
    return np.dstack([bgr, np.full(bgr.shape[:2], 255, np.uint8)])


def pasted(picture, texture, corners, r):
    """Set a texture into the picture (in place); `corners` [4, 2] clockwise from the top left, all inside. Lit and blurred like the place."""
    height, width = texture.shape[:2]
    wide = max(1, np.linalg.norm(corners[1] - corners[0]))
    if width > 1.5 * wide:
        shrink = 1.5 * wide / width
        texture = cv2.resize(texture, (max(2, round(width * shrink)), max(2, round(height * shrink))), interpolation=cv2.INTER_AREA)
        height, width = texture.shape[:2]
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int) + 1
    low, high = low.clip(0), np.minimum(high, picture.shape[1::-1])
    place = picture[low[1]:high[1], low[0]:high[0]]
    turn = cv2.getPerspectiveTransform(np.float32([[0, 0], [width, 0], [width, height], [0, height]]), np.float32(corners - low))
    warped = cv2.warpPerspective(texture, turn, (high - low).tolist(), flags=cv2.INTER_LINEAR).astype(np.float32)
    light = min(1.25, max(.15, (place.mean() + 30) / 150 * r.uniform(.75, 1.5)))
    ink, alpha = (warped[..., :3] * light + r.uniform(-8, 12)).clip(0, 255), warped[..., 3:] / 255
    if r.random() < .4:
        blur = r.uniform(.4, 1)
        ink, alpha = cv2.GaussianBlur(ink, (0, 0), blur), cv2.GaussianBlur(alpha, (0, 0), blur)[..., None]
    alpha = alpha * r.uniform(.88, 1)
    place[:] = (place * (1 - alpha) + ink * alpha).astype(np.uint8)


def slanted(x1, y1, x2, y2, r):
    """Four corners inside a box, as a flat thing in it seen from somewhere else; it touches all four sides."""
    width, height = x2 - x1, y2 - y1
    slope = r.gauss(0, .08) * width if r.random() < .7 else r.gauss(0, .25) * width
    slope = math.copysign(min(abs(slope), height * .45), slope)
    down, up = max(0, slope), max(0, -slope)
    nearer, lean = r.uniform(0, .12) * height * r.choice((0, 1)), r.gauss(0, .05) * width
    left, right = max(0, lean), max(0, -lean)
    return np.float32([[x1 + left, y1 + up], [x2 - right, y1 + down + nearer], [x2 - left, y2 - up - nearer], [x1 + right, y2 - down]])
