"""Printed labels: a QR code that leads to the thing, and beside it what a person without a phone can read.

The code holds the address `/i/<label>/` of this installation. Level M repairs 15 % of a scratched code; the letters
beside it can be typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segno
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.errors import Refusal
from huying.places.district import current_district
from huying.registry.models import Item
from huying.registry.public import named_things

# A part of a long print: ten sheets of the smallest labels, a few seconds of work.
PART = 240
_STYLE = Path(__file__).parent / "static/huying/registry/labels.css"


@dataclass(frozen=True)
class Size:
    """One kind of label: how many on a sheet of A4."""

    code: str
    title: Promise
    per_sheet: int
    words: Promise

    def sheets(self, labels: int) -> int:
        """How many sheets of A4 these labels need."""
        return -(-labels // self.per_sheet)


SIZES: dict[str, Size] = {
    size.code: size
    for size in (
        Size("sheet", gettext_lazy("小标签"), 24, gettext_lazy("A4 不干胶，3 列 8 行，每张 70 × 37 毫米")),
        Size("large", gettext_lazy("大标签"), 8, gettext_lazy("A4，2 列 4 行，每张 105 × 74 毫米，贴设施、门店")),
        Size("sign", gettext_lazy("整张标志牌"), 1, gettext_lazy("A4 一张一块，立在路口、挂在墙上")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Label:
    """What is printed for one thing."""

    register: str
    title: str
    title_en: str
    code: str
    letters: str
    qr: SafeString
    lines: tuple[str, ...] = ()


def letters_of(label: str) -> str:
    """The label as people read it: BCDF-2345."""
    return f"{label[:4]}-{label[4:]}"


def label_of(item: Item, site: str) -> Label:
    """The label of a thing; a sign carries the name of its road. `site` is this installation: https://huying.example."""
    url = site.rstrip("/") + reverse("portal:scan", args=[item.label])
    code = segno.make(url, error="m", micro=False)
    drawn = mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None))
    named = next(iter(named_things(item)), None)
    shown = named or item
    title = shown.title if shown.rules.public else ""
    lines = [item.title] if named is not None and item.rules.public else []
    if named is not None and named.data.get("start") and named.data.get("end"):
        lines = [f"{named.data['start']} — {named.data['end']}"]
    english = shown.road.title_en if named is not None and shown.road is not None else ""
    return Label(str(item.register), title, english, item.code, letters_of(item.label), drawn, tuple(lines))


def labels_pdf(items: Sequence[Item], size: Size, site: str) -> bytes:
    """These labels as a PDF on A4.

    Raises Refusal where the machine lacks what WeasyPrint needs.
    """
    try:
        from weasyprint import CSS, HTML
    except (ImportError, OSError) as error:
        raise Refusal(
            _("这台服务器缺少生成 PDF 的系统组件（Pango），请管理员运行 huying doctor。")
        ) from error
    labels = [label_of(item, site) for item in items]
    sheets = [labels[start : start + size.per_sheet] for start in range(0, len(labels), size.per_sheet)]
    district = current_district()
    page = render_to_string(
        "registry/labels_pdf.html",
        {
            "sheets": sheets, "size": size, "district": district.title if district else "",
            "hotline": (district.hotline if district else "") or "12345",
        },
    )  # fmt: skip
    made: bytes = HTML(string=page, url_fetcher=_fetch_nothing).write_pdf(
        stylesheets=[CSS(filename=str(_STYLE))]
    )
    return made


def _fetch_nothing(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """A label is words and a drawn code: nothing that its words might name is ever fetched."""
    raise ValueError(f"labels fetch nothing: {url}")
