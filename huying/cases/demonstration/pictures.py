"""Pictures for the demonstration, drawn here: flat illustrations of a problem, and of the same spot mended."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from huying.core.files import store_photo
from huying.core.models import StoredFile

SIZE = (960, 720)
_HORIZON = 400
_STYLES = 3
_SKIES = ("#bfd7e6", "#d9dfe3", "#cfe0cf")
_WALLS = (("#c9b8a3", "#b4a08a"), ("#b9c2c9", "#9aa6af"), ("#d3c4b8", "#bba998"))
Pen = ImageDraw.ImageDraw


def _street(style: int) -> tuple[Image.Image, Pen]:
    """Houses, a footway and a road: what every picture begins with."""
    image = Image.new("RGB", SIZE, _SKIES[style])
    pen = ImageDraw.Draw(image)
    light, dark = _WALLS[style]
    for column, (left, top) in enumerate(((0, 150), (330, 90), (640, 190))):
        right = left + 300
        pen.rectangle((left, top, right, _HORIZON), fill=light if column % 2 else dark)
        for x in range(left + 30, right - 40, 66):
            for y in range(top + 30, _HORIZON - 50, 70):
                pen.rectangle((x, y, x + 34, y + 42), fill="#e9eef2", outline="#7b8790")
    pen.rectangle((0, _HORIZON, SIZE[0], 470), fill="#b7b2a8")
    pen.rectangle((0, 470, SIZE[0], SIZE[1]), fill="#6d7073")
    for x in range(-40 + style * 30, SIZE[0], 150):
        pen.polygon(((x, 610), (x + 80, 610), (x + 70, 622), (x - 10, 622)), fill="#e8e4d6")
    return image, pen


def _cover(pen: Pen, mended: bool) -> None:
    pen.ellipse((400, 520, 580, 600), fill="#3c3e40", outline="#2a2b2c", width=6)
    if mended:
        pen.ellipse((408, 526, 572, 592), fill="#8a8d90", outline="#55585a", width=4)
        for x in range(430, 560, 24):
            pen.line((x, 540, x, 580), fill="#6b6e70", width=5)
    else:
        pen.ellipse((414, 532, 566, 594), fill="#0d0e0f")
        pen.line((470, 470, 500, 560), fill="#7a5a36", width=8)


def _pothole(pen: Pen, mended: bool) -> None:
    shape = ((330, 560), (400, 530), (520, 535), (610, 560), (580, 620), (460, 640), (350, 610))
    pen.polygon(shape, fill="#4b4d50" if mended else "#3a332c")
    if not mended:
        pen.polygon(((370, 570), (480, 550), (560, 575), (470, 615)), fill="#5f7f94")


def _lamp(pen: Pen, mended: bool) -> None:
    pen.rectangle((0, 0, *SIZE), fill="#1d2733")
    pen.rectangle((0, 470, *SIZE), fill="#2b2e33")
    if mended:
        pen.polygon(((480, 190), (560, 190), (760, 690), (280, 690)), fill="#57523f")
        pen.ellipse((470, 160, 570, 210), fill="#ffe9a8")
    else:
        pen.ellipse((470, 160, 570, 210), fill="#4a4f55")
    pen.rectangle((604, 160, 620, 560), fill="#8b9197")
    pen.rectangle((520, 150, 620, 164), fill="#8b9197")


def _rubbish(pen: Pen, mended: bool) -> None:
    pen.rectangle((600, 380, 720, 480), fill="#3f7d52", outline="#2c5a3a", width=5)
    if not mended:
        for x, y, colour in (
            (380, 470, "#2b2b2b"),
            (450, 490, "#e5e0d0"),
            (520, 470, "#3b5b8c"),
            (570, 505, "#222222"),
        ):
            pen.ellipse((x, y, x + 90, y + 60), fill=colour)


def _water(pen: Pen, mended: bool) -> None:
    if mended:
        for x in range(430, 540, 18):
            pen.rectangle((x, 600, x + 8, 640), fill="#2c2e30")
    else:
        pen.ellipse((180, 500, 800, 690), fill="#7f9aa8")
        pen.ellipse((260, 540, 700, 660), fill="#93adba")


def _tree(pen: Pen, mended: bool) -> None:
    pen.rectangle((470, 300, 500, 480), fill="#6e4f35")
    for x, y in ((400, 160), (470, 120), (520, 190), (420, 230)):
        pen.ellipse((x, y, x + 140, y + 120), fill="#5f8f4e")
    if not mended:
        pen.line((500, 300, 760, 480), fill="#6e4f35", width=18)
        pen.ellipse((680, 400, 840, 500), fill="#5f8f4e")


def _stall(pen: Pen, mended: bool) -> None:
    if mended:
        return
    pen.polygon(((340, 350), (620, 350), (660, 400), (300, 400)), fill="#c2573f")
    pen.rectangle((330, 440, 630, 490), fill="#9a7048")
    for x in range(340, 620, 40):
        pen.ellipse((x, 420, x + 34, 450), fill="#5c9a47")


_SCENES: dict[str, Callable[[Pen, bool], None]] = {
    "covers": _cover,
    "roads": _pothole,
    "lighting": _lamp,
    "water": _water,
    "drainage": _water,
    "greening": _tree,
    "street-order": _stall,
    "parking": _stall,
}


class Pictures:
    """The drawn pictures, each kept once."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, int], tuple[StoredFile, StoredFile]] = {}
        self._after: dict[int, StoredFile] = {}

    def before(self, topic: str, draw: random.Random) -> StoredFile:
        """A picture of a problem of this large topic."""
        scene = _SCENES.get(topic, _rubbish)
        style = draw.randrange(_STYLES)
        key = (scene.__name__, style)
        if key not in self._pairs:
            first, second = (self._drawn(scene, style, mended) for mended in (False, True))
            self._pairs[key] = first, second
            self._after[first.pk] = second
        return self._pairs[key][0]

    def after(self, before: StoredFile) -> StoredFile:
        """The same spot, mended."""
        return self._after[before.pk]

    @staticmethod
    def _drawn(scene: Callable[[Pen, bool], None], style: int, mended: bool) -> StoredFile:
        image, pen = _street(style)
        scene(pen, mended)
        pen.text((20, SIZE[1] - 40), "illustration", fill="#f4f1e8", font_size=24)
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)  # kept as JPEG
        buffer.seek(0)
        return store_photo(buffer)
