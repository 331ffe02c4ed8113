"""Visits of an area and a period, for who looks after it: counted, never with a name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.catalogue import subdistricts
from huying.community.models import Promise, Visit
from huying.community.policy import VIEW, households_for, visits_for
from huying.community.questions import questions
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.people.guards import VerbRequired, reader
from huying.places.locate import current_index


def _low(visit: Visit) -> Any:
    return badge(_("偏低"), "yellow", "alert") if visit.low else ""


class Visits(VerbRequired, ListPage):
    """Every visit, newest first."""

    verb = VIEW
    name = "visits"
    title = gettext_lazy("走访记录")
    template_name = "community/visits.html"
    order = "-visited_at"
    columns = (
        Column("visited_at", gettext_lazy("时间")),
        Column("area", gettext_lazy("网格"), value=lambda row: str(row.household.area)),
        Column("visitor", gettext_lazy("走访人")),
        Column("at_home", gettext_lazy("家里有人")),
        Column("low", gettext_lazy("读数"), value=lambda row: row.low, show=_low),
        Column("problems", gettext_lazy("立案"), value="problem_count", css="cell--number"),
        Column("promises", gettext_lazy("承诺"), value="promise_count", css="cell--number"),
        Column("distance_m", gettext_lazy("离住户（米）"), css="cell--number"),
    )
    filters = (
        Filter(
            "area",
            forms.ChoiceField(
                label=gettext_lazy("街道"), choices=lambda: [("", gettext_lazy("全部")), *subdistricts()]
            ),
            apply=lambda rows, code: rows.filter(household__area_path__startswith=_path(code)),
        ),
        Filter(
            "from",
            forms.DateField(label=gettext_lazy("从"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup="visited_at__date__gte",
        ),
        Filter(
            "to",
            forms.DateField(label=gettext_lazy("到"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup="visited_at__date__lte",
        ),
        Filter(
            "low",
            forms.BooleanField(label=gettext_lazy("读数偏低")),
            apply=lambda rows, _v: rows.filter(low=True),
        ),
        Filter(
            "problem",
            forms.BooleanField(label=gettext_lazy("立了案的")),
            apply=lambda rows, _v: rows.filter(problems__isnull=False).distinct(),
        ),
    )
    empty = {
        "title": gettext_lazy("还没有走访"), "text": gettext_lazy("网格员在手机上的「走访」里登记。"),
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Visit]:
        return (
            visits_for(self.request.user)
            .select_related("household__area", "visitor")
            .defer("household__area__boundary")
            .annotate(
                problem_count=Count("problems", distinct=True), promise_count=Count("promises", distinct=True)
            )
        )

    def extra_context(self) -> dict[str, Any]:
        user = reader(self.request)
        homes = households_for(user, VIEW)
        promises = Promise.objects.filter(visit__in=visits_for(user).values("pk"))
        counted = promises.aggregate(
            open=Count("pk", filter=Q(state=Promise.State.OPEN)),
            missed=Count("pk", filter=Q(state=Promise.State.MISSED)),
        )
        visited = homes.aggregate(all=Count("pk"), visited=Count("pk", filter=Q(visited_at__isnull=False)))
        return {
            "lead": questions().title,
            "tiles": [
                {"title": _("走访过的住户"), "value": visited["visited"], "note": _("共 %d 户") % visited["all"]},
                {"title": _("读数偏低的住户"), "value": homes.filter(low=True).count()},
                {"title": _("待兑现的承诺"), "value": counted["open"]},
                {"title": _("过期未兑现"), "value": counted["missed"]},
            ],
        }  # fmt: skip


def _path(code: str) -> str:
    row = current_index().rows.get(code)
    return row.path if row else "?"
