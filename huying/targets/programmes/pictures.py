"""Evidence for the demonstration, drawn here: flat illustrations of a place before the work and after it."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw

SIZE = (640, 480)
_HORIZON = 250
Pen = ImageDraw.ImageDraw
Scene = Callable[[Pen, bool], None]


def _houses(pen: Pen, wall: str, window: str, roof: str = "") -> None:
    for left, top in ((20, 110), (225, 80), (430, 120)):
        pen.rectangle((left, top, left + 185, _HORIZON), fill=wall, outline="#8d867c")
        if roof:
            pen.rectangle((left - 6, top - 14, left + 191, top), fill=roof)
        for x in range(left + 18, left + 150, 44):
            for y in range(top + 18, _HORIZON - 34, 46):
                pen.rectangle((x, y, x + 24, y + 28), fill=window, outline="#7b8790")


def _road(pen: Pen, done: bool) -> None:
    _houses(pen, "#cbbda9", "#e9eef2")
    pen.rectangle((0, _HORIZON, 640, 480), fill="#4d5053" if done else "#a48f72")
    if done:
        pen.rectangle((0, _HORIZON, 640, 276), fill="#c3bdb2")
        for x in range(-20, 640, 110):
            pen.polygon(((x, 372), (x + 62, 372), (x + 56, 382), (x - 6, 382)), fill="#f1eee2")
        return
    for x, y in ((60, 330), (240, 300), (420, 370), (180, 420)):
        pen.ellipse((x, y, x + 130, y + 42), fill="#7f6a4f")
    pen.polygon(((480, 262), (560, 262), (620, 320), (430, 320)), fill="#8b7758")
    for x in range(30, 620, 120):
        pen.rectangle((x, 252, x + 64, 272), fill="#e0552f")


def _estate(pen: Pen, done: bool) -> None:
    if done:
        _houses(pen, "#e3d2b4", "#dbe9f1", roof="#a5483a")
    else:
        _houses(pen, "#9c968c", "#5c6268")
        for x in (70, 270, 300, 500):
            pen.line((x, 130, x + 8, _HORIZON), fill="#6b655d", width=5)
    pen.rectangle((0, _HORIZON, 640, 480), fill="#b9b4a9" if done else "#8d8474")
    for x in range(40, 620, 96):
        if done:
            pen.ellipse((x, 280, x + 60, 330), fill="#5f9350")
        else:
            pen.ellipse((x, 300, x + 70, 336), fill="#5d5346")


def _river(pen: Pen, done: bool) -> None:
    pen.rectangle((0, _HORIZON - 60, 640, 480), fill="#7fa765" if done else "#8b8760")
    pen.polygon(((230, 190), (410, 190), (640, 480), (0, 480)), fill="#6fa7c4" if done else "#5f6b4a")
    if done:
        pen.line(((230, 190), (0, 480)), fill="#d8d2c3", width=14)
        pen.line(((410, 190), (640, 480)), fill="#d8d2c3", width=14)
        return
    for x, y in ((250, 260), (180, 350), (360, 320), (300, 420), (420, 410)):
        pen.ellipse((x, y, x + 90, y + 34), fill="#474c33")
    pen.rectangle((330, 270, 350, 292), fill="#d9d4c6")


def _lane(pen: Pen, done: bool) -> None:
    _houses(pen, "#d8c6a6", "#cfd9de", roof="#7b5a46")
    pen.rectangle((0, _HORIZON, 640, 480), fill="#8fa06a")
    pen.polygon(((260, 250), (380, 250), (560, 480), (80, 480)), fill="#c9c6bd" if done else "#84704f")
    if done:
        for y in range(290, 480, 60):
            pen.line((260 - (y - 250) * 0.78, y, 380 + (y - 250) * 0.78, y), fill="#a9a69d", width=3)
    else:
        pen.ellipse((230, 330, 360, 372), fill="#5d6f78")
        pen.ellipse((330, 410, 500, 450), fill="#5d6f78")


def _clinic(pen: Pen, done: bool) -> None:
    pen.rectangle((0, 0, 640, 480), fill="#1f2b3a")
    pen.rectangle((0, 340, 640, 480), fill="#2b3036")
    pen.rectangle((150, 130, 490, 340), fill="#e9e4d8" if done else "#5a5e63")
    for x in (190, 380):
        pen.rectangle((x, 190, x + 70, 260), fill="#ffe08a" if done else "#2c3137")
    pen.rectangle((285, 230, 355, 340), fill="#bfe0e8" if done else "#3b4046")
    if done:
        pen.rectangle((300, 146, 340, 186), fill="#ffffff")
        pen.rectangle((315, 150, 325, 182), fill="#c2352b")
        pen.rectangle((304, 161, 336, 171), fill="#c2352b")
        pen.polygon(((285, 340), (355, 340), (430, 480), (210, 480)), fill="#6f684e")


def _care(pen: Pen, done: bool) -> None:
    pen.rectangle((0, 0, 640, 480), fill="#efe6d6" if done else "#b4aea5")
    pen.rectangle((0, 360, 640, 480), fill="#c79d6b" if done else "#85807a")
    pen.rectangle((60, 60, 240, 210), fill="#cfe6f2" if done else "#8c9499", outline="#7b8790", width=6)
    if done:
        pen.line((300, 300, 620, 300), fill="#8a5a34", width=10)
        for x in (320, 460):
            pen.rectangle((x, 240, x + 110, 262), fill="#3f8277")
            pen.rectangle((x, 262, x + 14, 380), fill="#3f8277")
            pen.rectangle((x + 96, 262, x + 110, 380), fill="#3f8277")
        pen.ellipse((100, 300, 250, 400), fill="#b5643c")
    else:
        for x, y in ((330, 290), (430, 320), (380, 240)):
            pen.rectangle((x, y, x + 110, y + 70), fill="#8f7650", outline="#6f5a3b", width=4)


def _parking(pen: Pen, done: bool) -> None:
    _houses(pen, "#c9cfd3", "#e9eef2")
    pen.rectangle((0, _HORIZON, 640, 480), fill="#63676a")
    if done:
        for x in range(40, 640, 120):
            pen.line((x, 300, x - 30, 440), fill="#f4f1e4", width=7)
    cars = ((66, 330), (306, 330), (426, 330)) if done else ((40, 300), (150, 372), (330, 290), (380, 400))
    for (x, y), colour in zip(cars, ("#a33b34", "#39639b", "#d8d6cf", "#4d7a53"), strict=False):
        pen.rectangle((x, y, x + 78 if done else x + 130, y + 62), fill=colour, outline="#2f3133", width=3)


def _charging(pen: Pen, done: bool) -> None:
    _houses(pen, "#d7cbb9", "#e9eef2")
    pen.rectangle((0, _HORIZON, 640, 480), fill="#a8a49b")
    if done:
        pen.polygon(((90, 200), (560, 200), (600, 236), (50, 236)), fill="#2f7a74")
        for x in (80, 320, 560):
            pen.rectangle((x, 236, x + 12, 400), fill="#6d7376")
        for x in range(130, 540, 100):
            pen.rectangle((x, 270, x + 26, 314), fill="#f2f2ee", outline="#2f7a74", width=3)
    else:
        for x, y in ((300, 150), (330, 170), (360, 160)):
            pen.line((x, y, x - 140, 360), fill="#1f1f1f", width=4)
    for x in range(120, 520, 130):
        pen.ellipse((x, 370, x + 44, 414), outline="#26282a", width=7)
        pen.ellipse((x + 66, 370, x + 110, 414), outline="#26282a", width=7)
        pen.line((x + 22, 392, x + 60, 352, x + 88, 392), fill="#8b2f2a", width=7)


def _parcels(pen: Pen, done: bool) -> None:
    _houses(pen, "#dcc9a7", "#cfd9de", roof="#7b5a46")
    pen.rectangle((0, _HORIZON, 640, 480), fill="#b5ad9a")
    if not done:
        return
    pen.rectangle((210, 140, 430, 340), fill="#f3efe4", outline="#2c6d8f", width=8)
    pen.rectangle((210, 140, 430, 176), fill="#2c6d8f")
    for x in range(236, 400, 58):
        for y in (200, 252, 304):
            pen.rectangle((x, y, x + 46, y + 34), fill="#b98a52", outline="#7d5b33", width=3)


SCENES: dict[str, Scene] = {
    "road": _road, "estate": _estate, "river": _river, "lane": _lane, "clinic": _clinic, "care": _care,
    "parking": _parking, "charging": _charging, "parcels": _parcels,
}  # fmt: skip


@cache
def drawn(scene: str, done: bool) -> bytes:
    """A picture of one of SCENES as it was, or as it is when the work is done."""
    image = Image.new("RGB", SIZE, "#c9dbe6" if done else "#cfd2d2")
    pen = ImageDraw.Draw(image)
    SCENES[scene](pen, done)
    pen.text((14, SIZE[1] - 30), "illustration", fill="#f4f1e8", font_size=18)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
