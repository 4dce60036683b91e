"""Fixed bad conditions to validate under: the same picture, made worse in one way, always alike."""
import cv2
import numpy as np


def dark(bgr):
    """A sixth of the light, and the noise of the amplified sensor."""
    noise = np.random.default_rng(bgr.shape[1]).normal(0, 6, bgr.shape)
    return (bgr / 6. + noise).clip(0, 255).astype(np.uint8)


def grey(bgr):
    """As infra-red cameras show it: no colour, hard contrast."""
    luma = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(((luma.astype(np.float32) - 40) * 1.4).clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def moving(bgr):
    """Seven pixels of horizontal motion."""
    return cv2.blur(bgr, (7, 1))


def compressed(bgr):
    """JPEG at quality 15, as a thrifty recorder's key frame."""
    return cv2.imdecode(cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, 15])[1], cv2.IMREAD_COLOR)


CONDITIONS = {'plain': lambda bgr: bgr, 'dark': dark, 'grey': grey, 'moving': moving, 'compressed': compressed}
