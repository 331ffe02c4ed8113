"""Points at the desk: schemes and groups, a group's month, one person's account; giving, agreeing, rewarding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.pages import address
from huying.core.toasts import toast
from huying.figures.appraisals.formula import plain
from huying.figures.exports import export_csv
from huying.figures.points import actions
from huying.figures.points.counting import (
    Member,
    entries_of,
    group_titles,
    member_of,
    members_of,
    this_month,
)
from huying.figures.points.display import (
    Month,
    account_line,
    caps_of,
    entry_shown,
    group_of,
    left_of,
    lines_shown,
    month_of,
    months,
    period_for,
    right_total,
    split,
)
from huying.figures.points.models import (
    PointAppeal,
    PointEntry,
    PointRedemption,
    PointResult,
    PointScheme,
    PointTable,
)
from huying.figures.points.policy import (
    APPROVE,
    ENTER,
    MANAGE,
    REWARD,
    VIEW,
    Reach,
    may,
    may_for_all,
    may_see,
    reads_all_masked,
    shown_name,
)
from huying.figures.points.rules import PointRules
from huying.figures.points.scoring import signed
from huying.inspections.occurrences import period_of
from huying.people.access import can
from huying.people.guards import reader, requires
from huying.people.models import User

FIGURES = "figure.view"


class EntryForm(forms.Form):
    """Points for something that happened."""

    person = forms.ChoiceField(label=gettext_lazy("谁"))
    item = forms.ChoiceField(label=gettext_lazy("项目"))
    on = forms.DateField(
        label=gettext_lazy("哪一天的事"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    words = forms.CharField(
        label=gettext_lazy("依据"), max_length=300, help_text=gettext_lazy("什么事、谁定的。")
    )
    evidence = forms.FileField(
        label=gettext_lazy("证明材料"), required=False, help_text=gettext_lazy("照片或文件。")
    )

    def __init__(self, *args: Any, rules: PointRules, members: Sequence[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person, item = cast(Any, self.fields["person"]), cast(Any, self.fields["item"])
        person.choices = [(str(member.user.pk), str(member.user)) for member in members]
        item.choices = [(line.code, f"{line} {signed(line.points)}") for line in rules.given]


def scheme_for(code: str) -> PointScheme:
    """The scheme; 404 for one that there is not."""
    found = PointScheme.objects.filter(code=code, active=True).first()
    if found is None:
        raise Http404(_("没有这个积分办法。请从“个人积分”页面打开。"))
    return found


# -- every scheme --------------------------------------------------------------------------------------------


@never_cache
@require_safe
@requires(VIEW, FIGURES)
def schemes(request: HttpRequest) -> HttpResponse:
    """The schemes with their groups, and what waits for this reader's decision."""
    user = reader(request)
    period = this_month()
    context = {
        "schemes": [
            {"row": row, "rules": row.rules, "groups": _groups(row, user)}
            for row in PointScheme.objects.filter(active=True)
        ],
        "waiting": [
            entry_shown(entry, entry.scheme.rules)
            for entry in PointEntry.objects.filter(decided_at=None).select_related(
                "scheme", "person", "entered_by", "evidence"
            )
            if _may_decide(user, entry)
        ],
        "appeals": [
            appeal
            for appeal in PointAppeal.objects.filter(decided_at=None).select_related(
                "result__table__scheme", "result__user"
            )
            if (member := _member_then(appeal.result)) and may(user, MANAGE, member)
        ],
        "period": period,
    }
    return render(request, "figures/points/schemes.html", context)


def _groups(scheme: PointScheme, user: User) -> list[dict[str, Any]]:
    """The groups that this reader may open: with their people, or with masked names for readers of figures."""
    period = this_month()
    reach, all_of_them = Reach(user, VIEW), reads_all_masked(user)
    counts: dict[str, int] = {}
    for member in members_of(scheme.rules, period):
        if all_of_them or reach.covers(member):
            counts[member.group] = counts.get(member.group, 0) + 1
    latest: dict[str, PointTable] = {}
    for table in scheme.tables.filter(group__in=counts).order_by("first_day"):
        latest[table.group] = table
    titles = group_titles(scheme.rules, list(counts))
    return [
        {"code": code, "title": title, "people": counts[code], "table": latest.get(code)}
        for code, title in titles.items()
    ]


def _member_then(result: PointResult) -> Member | None:
    return member_of(result.table.rules, result.user, actions.period_of_table(result.table))


def _may_decide(user: User, entry: PointEntry) -> bool:
    member = member_of(entry.scheme.rules, entry.person, period_of("month", entry.on))
    return member is not None and entry.entered_by_id != user.pk and may(user, APPROVE, member)


# -- a group's month -----------------------------------------------------------------------------------------


@never_cache
@require_safe
@requires(VIEW, FIGURES)
def scheme_page(request: HttpRequest, code: str) -> HttpResponse:
    """A group's month: as announced, else as the rows stand."""
    return _page(request, scheme_for(code))


def _page(
    request: HttpRequest, scheme: PointScheme, form: EntryForm | None = None, status: int = 200
) -> HttpResponse:
    user = reader(request)
    asked = request.POST if request.method == "POST" else request.GET
    period = period_for(asked.get("period", ""))
    groups = _groups(scheme, user)
    group = asked.get("group", "") or (groups[0]["code"] if groups else "")
    if group and group not in {each["code"] for each in groups}:
        raise Http404(_("没有这一组，或者它不在您管的范围里。请从“个人积分”页面打开。"))
    month = month_of(scheme, group, period)
    reach = Reach(user, VIEW)
    own = group_of(scheme, user, period)
    rows = [_row(month, member, user, reach, own) for member in _in_order(month)]
    if request.GET.get("export") == "csv":
        return _exported(month, rows)
    used = [any(row["cells"][place] != "—" for row in rows) for place, _rule in enumerate(month.rules.lines)]
    for row in rows:
        row["shown"] = [cell for cell, here in zip(row["cells"], used, strict=True) if here]
    enter = Reach(user, ENTER)
    mine = [member for member in month.members if enter.covers(member) and member.user.pk != user.pk]
    table = month.table
    over = period.last < timezone.localdate()
    manages = bool(month.members) and may_for_all(user, MANAGE, month.members)
    entries = entries_of(scheme, period).filter(
        person__in=[m.user.pk for m in month.members if reach.covers(m)]
    )
    context = {
        "scheme": scheme,
        "rules": month.rules,
        "month": month,
        "group": group,
        "group_title": next((each["title"] for each in groups if each["code"] == group), ""),
        "groups": groups,
        "period": period,
        "months": months(period),
        "table": table,
        "rows": [row for row in rows if row["busy"]],
        "idle": [row for row in rows if not row["busy"]],
        "lines": [
            {"rule": rule, "each": signed(rule.points), "caps": caps_of(rule), "used": here}
            for rule, here in zip(month.rules.lines, used, strict=True)
        ],
        "reads_figures": can(user, FIGURES),
        "small": 0 < len(month.members) < month.rules.at_least,
        "corrected": any(row["now"] for row in rows),
        "over": over,
        "may_announce": over and table is None and manages,
        "may_publish": bool(
            table
            and table.published_at is None
            and manages
            and (table.appeals_until is None or timezone.now() >= table.appeals_until)
        ),
        "form": form
        or (EntryForm(rules=month.rules, members=mine, initial={"on": _last_day(period.last)})
            if table is None and mine and month.rules.given else None),
        "entries": [
            entry_shown(each, month.rules) | {"may_decide": each.decided_at is None and _may_decide(user, each)}
            for each in entries.select_related("person", "entered_by", "decided_by", "evidence", "scheme")
        ],
        "export": address(request, export="csv"),
    }  # fmt: skip
    return render(request, "figures/points/group.html", context, status=status)


def _last_day(last: dt.date) -> dt.date:
    return min(last, timezone.localdate())


def _in_order(month: Month) -> list[Member]:
    by_user = {member.user.pk: member for member in month.members}
    return [by_user[account.user] for account in month.accounts if account.user in by_user]


def _row(month: Month, member: Member, user: User, reach: Reach, own: str) -> dict[str, Any]:
    account = month.account(member.user.pk)
    assert account is not None  # every member has one
    result = month.results.get(member.user.pk)
    now = result.account_now() if result else account
    by_name = member.user.pk == user.pk or reach.covers(member)
    return {
        "member": member,
        "name": shown_name(month.rules, user, member, reach, own),
        "url": reverse("figures:points-person", args=[month.scheme.code, member.user.pk])
        + f"?period={month.period.name}"
        if by_name
        else "",
        "account": account,
        "busy": any(line.rows for line in account.lines) or now.total != account.total,
        "cells": [account_line(account.line(rule.code)) for rule in month.rules.lines],
        "total": month.rules.show.write(account.total),
        "now": month.rules.show.write(now.total) if now.total != account.total else "",
    }


def _exported(month: Month, rows: Sequence[dict[str, Any]]) -> HttpResponse:
    head = [_("名次"), _("姓名"), *(str(rule) for rule in month.rules.lines), _("合计")]
    columns = [(heading, itemgetter(number)) for number, heading in enumerate(head)]
    body = [
        [row["account"].place or "", row["name"], *row["cells"], plain(row["account"].total)] for row in rows
    ]
    return cast(HttpResponse, export_csv(f"{month.rules.title} {month.period.name}", columns, body))


# -- one person ----------------------------------------------------------------------------------------------


@never_cache
@require_safe
@requires()
def person_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One person's account: for themselves and whoever looks after them."""
    scheme, user = scheme_for(code), reader(request)
    period = period_for(request.GET.get("period", ""))
    person, member = _seen(scheme, user, pk, period)
    group = group_of(scheme, person, period)
    month = month_of(scheme, group, period) if group else None
    account = month.account(person.pk) if month else None
    entries = entries_of(scheme, period).filter(person=person)
    table = month.table if month else None
    context = {
        "scheme": scheme,
        "rules": scheme.rules,
        "person": person,
        "own": person.pk == user.pk,
        "period": period,
        "months": months(period),
        "month": month,
        "account": account,
        "right": right_total(month, person.pk),
        "total": signed(account.total) if account else "",
        "of": len(month.members) if month else 0,
        "result": month.results.get(person.pk) if month else None,
        **split(
            lines_shown(month, account, user, whole=request.GET.get("line", "")) if month and account else []
        ),
        "may_appeal": bool(
            person.pk == user.pk
            and table
            and table.published_at is None
            and table.appeals_until
            and timezone.now() <= table.appeals_until
        ),
        "may_decide": bool(table and table.announced_by_id != user.pk and may(user, MANAGE, member)),
        "left": left_of(scheme, person),
        "may_reward": may(user, REWARD, member),
        "entries": [
            entry_shown(each, scheme.rules)
            for each in entries.select_related("entered_by", "decided_by", "evidence")
        ],
        "back": request.get_full_path(),
    }
    return render(request, "figures/points/person.html", context)


def _seen(scheme: PointScheme, user: User, pk: int, period: Any) -> tuple[User, Member]:
    """The person and their membership: of that month, else of this one, else of what was announced; 404 otherwise."""
    person = User.objects.filter(pk=pk).select_related("department").first()
    member = None
    if person is not None:
        member = member_of(scheme.rules, person, period) or member_of(scheme.rules, person)
        group = "" if member else group_of(scheme, person, period)
        if group:
            member = Member(person, group, "", person.department_id)
    if person is None or member is None or not may_see(user, member):
        raise Http404(_("没有这个人的积分，或者他不在您管的范围里。请从“个人积分”页面打开。"))
    return person, member


# -- verbs ---------------------------------------------------------------------------------------------------


@require_POST
@requires(ENTER)
def enter(request: HttpRequest, code: str) -> HttpResponse:
    """Give or take points; they wait for somebody else."""
    scheme, user = scheme_for(code), reader(request)
    period, group = period_for(request.POST.get("period", "")), request.POST.get("group", "")
    reach = Reach(user, ENTER)
    members = [
        member
        for member in members_of(scheme.rules, period, group=group)
        if reach.covers(member) and member.user.pk != user.pk
    ]
    form = EntryForm(request.POST, request.FILES, rules=scheme.rules, members=members)
    if form.is_valid():
        values = dict(form.cleaned_data)
        person = next(member.user for member in members if str(member.user.pk) == values.pop("person"))
        try:
            actions.enter_points(scheme, person=person, actor=user, **values)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            toast(request, _("已登记，等别人审批后计分。"))
            url = f"{scheme.get_absolute_url()}?group={group}&period={period.name}#entries"
            return HttpResponseRedirect(url)
    return _page(request, scheme, form, 422)


def _done(request: HttpRequest, url: str, sentence: str, act: Callable[[], Any]) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, sentence)
    return HttpResponseRedirect(_back(request, url))


def _back(request: HttpRequest, url: str) -> str:
    """The page of this house from which the form was sent."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else url


@require_POST
@requires(APPROVE)
def decide_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to an entry or not."""
    user = reader(request)
    entry = PointEntry.objects.filter(pk=pk).select_related("scheme", "person").first()
    member = member_of(entry.scheme.rules, entry.person, period_of("month", entry.on)) if entry else None
    if entry is None or member is None or not may_see(user, member):
        raise Http404(_("没有这一条。"))
    approved = request.POST.get("approved") == "yes"
    return _done(
        request,
        reverse("figures:points-schemes"),
        _("已同意，计入积分。") if approved else _("已退回。"),
        lambda: actions.decide_entry(
            entry, approved=approved, reason=request.POST.get("reason", ""), actor=user
        ),
    )


@require_POST
@requires(MANAGE)
def announce(request: HttpRequest, code: str) -> HttpResponse:
    """Freeze a group's month."""
    scheme, group = scheme_for(code), request.POST.get("group", "")
    period = period_for(request.POST.get("period", ""))
    url = f"{scheme.get_absolute_url()}?group={group}&period={period.name}"
    return _done(
        request,
        url,
        _("已公示。"),
        lambda: actions.announce_points(scheme, group, period, actor=reader(request)),
    )


@require_POST
@requires(MANAGE)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish an announced month."""
    table = PointTable.objects.filter(pk=pk).select_related("scheme").first()
    if table is None:
        raise Http404(_("没有这个积分月表。"))
    return _done(
        request,
        table.get_absolute_url(),
        _("已公布，可以兑换了。"),
        lambda: actions.publish_points(table, actor=reader(request)),
    )


@require_POST
@requires()
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """A person appeals against a line of their own month."""
    user, post = reader(request), request.POST
    result = PointResult.objects.filter(pk=pk, user=user).select_related("table__scheme").first()
    if result is None:
        raise Http404(_("没有这个结果，或者它不是您的。"))
    return _done(
        request,
        reverse("figures:points-person", args=[result.table.scheme.code, user.pk]),
        _("已提交申诉。"),
        lambda: actions.appeal_points(
            result, line=post.get("line", ""), words=post.get("words", ""), actor=user
        ),
    )


@require_POST
@requires(MANAGE)
def decide_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept or reject an appeal."""
    user, post = reader(request), request.POST
    found = PointAppeal.objects.filter(pk=pk).select_related("result__table__scheme", "result__user").first()
    member = _member_then(found.result) if found else None
    if found is None or member is None or not may_see(user, member):
        raise Http404(_("没有这条申诉。"))
    table = found.result.table
    url = reverse("figures:points-person", args=[table.scheme.code, found.result.user_id])
    return _done(
        request,
        f"{url}?period={table.period}",
        _("已裁定。"),
        lambda: actions.decide_point_appeal(
            found,
            accepted=post.get("accepted") == "yes",
            reason=post.get("reason", ""),
            points=post.get("points", ""),
            actor=user,
        ),
    )


@require_POST
@requires(REWARD)
def redeem(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Give somebody something for points."""
    scheme, user = scheme_for(code), reader(request)
    person, _member = _seen(scheme, user, pk, this_month())
    return _done(
        request,
        reverse("figures:points-person", args=[code, pk]),
        _("已兑换。"),
        lambda: actions.redeem_points(
            scheme,
            person=person,
            reward=request.POST.get("reward", ""),
            words=request.POST.get("words", ""),
            actor=user,
        ),
    )


@require_POST
@requires(REWARD)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was given by mistake."""
    user = reader(request)
    made = PointRedemption.objects.filter(pk=pk).select_related("scheme", "person").first()
    member = member_of(made.scheme.rules, made.person) if made else None
    if made is None or member is None or not may_see(user, member):
        raise Http404(_("没有这一条。"))
    return _done(
        request,
        reverse("figures:points-person", args=[made.scheme.code, made.person_id]),
        _("已撤销，积分退回。"),
        lambda: actions.withdraw_redemption(made, words=request.POST.get("words", ""), actor=user),
    )
