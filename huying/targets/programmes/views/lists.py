"""Lists at the desk: entries, what waits for approval."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.errors import Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, requires, signed_in
from huying.places.locate import current_index
from huying.registry.views.desk.lists import any_of, area_choices, department_choices
from huying.targets.programmes import actions
from huying.targets.programmes.display import entry_badge
from huying.targets.programmes.forms import day_field
from huying.targets.programmes.models import Entry, Programme
from huying.targets.programmes.policy import APPROVE, VIEW, entries_for, targets_for
from huying.targets.programmes.progress import plain

MOST = actions.MOST_AT_ONCE


def _programmes() -> list[tuple[str, str]]:
    return [(row.code, str(row)) for row in Programme.objects.filter(active=True)]


def _statuses() -> list[tuple[str, Any]]:
    return list(Entry.Status.choices)


def in_area(rows: QuerySet[Entry], code: str) -> QuerySet[Entry]:
    """Entries that lie in the area; an unknown one holds nothing."""
    row = current_index().rows.get(code)
    return rows.filter(area_path__startswith=row.path) if row else rows.none()


def amount_words(entry: Entry) -> str:
    """The number with its unit."""
    return f"{plain(Fraction(entry.amount))} {entry.target.measured_in}".strip()


class Entries(VerbRequired, ListPage):
    """What was entered, by whom, and what became of it: the rows behind every entered value."""

    verb = VIEW
    name = "target-entries"
    title = gettext_lazy("填报记录")
    lead = gettext_lazy("审核过的才算数；更正过的留着，不再算。")
    order = "-day"
    columns: Sequence[Column] = (
        Column("day", gettext_lazy("日期"), sort="day", css="cell--nowrap"),
        Column("target", gettext_lazy("目标"), lambda row: str(row.target), css="cell--wide"),
        Column("amount", gettext_lazy("数值"), lambda row: row.amount, amount_words, css="number"),
        Column("status", gettext_lazy("状态"), lambda row: row.get_status_display(), entry_badge),
        Column("area", gettext_lazy("区域"), lambda row: str(row.area or _("全区")), css="cell--kind"),
        Column("department", gettext_lazy("单位"), lambda row: str(row.department), css="cell--kind"),
        Column("words", gettext_lazy("依据和说明"), css="cell--wide"),
        Column("by", gettext_lazy("填报人"), lambda row: row.entered_by.name),
        Column("decided", gettext_lazy("审核人"), lambda row: row.decided_by.name if row.decided_by else ""),
        Column("programme", gettext_lazy("计划"), lambda row: str(row.target.programme), shown=False),
        Column("entered_at", gettext_lazy("填报时间"), sort="entered_at", shown=False),
        Column("reason", gettext_lazy("退回原因"), shown=False),
    )
    empty = {
        "title": gettext_lazy("还没有填报"),
        "text": gettext_lazy("在目标页上点“填进度”。"),
        "icon": "edit",
    }

    def get_filters(self) -> Sequence[Filter]:
        return (
            Filter(
                "programme",
                forms.ChoiceField(label=_("计划"), choices=any_of(_programmes)),
                lookup="target__programme__code",
            ),
            Filter("target", forms.CharField(label=_("目标代码"), max_length=90), lookup="target__code"),
            Filter("status", forms.ChoiceField(label=_("状态"), choices=any_of(_statuses))),
            Filter(
                "department",
                forms.ChoiceField(label=_("单位"), choices=any_of(department_choices)),
                lookup="target__department__code",
            ),
            Filter(
                "area", forms.ChoiceField(label=_("街道、社区"), choices=any_of(area_choices)), apply=in_area
            ),
            Filter("from", day_field(_("从")), lookup="day__gte"),
            Filter("to", day_field(_("到")), lookup="day__lte"),
        )

    def get_queryset(self) -> QuerySet[Entry]:
        rows = entries_for(self.request.user).select_related(
            "target__programme", "area", "department", "entered_by", "decided_by"
        )
        return rows.defer("area__boundary", "target__programme__declaration")


class Approvals(Entries):
    """What waits for a decision of whoever reads it: several at once."""

    verb = APPROVE
    name = "target-approvals"
    title = gettext_lazy("待审核的填报")
    lead = gettext_lazy("看佐证，再审核；自己填的由别人审。可以一次勾选多笔。")
    order = "entered_at"
    empty = {
        "title": gettext_lazy("没有待审核的"),
        "text": gettext_lazy("责任单位交上来的会出现在这里。"),
        "icon": "check-circle",
    }

    @property
    def bulk_actions(self) -> Sequence[dict[str, Any]]:  # type: ignore[override]
        """Approve what is ticked."""
        return (
            {
                "title": _("审核通过"),
                "url": reverse("targets:approve-entries"),
                "icon": "check",
                "strong": True,
            },
        )

    def get_queryset(self) -> QuerySet[Entry]:
        user = self.request.user
        rows = (
            super()
            .get_queryset()
            .filter(status=Entry.Status.SUBMITTED, target__in=targets_for(user, APPROVE))
        )
        return rows.exclude(entered_by=user.pk)


@require_POST
@requires(APPROVE)
def approve_selected(request: HttpRequest) -> HttpResponse:
    """Approve the ticked entries, all or none."""
    user = signed_in(request)
    keys = [int(key) for key in request.POST.getlist("selected") if key.isdecimal() and len(key) < 18]
    try:
        done = actions.approve_entries(entries_for(user).filter(pk__in=keys[: MOST + 1]), actor=user)
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已审核 %(n)d 笔。") % {"n": done})
    return HttpResponseRedirect(reverse("targets:approvals"))
