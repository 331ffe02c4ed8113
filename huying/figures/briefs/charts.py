"""A bar chart as a PNG, drawn on the server: papers need a picture that Word and PDF both take.

Drawn with Pillow, which the project has for photos. The face is found by fontconfig; where there is no Chinese one the
bars are numbered from 1 and the table beside the chart says which is which.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

WIDTH, ROW, GAP, EDGE = 1240, 44, 16, 24  # pixels; printed at 156 mm that is 200 to the inch
MOST_COLUMNS = 14
_INK, _SOFT, _BAR, _LINE = "#1c2a2b", "#5a6b6c", "#2f6f73", "#c9d6d6"
Bar = tuple[str, Fraction, str]  # label, value, value in words


def bar_chart(bars: Sequence[Bar]) -> bytes:
    """The bars as a PNG: upright where there are few short labels (months), else lying."""
    face = _face(24)
    labels = [
        label if _readable(label) else str(number) for number, (label, _v, _w) in enumerate(bars, start=1)
    ]
    upright = 1 < len(bars) <= MOST_COLUMNS and all(len(label) <= 7 for label in labels)
    picture = _upright(bars, labels, face) if upright else _lying(bars, labels, face)
    out = io.BytesIO()
    picture.quantize(32).save(out, "PNG", optimize=True, dpi=(200, 200))
    return out.getvalue()


def _upright(bars: Sequence[Bar], labels: Sequence[str], face: ImageFont.FreeTypeFont) -> Image.Image:
    height, floor, top = 520, 460, 60
    picture = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(picture)
    most = max((value for _l, value, _w in bars), default=Fraction(0)) or Fraction(1)
    step = (WIDTH - 2 * EDGE) / max(len(bars), 1)
    draw.line((EDGE, floor, WIDTH - EDGE, floor), fill=_LINE, width=2)
    for place, (_label, value, words) in enumerate(bars):
        middle = EDGE + step * (place + 0.5)
        high = int((floor - top) * max(value, Fraction(0)) / most)
        draw.rectangle((middle - step * 0.32, floor - high, middle + step * 0.32, floor), fill=_BAR)
        draw.text((middle, floor - high - 8), words, fill=_INK, font=face, anchor="mb")
        draw.text((middle, floor + 12), labels[place], fill=_SOFT, font=face, anchor="mt")
    return picture


def _lying(bars: Sequence[Bar], labels: Sequence[str], face: ImageFont.FreeTypeFont) -> Image.Image:
    height = 2 * EDGE + max(len(bars), 1) * (ROW + GAP) - GAP
    picture = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(picture)
    left = EDGE + int(max((face.getlength(label) for label in labels), default=0)) + 16
    right = WIDTH - EDGE - int(max((face.getlength(words) for _l, _v, words in bars), default=0)) - 16
    most = max((value for _l, value, _w in bars), default=Fraction(0)) or Fraction(1)
    for place, (_label, value, words) in enumerate(bars):
        top = EDGE + place * (ROW + GAP)
        long = int(max(right - left, 1) * max(value, Fraction(0)) / most)
        draw.text((left - 16, top + ROW / 2), labels[place], fill=_SOFT, font=face, anchor="rm")
        draw.rectangle((left, top, left + max(long, 2), top + ROW), fill=_BAR)
        draw.text((left + max(long, 2) + 10, top + ROW / 2), words, fill=_INK, font=face, anchor="lm")
    return picture


def _readable(label: str) -> bool:
    return label.isascii() or bool(_face_file())


@lru_cache(maxsize=4)
def _face(size: int) -> ImageFont.FreeTypeFont:
    file = _face_file()
    found = ImageFont.truetype(file, size) if file else ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


@lru_cache(maxsize=1)
def _face_file() -> str:
    """The file of a face with Chinese characters; empty where the machine has none."""
    command = ["fc-match", "-f", "%{file}|%{lang}", "Noto Sans CJK SC:lang=zh-cn"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    file, _bar, languages = said.partition("|")
    return file if "zh-cn" in languages and file.endswith((".ttc", ".otf", ".ttf")) else ""
