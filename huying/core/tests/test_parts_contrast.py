"""Text can be read: WCAG AA contrast of the colour tokens, in both themes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = Path(settings.BASE_DIR) / "huying/static/huying/css/tokens.css"
GROUNDS = ("ground", "surface")
TEXT = [
    (ink, ground) for ink in ("ink", "ink-soft", "accent", "accent-strong") for ground in (*GROUNDS, "sunken")
]
TEXT += [
    (colour, ground)
    for colour in ("blue", "yellow", "red", "green")
    for ground in (*GROUNDS, f"{colour}-soft")
]
TEXT += [
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("accent-strong", "accent-soft"),
    ("accent", "accent-soft"),
]
TEXT += [
    ("ink", "accent-soft"),
    *(("ink", f"{colour}-soft") for colour in ("blue", "yellow", "red", "green")),
]
SHAPES = [("line-strong", ground) for ground in GROUNDS] + [("focus", ground) for ground in GROUNDS]


def blocks() -> dict[str, dict[str, str]]:
    """The colours of the light, dark and system-dark blocks."""
    found = re.findall(r"(:root|\[data-theme=\"\w+\"\]) \{(.*?)\}", TOKENS.read_text(encoding="utf-8"), re.S)
    return {name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body)) for name, body in found}


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [":root", '[data-theme="dark"]'])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_stands_out_from_its_ground(theme: str, ink: str, ground: str) -> None:
    colours = blocks()[theme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", [":root", '[data-theme="dark"]'])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_borders_of_controls_and_the_focus_ring_stand_out(theme: str, shape: str, ground: str) -> None:
    colours = blocks()[theme]
    assert contrast(colours[shape], colours[ground]) >= 3


def test_the_dark_theme_is_the_same_whether_chosen_or_set_by_the_system() -> None:
    assert blocks()['[data-theme="dark"]'] == blocks()['[data-theme="auto"]']
