"""The pack that `huying pack new` writes: small, commented, and complete enough to load and to report with."""

from __future__ import annotations

import json
import re
from pathlib import Path

from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

DEFAULT_CODE = "990101"  # no district has it (GB/T 2260)
TEMPLATE = Path(__file__).with_name("starter")
WEST, SOUTH = 113.30, 33.70
WIDTH, HEIGHT = 0.02, 0.015  # degrees of one grid: about 1.8 by 1.7 km
# Community: its subdistrict and where it lies, in grids. Each has two grids, one above the other.
COMMUNITIES = {"001001": ("001", 0), "001002": ("001", 1), "002001": ("002", 2)}


def write_starter(path: Path, code: str = "") -> list[str]:
    """Write the pack into a new or empty folder; the names of its files.

    `code` is the six-digit code of the district. FileExistsError when the folder holds files, ValueError
    when the code is not one.
    """
    code = code or DEFAULT_CODE
    if not re.fullmatch(r"\d{6}", code):
        raise ValueError(Sentence(_("行政区划代码是六位数字，例如 410403，不是“%(code)s”。"), {"code": code}))
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(path)
    name = re.sub(r"[^a-z0-9]+", "-", path.resolve().name.lower()).strip("-") or "district"
    files = {}
    for file in TEMPLATE.rglob("*.*"):
        text = file.read_text(encoding="utf-8").replace("@CODE@", code).replace("@NAME@", name)
        files[file.relative_to(TEMPLATE).as_posix()] = text
    files["places/boundaries/district.geojson"] = boundaries(code)
    for name, text in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return sorted(files)


def boundaries(code: str) -> str:
    """Rectangles that nest: a district of three columns and two rows of grids."""
    features = [
        _rectangle(code, 0, 3, 0, 2),
        _rectangle(f"{code}001", 0, 2, 0, 2),
        _rectangle(f"{code}002", 2, 1, 0, 2),
    ]
    for community, (_subdistrict, column) in COMMUNITIES.items():
        features.append(_rectangle(f"{code}{community}", column, 1, 0, 2))
        features += [_rectangle(f"{code}{community}00{row + 1}", column, 1, row, 1) for row in (0, 1)]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"


def _rectangle(code: str, column: int, columns: int, row: int, rows: int) -> str:
    # Every corner that neighbours share is a corner here too, so that nothing gapes after rounding.
    across = [round(WEST + WIDTH * number, 6) for number in range(column, column + columns + 1)]
    up = [round(SOUTH + HEIGHT * number, 6) for number in range(row, row + rows + 1)]
    ring = [[x, up[0]] for x in across] + [[across[-1], y] for y in up[1:]]
    ring += [[x, up[-1]] for x in across[-2::-1]] + [[across[0], y] for y in up[-2::-1]]
    feature = {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return json.dumps(feature, separators=(",", ":"))
