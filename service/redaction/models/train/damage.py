"""What cameras and recorders do to a picture: blur, low resolution, darkness, infra-red grey, noise, compression.

The teacher never sees it; the network learns to answer as if it were not there.
"""
import math

import cv2
import numpy as np


def damaged(crop, r, numpy):
    """BGR uint8 [h, w, 3] -> the same shape. `r` and `numpy` are the two random generators."""
    if r.random() < .12:
        crop = cv2.filter2D(crop, -1, motion(r))
    if r.random() < .15:
        crop = cv2.GaussianBlur(crop, (0, 0), r.uniform(.4, 1.4))
    if r.random() < .12:
        crop = coarse(crop, r)
    if r.random() < .08:
        crop = cv2.addWeighted(crop, 1.8, cv2.GaussianBlur(crop, (0, 0), 1.2), -.8, 0)
    crop = toned(crop, r)
    if r.random() < .3:
        crop = noisy(crop, r, numpy)
    if r.random() < .5:
        quality = int(math.exp(r.uniform(math.log(12), math.log(90))))
        crop = cv2.imdecode(cv2.imencode('.jpg', crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return crop


def motion(r):
    """A line as a kernel, mostly horizontal as people walk."""
    size = r.choice((3, 5, 5, 7, 9))
    angle = r.uniform(0, math.pi) if r.random() < .4 else r.gauss(0, .2)
    x, y, middle = math.cos(angle) * size / 2, math.sin(angle) * size / 2, size // 2
    kernel = np.zeros((size, size), np.float32)
    cv2.line(kernel, (round(middle - x), round(middle - y)), (round(middle + x), round(middle + y)), 1)
    return kernel / kernel.sum()


def coarse(crop, r):
    height, width = crop.shape[:2]
    k = r.uniform(.45, .9)
    small = cv2.resize(crop, (int(width * k), int(height * k)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=r.choice((cv2.INTER_LINEAR, cv2.INTER_NEAREST, cv2.INTER_CUBIC)))


def toned(crop, r):
    """Gamma, gain, offset and white balance; one in six grey, some washed out or garish."""
    gamma = r.uniform(1.5, 2.8) if r.random() < .12 else math.exp(r.gauss(0, .25))
    gain = r.uniform(.12, .5) if r.random() < .1 else r.uniform(.7, 1.2)
    offset = r.gauss(0, 10) if r.random() < .5 else 0
    kind = r.random()
    tint = [1, 1, 1] if kind < .17 or r.random() < .5 else [r.uniform(.8, 1.2) for _ in range(3)]
    if kind < .25:
        grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        colour = 0 if kind < .17 else r.uniform(.3, 1.6)
        crop = cv2.addWeighted(crop, colour, grey, 1 - colour, 0)
    curve = 255 * gain * (np.arange(256) / 255) ** gamma
    table = np.stack([curve * t + offset for t in tint], 1).clip(0, 255).astype(np.uint8)
    return cv2.LUT(crop, table[None])


def noisy(crop, r, numpy):
    height, width = crop.shape[:2]
    noise = numpy.standard_normal((height, width, r.choice((1, 3))), dtype=np.float32)
    if r.random() < .3:
        noise = cv2.GaussianBlur(noise, (3, 3), 0).reshape(height, width, -1)
    strength = r.uniform(2, 16) * (1 if r.random() < .8 else 1.8)
    return (crop + noise * strength).clip(0, 255).astype(np.uint8)
