"""How points look: lines with their arithmetic and rows, what is left, evidence; on the phone as at the desk."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Case, Check, Report
from huying.core.models import StoredFile
from huying.core.photo_links import document_url, photo_url
from huying.figures.appraisals.formula import plain
from huying.figures.points.counting import (
    MONTH,
    Member,
    PointRow,
    accounts_of,
    balance,
    member_of,
    members_of,
    rows_behind,
)
from huying.figures.points.models import PointEntry, PointRedemption, PointResult, PointScheme, PointTable
from huying.figures.points.policy import may_see
from huying.figures.points.rules import PointRules, Rule
from huying.figures.points.scoring import Account, Line, placed, signed
from huying.inspections.campaigns.ranking import periods_back
from huying.inspections.occurrences import Period, period_named
from huying.people.models import User

MONTHS = 13
ROWS = 40  # of one line at first; the line's own address lists all
MOST = 1000


@dataclass(frozen=True)
class Month:
    """A group's month: as it was announced, else as the rows are now."""

    scheme: PointScheme
    rules: PointRules
    group: str
    period: Period
    members: list[Member]
    accounts: list[Account]
    missing: list[str]
    table: PointTable | None
    results: dict[int, PointResult]
    at: dt.datetime

    def account(self, user: int) -> Account | None:
        """One person's."""
        return next((account for account in self.accounts if account.user == user), None)


def period_for(name: str) -> Period:
    """The month that is asked for; this one without a name. 404 where there is none."""
    if not name:
        return periods_back(MONTH, timezone.localdate(), 1)[0]
    try:
        return period_named(MONTH, name)
    except ValueError as error:
        raise Http404(str(error)) from None


def months(shown: Period) -> list[tuple[str, bool]]:
    """The months to choose from."""
    return [
        (each.name, each.name == shown.name) for each in periods_back(MONTH, timezone.localdate(), MONTHS)
    ]


def month_of(scheme: PointScheme, group: str, period: Period) -> Month:
    """The whole group's month, placed."""
    table = scheme.tables.filter(group=group, period=period.name).select_related("announced_by").first()
    if table is None:
        at = timezone.now()
        members = members_of(scheme.rules, period, group=group)
        accounts, missing = accounts_of(scheme, members, period, at)
        ordered = placed(scheme.rules, accounts)
        return Month(scheme, scheme.rules, group, period, members, ordered, missing, None, {}, at)
    results = {
        each.user_id: each
        for each in table.results.select_related("user__department", "table").prefetch_related("appeals")
    }
    known = {member.user.pk: member for member in members_of(table.rules, period)}
    members = [
        known.get(pk) or Member(each.user, group, "", each.user.department_id) for pk, each in results.items()
    ]
    accounts = [each.account() for each in results.values()]
    return Month(scheme, table.rules, group, period, members, accounts, [], table, results, table.at)


def group_of(scheme: PointScheme, user: User, period: Period) -> str:
    """In whose table this person stands that month: as it was announced, else by what they are."""
    announced = PointResult.objects.filter(user=user, table__scheme=scheme, table__period=period.name)
    found = announced.values_list("table__group", flat=True).first()
    if found:
        return found
    member = member_of(scheme.rules, user, period)
    return member.group if member else ""


def lines_shown(
    month: Month, account: Account, reader: User, *, whole: str = "", phone: bool = False
) -> list[dict[str, Any]]:
    """Every line of an account: the arithmetic, the rows (of `whole` all), its appeal and correction."""
    result = month.results.get(account.user)
    appeals = {appeal.line: appeal for appeal in result.appeals.all()} if result else {}
    now = result.account_now() if result else account
    shown = []
    for rule in month.rules.lines:
        line = account.line(rule.code)
        if line is None:
            continue
        right = now.line(rule.code)
        most = MOST if whole == rule.code else ROWS
        rows = rows_behind(rule, line.keys, reader, most) if line.rows else []
        shown.append(
            {
                "rule": rule, "line": line, "each": signed(rule.points), "full": signed(line.full),
                "caps": caps_of(rule), "rows": [_row(row, phone) for row in rows], "more": line.rows - len(rows),
                "appeal": appeals.get(rule.code),
                "now": right.shown if right and right.points != line.points else "",
            }
        )  # fmt: skip
    return shown


def right_total(month: Month | None, user: int) -> str:
    """What the month comes to with what appeals put right, where that differs."""
    result = month.results.get(user) if month else None
    if result is None:
        return ""
    now = result.account_now().total
    return signed(now) if now != result.account().total else ""


def split(lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Lines that say something, and those without any rows or words, which come last and folded."""
    return {
        "lines": [each for each in lines if each["line"].rows or each["appeal"]],
        "nothing": [each for each in lines if not each["line"].rows and not each["appeal"]],
    }


def caps_of(rule: Rule) -> str:
    """What bounds a line, in words."""
    words = []
    if rule.day is not None:
        words.append(_("每天最多 %(most)s 分") % {"most": plain(rule.day)})
    if rule.month is not None:
        words.append(_("每月最多 %(most)s 分") % {"most": plain(rule.month)})
    return "，".join(words)


def _row(row: PointRow, phone: bool) -> dict[str, Any]:
    url = row.facts.url if row.open else ""
    if url and phone:
        # The desk's pages are not for a phone: of cases there is a page in the field.
        of_case = row.model in (Case, Check, Report)
        url = reverse("field:task", args=[url.rstrip("/").rsplit("/", 1)[-1]]) if of_case else ""
    return {"facts": row.facts, "url": url}


def left_of(scheme: PointScheme, user: User) -> dict[str, Any]:
    """What is left to change, what for, and what was given."""
    found = balance(scheme, user)
    return {
        "earned": plain(found.earned), "spent": plain(found.spent), "left": plain(found.left),
        "rewards": [
            {"reward": reward, "points": plain(reward.points), "enough": found.left >= reward.points,
             "lacks": plain(reward.points - found.left)}
            for reward in scheme.rules.rewards
        ],
        "given": PointRedemption.objects.filter(scheme=scheme, person=user).select_related(
            "given_by", "withdrawn_by"
        ),
    }  # fmt: skip


def entry_shown(entry: PointEntry, rules: PointRules) -> dict[str, Any]:
    """An entry with its rule and evidence."""
    rule = rules.line(entry.item)
    return {
        "entry": entry, "rule": rule or entry.item, "points": signed(entry.exact),
        "evidence": evidence_of(entry.evidence) if entry.evidence else "",
    }  # fmt: skip


def evidence_of(file: StoredFile) -> str:
    """The address of a photo or document."""
    return photo_url(file) if file.kind == StoredFile.Kind.PHOTO else document_url(file)


def may_open_of_points(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may see evidence of points: the person themselves, and whoever sees them by name."""
    user = request.user
    if not isinstance(user, User):
        return False
    entries = PointEntry.objects.filter(evidence=file).select_related("scheme", "person")
    for entry in entries:
        if entry.person_id == user.pk:
            return True
        member = member_of(entry.scheme.rules, entry.person)
        if member is not None and may_see(user, member):
            return True
    return False


def account_line(line: Line | None) -> str:
    """A cell of the table."""
    return line.shown if line is not None and line.rows else "—"
