"""Renovated compounds one by one, from the register that the pack names: buildings, households, works, share done."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.core.pages import address
from huying.core.photo_links import photo_url
from huying.core.spreadsheets import export_xlsx
from huying.people.guards import requires, signed_in
from huying.registry.models import Item, Register
from huying.registry.policy import items_for
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import VIEW


def _number(item: Item, key: str) -> int:
    value = item.data.get(key)
    try:
        return int(float(value)) if value not in (None, "") else 0
    except (TypeError, ValueError):
        return 0


def compounds(user: Any) -> tuple[Register | None, list[Item]]:
    """The register and its things that the reader may see, in use, newest year first."""
    code = project_rules().renovation
    register = Register.objects.filter(code=code, active=True).first() if code else None
    if register is None:
        return None, []
    rows = list(
        items_for(user).filter(register=register).exclude(state="retired").select_related("keeper", "register")
        .defer("search", "words").order_by("code")
    )  # fmt: skip
    rows.sort(key=lambda item: (-_number(item, "year"), item.code))
    return register, rows


def sums_of(rows: list[Item]) -> dict[str, int]:
    """How many compounds, buildings, households, and how many of them are done."""
    done = [item for item in rows if item.state == "finished"]
    return {
        "compounds": len(rows), "buildings": sum(_number(item, "buildings") for item in rows),
        "households": sum(_number(item, "households") for item in rows), "done": len(done),
        "done_households": sum(_number(item, "households") for item in done),
        "under_way": sum(item.state == "under way" for item in rows),
    }  # fmt: skip


@never_cache
@require_safe
@requires(VIEW)
def renovation(request: HttpRequest) -> HttpResponse:
    """Compound by compound, with the sums of what is shown; before and after side by side where there are photos."""
    user = signed_in(request)
    register, rows = compounds(user)
    years = sorted({_number(item, "year") for item in rows}, reverse=True)
    year, state = request.GET.get("year", ""), request.GET.get("state", "")
    chosen = [
        item for item in rows
        if (not year or str(_number(item, "year")) == year) and (not state or item.state == state)
    ]  # fmt: skip
    if request.GET.get("export") == "xlsx":
        return _export(chosen)
    states = {each.code: str(each) for each in register.rules.states} if register else {}
    found: list[dict[str, Any]] = [
        {
            "item": item, "state": states.get(item.state, item.state), "css": item.state.replace(" ", "-"),
            "year": _number(item, "year"), "buildings": _number(item, "buildings"),
            "households": _number(item, "households"), "done": min(_number(item, "done"), 100),
            "works": item.data.get("works") or [], "builder": item.data.get("builder", ""), "pair": _pair(item),
        }
        for item in chosen
    ]  # fmt: skip
    context = {
        "register": register, "rows": found, "sums": sums_of(chosen), "years": years, "year": year, "state": state,
        "states": [(code, word) for code, word in states.items() if code != "retired"],
        "by_year": [(one, sums_of([item for item in rows if _number(item, "year") == one])) for one in years],
        "export_url": address(request, export="xlsx"), "page_url": reverse("targets:renovation"),
    }  # fmt: skip
    return render(request, "targets/projects/renovation.html", context)


def _pair(item: Item) -> dict[str, Any] | None:
    """Its oldest photo and its newest one."""
    files = (
        [row.file for row in item.photos.select_related("file").order_by("pk")]
        if hasattr(item, "photos")
        else []
    )
    if len(files) < 2:
        return None
    return {
        "before": {"url": photo_url(files[0]), "alt": _("改造前")},
        "after": {"url": photo_url(files[-1]), "alt": _("改造后")},
    }


def _export(rows: list[Item]) -> Any:
    columns = [
        (_("编号"), lambda item: item.code), (_("小区"), lambda item: item.title),
        (_("年度"), lambda item: _number(item, "year")), (_("楼栋"), lambda item: _number(item, "buildings")),
        (_("户数"), lambda item: _number(item, "households")),
        (_("改造内容"), lambda item: "、".join(item.data.get("works") or [])),
        (_("完成比例（%）"), lambda item: _number(item, "done")), (_("状态"), lambda item: item.state),
        (_("施工单位"), lambda item: item.data.get("builder", "")),
    ]  # fmt: skip
    return export_xlsx(_("老旧小区改造"), columns, rows)
