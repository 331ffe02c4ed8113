"""Numbered bulletins: drafted from a period and a filter, edited, issued as a paper; later: what of it is fixed.

A problem is a case. It is notified once in a series; whether it is fixed is read from the case, so that the bulletin of
March tells in June how much of it is done. 14 issues, 212 notified, 175 fixed are counted from these lines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.filters import CaseFilter
from huying.cases.models import Case, CaseQuerySet, Status
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.inspections.campaigns.counting import narrowed
from huying.inspections.campaigns.models import Bulletin, BulletinLine, BulletinSeries
from huying.inspections.campaigns.rights import require_manage
from huying.papers.actions import issue_paper
from huying.papers.models import Paper
from huying.people.models import User

MOST_LINES = 300
FIXED = Q(case__status=Status.CLOSED)
STATES = {"fixed": FIXED, "open": ~FIXED}


@dataclass(frozen=True)
class Progress:
    """How far the notified problems have come."""

    issues: int
    notified: int
    fixed: int

    @property
    def open(self) -> int:
        """What is not struck off yet."""
        return self.notified - self.fixed

    @property
    def percent(self) -> str:
        """Fixed of notified in hundredths of a percent, half up; empty where nothing was notified."""
        if not self.notified:
            return ""
        hundredths = (self.fixed * 20000 // self.notified + 1) // 2
        return f"{hundredths // 100}.{hundredths % 100:02d}%"


def lines_of(bulletins: QuerySet[Bulletin]) -> QuerySet[BulletinLine]:
    """The lines of these bulletins that are issued."""
    return BulletinLine.objects.filter(
        bulletin__in=bulletins.order_by().values("pk"), bulletin__number__isnull=False
    )


def progress(bulletins: QuerySet[Bulletin]) -> Progress:
    """Issues, notified and fixed problems of these bulletins; drafts count nothing."""
    issues = bulletins.filter(number__isnull=False).count()
    sums = lines_of(bulletins).aggregate(notified=Count("pk"), fixed=Count("pk", filter=FIXED))
    return Progress(issues, sums["notified"], sums["fixed"])


def candidates(series: BulletinSeries, first: dt.date, last: dt.date, area: str = "") -> CaseQuerySet:
    """The cases that a draft takes up: of the campaign and the series' filter, reported in these days, not yet
    notified in this series. Who runs a campaign notifies all its problems, whichever unit they are with.
    """
    asked = CaseFilter(
        campaign=series.campaign.code if series.campaign else None, area=area or None, status="accepted",
        reported_from=first, reported_to=last,
    )  # fmt: skip
    rows = narrowed(asked.apply(Case.objects.all()), series.rules.takes)
    known = BulletinLine.objects.filter(case=OuterRef("pk"), bulletin__series=series)
    return (
        rows.exclude(Exists(known))
        .select_related("department", "ledger", "category")
        .order_by("reported_at", "pk")
    )


@transaction.atomic
def draft_bulletin(
    series: BulletinSeries,
    *,
    first: dt.date,
    last: dt.date,
    actor: User,
    title: str = "",
    intro: str = "",
    area: str = "",
) -> Bulletin:
    """Draft an issue from the problems of a period. Refusal when there is nothing new in it."""
    require_manage(actor, series.campaign)
    if last < first:
        raise Refusal(_("时段的开头比结尾晚。"), field="last_day")
    found = list(candidates(series, first, last, area)[: MOST_LINES + 1])
    if not found:
        raise Refusal(_("这个时段没有还没通报过的问题。换一个时段。"), field="first_day")
    if len(found) > MOST_LINES:
        raise Refusal(
            _("这个时段有 %(n)d 条以上，一期装不下：把时段分短一些。") % {"n": MOST_LINES}, field="last_day"
        )
    rules = series.rules
    bulletin = Bulletin.objects.create(
        series=series, title=(title.strip() or series.title)[:120], intro=intro.strip(), ending=rules.ask,
        first_day=first, last_day=last, drafted_at=timezone.now(), drafted_by=actor,
    )  # fmt: skip
    BulletinLine.objects.bulk_create(
        BulletinLine(
            bulletin=bulletin, position=number, case=case, words=f"{case.title}"[:300],
            unit=str(case.department or "")[:120],
        )
        for number, case in enumerate(found, start=1)
    )  # fmt: skip
    log(bulletin, "bulletin.drafted", actor=actor, series=series.code, lines=len(found))
    return bulletin


@transaction.atomic
def edit_bulletin(
    bulletin: Bulletin,
    *,
    title: str,
    intro: str,
    ending: str,
    words: Mapping[int, str],
    drop: Sequence[int] = (),
    actor: User,
) -> None:
    """Change the words of a draft and leave lines out; `words` by line. An issued bulletin is not changed."""
    require_manage(actor, bulletin.series.campaign)
    bulletin = Bulletin.objects.select_for_update().get(pk=bulletin.pk)
    if bulletin.number is not None:
        raise Conflict(_("已经印发的通报不能改。写错的，在下一期更正。"))
    if not title.strip():
        raise Refusal(_("请写标题。"), field="title")
    lines = {line.pk: line for line in bulletin.lines.all()}
    kept = [line for pk, line in lines.items() if pk not in drop]
    if not kept:
        raise Refusal(_("至少留下一条。"))
    changed = []
    for position, line in enumerate(sorted(kept, key=lambda line: line.position), start=1):
        said = words.get(line.pk, line.words).strip()[:300]
        if not said:
            raise Refusal(_("第 %(n)d 条没有写内容。") % {"n": position})
        line.words, line.position = said, position
        changed.append(line)
    bulletin.lines.filter(pk__in=[pk for pk in lines if pk in drop]).delete()
    BulletinLine.objects.bulk_update(changed, ["words", "position"])
    bulletin.title, bulletin.intro, bulletin.ending = title.strip()[:120], intro.strip(), ending.strip()
    bulletin.save(update_fields=["title", "intro", "ending"])
    log(bulletin, "bulletin.edited", actor=actor, dropped=len(lines) - len(kept))


@transaction.atomic
def issue_bulletin(bulletin: Bulletin, *, actor: User, at: dt.datetime | None = None) -> Bulletin:
    """Give the issue its number and its paper; from now on it stays as it is."""
    require_manage(actor, bulletin.series.campaign)
    at = at or timezone.now()
    year = timezone.localdate(at).year
    # Issues of one series follow one another, so that numbers have no gaps and no doubles.
    BulletinSeries.objects.select_for_update().get(pk=bulletin.series_id)
    bulletin = Bulletin.objects.select_related("series").get(pk=bulletin.pk)
    if bulletin.number is not None:
        raise Conflict(_("%(issue)s已经印发。") % {"issue": bulletin.issue})
    last = (
        Bulletin.objects.filter(series=bulletin.series, year=year, number__isnull=False)
        .order_by("number")
        .last()
    )
    bulletin.year, bulletin.number, bulletin.issued_at = year, (last.number or 0) + 1 if last else 1, at
    rules = bulletin.series.rules
    bulletin.paper = issue_paper(
        kind=Paper.Kind.BULLETIN, subject=bulletin, subject_label=bulletin.issue, addressee=None,
        title=f"{bulletin.title}（{bulletin.issue}）", body=body_of(bulletin), actor=actor, at=at,
        addressee_name=rules.to,
    )  # fmt: skip
    bulletin.save(update_fields=["year", "number", "issued_at", "paper"])
    log(bulletin, "bulletin.issued", actor=actor, at=at, issue=bulletin.issue, lines=bulletin.lines.count())
    return bulletin


def body_of(bulletin: Bulletin) -> str:
    """The text of the paper: what was found, each with its unit and its limit, and what is asked."""
    lines = list(bulletin.lines.select_related("case"))
    with of_record():
        said = [bulletin.intro] if bulletin.intro else []
        said.append(
            _("%(first)s至%(last)s，共通报问题 %(n)d 条：")
            % {
                "first": f"{bulletin.first_day:%-m月%-d日}",
                "last": f"{bulletin.last_day:%-m月%-d日}",
                "n": len(lines),
            }
        )
        for line in lines:
            due = line.case.due_at
            limit = _("，限 %(due)s 前改好") % {"due": f"{timezone.localtime(due):%-m月%-d日}"} if due else ""
            said.append(
                f"{line.position}. {line.words}（{line.unit or _('责任单位待定')}，{line.case.number}{limit}）"
            )
        if bulletin.ending:
            said.append(bulletin.ending)
    return "\n".join(said)


def discard_draft(bulletin: Bulletin, *, actor: User) -> None:
    """Throw a draft away; its problems may be taken up again."""
    require_manage(actor, bulletin.series.campaign)
    with transaction.atomic():
        held = Bulletin.objects.select_for_update().get(pk=bulletin.pk)
        if held.number is not None:
            raise Conflict(_("已经印发的通报不能改。写错的，在下一期更正。"))
        log(held.series, "bulletin.discarded", actor=actor, title=held.title, lines=held.lines.count())
        held.delete()


def with_counts(bulletins: QuerySet[Bulletin]) -> QuerySet[Bulletin]:
    """Bulletins with `notified` and `fixed`."""
    return bulletins.annotate(
        notified=Count("lines"), fixed=Count("lines", filter=Q(lines__case__status=Status.CLOSED))
    ).annotate(rest=F("notified") - F("fixed"))
