"""Haar cascades of OpenCV, frame by frame: haar.py IN OUT [ffmpeg encoder arguments]. Needs opencv-python-headless below 5 and ffmpeg."""
import subprocess
import sys

import cv2

GROW = 1.3


def main(source, target, *encoder):
    names = ['haarcascade_frontalface_default.xml', 'haarcascade_russian_plate_number.xml']
    cascades = [cv2.CascadeClassifier(cv2.data.haarcascades + name) for name in names]
    clip = cv2.VideoCapture(source)
    width, height = (int(clip.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    raw = ['-f', 'rawvideo', '-pix_fmt', 'bgr24', '-s', f'{width}x{height}', '-r', str(clip.get(cv2.CAP_PROP_FPS))]
    ffmpeg = subprocess.Popen(['ffmpeg', '-v', 'error', '-y', *raw, '-i', '-', *encoder, target], stdin=subprocess.PIPE)
    while True:
        there, frame = clip.read()
        if not there:
            break
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        for cascade in cascades:
            for x, y, w, h in cascade.detectMultiScale(grey, 1.1, 3):
                dx, dy = w * (GROW - 1) / 2, h * (GROW - 1) / 2
                corner, opposite = (int(x - dx), int(y - dy)), (int(x + w + dx), int(y + h + dy))
                cv2.rectangle(frame, corner, opposite, (0, 0, 0), -1)
        ffmpeg.stdin.write(frame.tobytes())
    ffmpeg.stdin.close()
    sys.exit(ffmpeg.wait())


main(*sys.argv[1:])
