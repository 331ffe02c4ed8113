"""Labels to print: of the things of a list, or of a few that were named; a long print comes in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from huying.core.journal import log
from huying.people.guards import requires, signed_in
from huying.registry import policy
from huying.registry.display import crumbs
from huying.registry.labels import PART, SIZES, Size, label_of, labels_pdf
from huying.registry.models import Item, Register
from huying.registry.rules import RETIRED
from huying.registry.views.desk.lists import Items, Rows

_PREVIEWED = 6
_OWN = ("size", "part", "pdf")


@dataclass(frozen=True)
class Part:
    """Labels of one PDF: from the first to the last, counted from one."""

    number: int
    first: int
    last: int
    url: str


@require_safe
@requires(policy.VIEW)
def labels(request: HttpRequest, register: str) -> HttpResponse:
    """Choose a size, see how many labels and sheets it is, print."""
    found = get_object_or_404(Register, code=register, active=True)
    if found.rules.label == "none":
        raise Http404(_("这个名录不贴标牌。"))
    rows = _chosen(request, found)
    size = SIZES.get(request.GET.get("size", ""), SIZES["sheet"])
    if request.GET.get("pdf"):
        return _pdf(request, found, rows, size)
    total = rows.count()
    shown = list(rows[:_PREVIEWED])
    context: dict[str, Any] = {
        "register": found,
        "crumbs": crumbs(found),
        "total": total,
        "sizes": [(one, one.sheets(total), _query(request, size=one.code)) for one in SIZES.values()],
        "size": size,
        "parts": _parts(request, size, total),
        "labels": [label_of(item, _site(request)) for item in shown],
        "more": max(total - len(shown), 0),
        "narrowed": bool({*request.GET} - {*_OWN}),
    }
    return render(request, "registry/labels.html", context)


def _chosen(request: HttpRequest, register: Register) -> Rows:
    """The things named in the address, else those of the register's list under the same filters."""
    named = [code for text in request.GET.getlist("items") for code in text.split(",") if code]
    if named:
        rows = policy.items_for(request.user).filter(register=register, code__in=named).exclude(state=RETIRED)
    else:
        listed = Items()
        listed.setup(request, register=register.code)
        rows = listed.rows.exclude(state=RETIRED)
    return rows.select_related("register", "road").order_by("code")


def _pdf(request: HttpRequest, register: Register, rows: Rows, size: Size) -> HttpResponse:
    number = request.GET.get("part", "1")
    start = (
        (int(number) - 1) * PART
        if number.isascii() and number.isdecimal() and 0 < int(number) < 10_000
        else 0
    )
    items: list[Item] = list(rows[start : start + PART])
    if not items:
        raise Http404(_("没有要打印的标牌。"))
    user = signed_in(request)
    made = labels_pdf(items, size, _site(request))
    log(
        user, "item.labels_printed", actor=user, register=register.code, size=size.code, labels=len(items),
        first=items[0].code, last=items[-1].code,
    )  # fmt: skip
    response = HttpResponse(made, content_type="application/pdf")
    name = f"{register.code}-{items[0].code}-{items[-1].code}.pdf".replace("/", "_")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _parts(request: HttpRequest, size: Size, total: int) -> list[Part]:
    return [
        Part(
            number,
            first + 1,
            min(first + PART, total),
            _query(request, size=size.code, pdf="1", part=str(number)),
        )
        for number, first in enumerate(range(0, total, PART), 1)
    ]


def _query(request: HttpRequest, **more: str) -> str:
    query = request.GET.copy()
    for name in _OWN:
        query.pop(name, None)
    for name, value in more.items():
        query[name] = value
    return f"?{query.urlencode()}"


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")
