"""The war map: one printable sheet, a wall screen, a list on the phone, a page for each task."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.language import is_english
from huying.core.navigation import build
from huying.core.pages import Column, Filter, ListPage
from huying.core.photo_links import photo_url
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, requires, signed_in
from huying.targets.projects import policy
from huying.targets.projects.actions import war_map as actions
from huying.targets.projects.forms import CheckItemForm, ReportItemForm, UndoForm
from huying.targets.projects.lookups import LIGHTS, any_choice, light_badge
from huying.targets.projects.models import WarMap, WarMapItem
from huying.targets.projects.policy import VIEW, map_items_for
from huying.targets.projects.story import story
from huying.targets.projects.views.lists import open_url
from huying.targets.projects.views.project import refuse


def _items(user: Any, found: WarMap) -> list[WarMapItem]:
    rows = map_items_for(user).filter(war_map=found).select_related("owner", "war_map")
    return list(rows.order_by("position", "code"))


@never_cache
@require_safe
@requires(VIEW)
def maps(request: HttpRequest) -> HttpResponse:
    """All war maps, with their lights counted."""
    user = signed_in(request)
    rows = []
    for found in WarMap.objects.filter(active=True):
        items = _items(user, found)
        rows.append(
            {"map": found, "about": _about(found), "lights": _lights(found, items), "count": len(items)}
        )
    return render(request, "targets/projects/war_maps.html", {"rows": rows})


def _about(found: WarMap) -> str:
    rules = found.rules
    return (rules.about_en if is_english() else "") or rules.about


def _lights(found: WarMap, items: list[WarMapItem]) -> list[dict[str, Any]]:
    today = timezone.localdate()
    lights = [item.light(today) for item in items]
    return [
        {
            "code": code.replace(" ", "-"), "word": word, "icon": icon, "n": lights.count(code),
            "url": open_url("war-map-items", map=found.code, light=code),
        }
        for code, (word, _colour, icon) in LIGHTS.items()
    ]  # fmt: skip


def map_for(code: str) -> WarMap:
    """The war map; 404 for one that there is not."""
    found = WarMap.objects.filter(code=code, active=True).first()
    if found is None:
        raise Http404(_("没有这张挂图。"))
    return found


@never_cache
@require_safe
@requires(VIEW)
def chart(request: HttpRequest, code: str) -> HttpResponse:
    """The sheet: classes, tasks, owners, deadlines, lights. `?wall=1` is dark and is read from far."""
    wall = request.GET.get("wall") == "1"
    context = {**chart_of(signed_in(request), map_for(code)), "wall": wall}
    if wall:
        context["navigation"] = build(request, "cockpit")
    return render(request, f"targets/projects/{'war_map_wall' if wall else 'war_map'}.html", context)


def chart_of(user: Any, found: WarMap) -> dict[str, Any]:
    """What stands on the sheet, for the page, the wall and the PDF."""
    items, today = _items(user, found), timezone.localdate()
    classes = []
    for key, word in found.rules.classes.items():
        mine = [
            {"item": item, "light": item.light(today).replace(" ", "-"), "word": LIGHTS[item.light(today)][0],
             "icon": LIGHTS[item.light(today)][2], "left": (item.deadline - today).days}
            for item in items if item.category == key
        ]  # fmt: skip
        if mine:
            done = sum(row["light"] == "done" for row in mine)
            classes.append({"code": key, "title": str(word), "items": mine, "done": done})
    return {
        "map": found, "about": _about(found), "classes": classes, "lights": _lights(found, items), "count": len(items),
        "today": today, "now": timezone.now(), "near": found.rules.near_days,
        "list_url": open_url("war-map-items", map=found.code),
    }  # fmt: skip


def _of_light(rows: QuerySet[WarMapItem], light: str) -> QuerySet[WarMapItem]:
    today = timezone.localdate()
    keys = [item.pk for item in rows.select_related("war_map") if item.light(today) == light]
    return rows.filter(pk__in=keys)


class Items(VerbRequired, ListPage):
    """Every task of every map."""

    verb = VIEW
    name = "war-map-items"
    title = gettext_lazy("挂图事项")
    template_name = "targets/projects/rows.html"
    order = "deadline"
    columns = (
        Column("deadline", gettext_lazy("时限"), sort="deadline", css="cell--nowrap"),
        Column(
            "light",
            gettext_lazy("灯"),
            lambda row: str(LIGHTS[row.light()][0]),
            light_badge,
            css="cell--nowrap",
        ),
        Column("title", gettext_lazy("事项"), lambda row: str(row), css="cell--wide"),
        Column(
            "category",
            gettext_lazy("类别"),
            lambda row: str(row.war_map.rules.classes.get(row.category, row.category)),
        ),
        Column("owner", gettext_lazy("责任单位"), lambda row: str(row.owner or "")),
        Column("person", gettext_lazy("责任人")),
        Column("progress", gettext_lazy("进度（%）"), css="number"),
        Column("state", gettext_lazy("状态"), lambda row: row.get_state_display(), css="cell--nowrap"),
        Column("words", gettext_lazy("进展"), css="cell--wide"),
        Column("standard", gettext_lazy("完成标准"), shown=False),
        Column("map", gettext_lazy("挂图"), lambda row: str(row.war_map), shown=False),
    )
    empty = {"title": gettext_lazy("没有这样的事项"), "text": gettext_lazy("挂图由包声明。"), "icon": "list"}

    def get_filters(self) -> list[Filter]:
        maps_known = [(row.code, str(row)) for row in WarMap.objects.filter(active=True)]
        return [
            Filter("map", any_choice(gettext_lazy("挂图"), lambda: maps_known), lookup="war_map__code"),
            Filter("state", any_choice(gettext_lazy("状态"), lambda: WarMapItem.State.choices)),
            Filter(
                "light",
                any_choice(
                    gettext_lazy("灯"), lambda: [(code, word) for code, (word, _c, _i) in LIGHTS.items()]
                ),
                apply=_of_light,
            ),
        ]

    def get_queryset(self) -> QuerySet[WarMapItem]:
        return map_items_for(self.request.user).select_related("war_map", "owner")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def item(request: HttpRequest, code: str) -> HttpResponse:
    """One task: its standard, how far it is, reporting and checking it."""
    user = signed_in(request)
    rows = map_items_for(user).select_related("war_map", "owner", "evidence", "reported_by", "checked_by")
    found = rows.filter(code=code).first()
    if found is None:
        raise Http404(_("挂图上没有这一项。"))
    try:
        policy.require_item(user, found)
        may_report = found.state in (WarMapItem.State.TO_DO, WarMapItem.State.DOING)
    except NotAllowed:
        may_report = False
    checks = policy.may_check(user)
    may_check = checks and found.state == WarMapItem.State.REPORTED and found.reported_by_id != user.pk
    may_reopen = checks and found.state == WarMapItem.State.DONE
    form: Any = None
    if may_check:
        form = CheckItemForm(request.POST or None)
    elif may_reopen:
        form = UndoForm(request.POST or None)
    elif may_report:
        initial = {"progress": found.progress, "seen": found.version}
        form = ReportItemForm(request.POST or None, request.FILES or None, initial=initial)
    status = 200
    if request.method == "POST":
        if form is None:
            raise NotAllowed(
                _("这一项由%(owner)s负责，请他们来报。") % {"owner": found.owner or _("责任单位")}
            )
        status = 422
        if form.is_valid():
            try:
                _act(found, dict(form.cleaned_data), user, may_check=may_check, may_reopen=may_reopen)
            except NotAllowed:
                raise
            except Refusal as refusal:
                refuse(form, refusal)
                status = refusal.status
            else:
                toast(request, _("已记。"))
                return HttpResponseRedirect(found.get_absolute_url())
    context = {
        "item": found, "badge": light_badge(found), "form": form, "may_check": may_check, "may_report": may_report,
        "may_reopen": may_reopen, "category": found.war_map.rules.classes.get(found.category, found.category),
        "photo": photo_url(found.evidence) if found.evidence else "", "story": story(found),
    }  # fmt: skip
    return render(request, "targets/projects/war_map_item.html", context, status=status)


def _act(found: WarMapItem, said: dict[str, Any], user: Any, *, may_check: bool, may_reopen: bool) -> None:
    if may_check:
        actions.check_item(found, actor=user, **said)
    elif may_reopen:
        actions.reopen_item(found, actor=user, **said)
    else:
        upload = said.pop("evidence", None)
        actions.report_item(
            found, actor=user, evidence=store_photo(upload, by=user) if upload else None, **said
        )
