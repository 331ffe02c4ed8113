"""Rounds, findings, measures and what bulletins notified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from huying.cases.policy import cases_for
from huying.figures.collections.base import Collection, Field, RowFacts, Words, everything
from huying.inspections.campaigns.counting import measures_of, rounds_of
from huying.inspections.campaigns.models import Bulletin, BulletinLine, Campaign
from huying.inspections.results.models import Measure
from huying.inspections.rounds.models import Finding, Round, RoundMember
from huying.inspections.rounds.rights import rounds_for
from huying.people.access import can
from huying.people.models import User


def _rounds_of_campaigns(words: Words) -> QuerySet[Round]:
    found = (rounds_of(Round.objects.all(), each.rules) for each in Campaign.objects.filter(code__in=words))
    return reduce(lambda left, right: left | right, found, Round.objects.none())


def _campaign_titles() -> dict[str, object]:
    return {campaign.code: campaign for campaign in Campaign.objects.all()}


class Rounds(Collection):
    """Rounds of inspectors, grid workers and caretakers."""

    code = "rounds"
    title = _("检查")
    model = Round
    moment = "day"
    department = "department_id"
    declared: ClassVar = {"values": "values"}
    fields: ClassVar = {
        "standard": Field(_("标准"), "version__standard__code"),
        "plan": Field(_("计划"), "plan__code"),
        "campaign": Field(
            _("专项"), q=lambda words: Q(pk__in=_rounds_of_campaigns(words).order_by().values("pk"))
        ),
        "register": Field(_("名册"), "item__register__code"),
        "item": Field(_("物件"), "item__code"),
        "place": Field(_("地点"), "place_title"),
        "passed": Field(_("合格"), "passed", "flag"),
        "grade": Field(_("等次"), "grade"),
        "counted": Field(_("计次"), "counted"),
        "paper": Field(_("文书"), "paper__kind"),
        "day": Field(_("日期"), "day", "day"),
        "area": Field(_("区域"), "area_path", "area"),
        "department": Field(_("单位"), "department_id", "department"),
        "people": Field(_("人数"), "people", "number"),
        "tenths": Field(_("得分（千分）"), "tenths", "number"),
        "failed": Field(_("不合格项"), "failed", "number"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """The rounds that this person may read."""
        return rounds_for(user)

    def describe(self, rows: Sequence[Round]) -> Iterator[RowFacts]:
        """The place and what came out."""
        for made in rows:
            state = str(_("合格") if made.passed else _("不合格"))
            yield RowFacts(
                made.pk, made.place_title, reverse("inspections:round", args=[made.pk]), state, f"{made.day}",
                made.area_path, made.department_id,
            )  # fmt: skip


class Outings(Collection):
    """One person out on one round; told apart by person and day they are person-times (出动人次)."""

    code = "outings"
    title = _("出动")
    model = RoundMember
    moment = "day"
    area = "round__area_path"
    fields: ClassVar = {
        "standard": Field(_("标准"), "round__version__standard__code"),
        "plan": Field(_("计划"), "round__plan__code"),
        "campaign": Field(
            _("专项"), q=lambda words: Q(round__in=_rounds_of_campaigns(words).order_by().values("pk"))
        ),
        "day": Field(_("日期"), "round__day", "day"),
        "area": Field(_("区域"), "round__area_path", "area"),
        "counted": Field(_("计次"), "round__counted"),
        "person": Field(_("人"), "user_id", "person"),
    }
    worked_out: ClassVar = ("person-day",)

    def told_apart(self, name: str) -> Any:
        """`person-day`: one person out on one day is one person-time, wherever they went."""
        if name == "person-day":
            words = Cast("user_id", TextField()), Value(" "), Cast("round__day", TextField())
            return Concat(*words, output_field=TextField())
        return super().told_apart(name)

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the rounds that this person may read."""
        mine = rounds_for(user)
        if everything(mine):
            return RoundMember.objects.all()
        return RoundMember.objects.filter(Exists(mine.filter(pk=OuterRef("round")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its round and its person."""
        return ("round", "user")

    def describe(self, rows: Sequence[RoundMember]) -> Iterator[RowFacts]:
        """Who went where."""
        for member in rows:
            made = member.round
            yield RowFacts(
                member.pk, f"{member.user} {made.place_title}", reverse("inspections:round", args=[made.pk]), "",
                f"{made.day}", made.area_path, made.department_id,
            )  # fmt: skip


class Findings(Collection):
    """Items of a standard that failed (督导意见)."""

    code = "findings"
    title = _("发现的问题")
    model = Finding
    moment = "day"
    area = "round__area_path"
    department = "round__department_id"
    fields: ClassVar = {
        "standard": Field(_("标准"), "round__version__standard__code"),
        "plan": Field(_("计划"), "round__plan__code"),
        "campaign": Field(
            _("专项"), q=lambda words: Q(round__in=_rounds_of_campaigns(words).order_by().values("pk"))
        ),
        "code": Field(_("项目"), "code"),
        "fixed-at-once": Field(_("当场改好"), "fixed_at_once", "flag"),
        "status": Field(_("案件状态"), "case__status"),
        "day": Field(_("日期"), "round__day", "day"),
        "area": Field(_("区域"), "round__area_path", "area"),
        "department": Field(_("单位"), "round__department_id", "department"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the rounds that this person may read."""
        mine = rounds_for(user)
        if everything(mine):
            return Finding.objects.all()
        return Finding.objects.filter(Exists(mine.filter(pk=OuterRef("round")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its round and its case."""
        return ("round", "case")

    def describe(self, rows: Sequence[Finding]) -> Iterator[RowFacts]:
        """What was wrong where."""
        for found in rows:
            made = found.round
            state = str(found.case.get_status_display()) if found.case else ""
            yield RowFacts(
                found.pk, f"{made.place_title} {found.title}", reverse("inspections:round", args=[made.pk]), state,
                f"{made.day}", made.area_path, made.department_id,
            )  # fmt: skip


def _measures_of_campaigns(words: Words) -> Q:
    campaigns = Campaign.objects.filter(code__in=words)
    found = (measures_of(each.rules, rounds_of(Round.objects.all(), each.rules)) for each in campaigns)
    return Q(
        pk__in=reduce(lambda left, right: left | right, found, Measure.objects.none()).order_by().values("pk")
    )


class Measures(Collection):
    """Plates, suspensions, closures and seizures that were decided."""

    code = "measures"
    title = _("处理措施")
    model = Measure
    moment = "decided"
    area = "item__area_path"
    fields: ClassVar = {
        "kind": Field(_("措施"), "kind", names=lambda: dict(Measure.Kind.choices)),
        "register": Field(_("名册"), "item__register__code"),
        "campaign": Field(_("专项"), q=_measures_of_campaigns),
        "decided": Field(_("决定日期"), "decided_on", "day"),
        "area": Field(_("区域"), "item__area_path", "area"),
        "pieces": Field(_("件数"), "pieces", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """What is only being prepared has not happened."""
        return Measure.objects.filter(decided_on__isnull=False)

    def readable(self, user: User) -> QuerySet[Any]:
        """Whoever reads rounds there reads what came of them."""
        rounds = rounds_for(user)
        found = Q(round__in=rounds.order_by().values("pk"))
        return Measure.objects.all() if can(user, "campaign.manage") else Measure.objects.filter(found)

    def related(self) -> tuple[str, ...]:
        """Its thing."""
        return ("item",)

    def describe(self, rows: Sequence[Measure]) -> Iterator[RowFacts]:
        """The place and the measure."""
        for measure in rows:
            yield RowFacts(
                measure.pk, str(measure.item), reverse("inspections:measure", args=[measure.pk]),
                str(measure.get_kind_display()), f"{measure.decided_on}", measure.item.area_path,
            )  # fmt: skip


class Notified(Collection):
    """Problems that issued bulletins took up, each with what has become of its case."""

    code = "notified"
    title = _("通报的问题")
    model = BulletinLine
    moment = "issued"
    area = "case__area_path"
    department = "case__department_id"
    fields: ClassVar = {
        "series": Field(_("通报"), "bulletin__series__code"),
        "status": Field(_("状态"), "case__status"),
        "issued": Field(_("印发日期"), "bulletin__issued_at", "moment"),
        "area": Field(_("区域"), "case__area_path", "area"),
        "department": Field(_("责任单位"), "case__department_id", "department"),
    }

    def rows(self) -> QuerySet[Any]:
        """Of issued bulletins; a draft notifies nobody."""
        return BulletinLine.objects.filter(bulletin__number__isnull=False)

    def readable(self, user: User) -> QuerySet[Any]:
        """Lines about cases that this person may open."""
        mine = cases_for(user)
        if everything(mine):
            return BulletinLine.objects.all()
        return BulletinLine.objects.filter(Exists(mine.filter(pk=OuterRef("case")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its case and bulletin."""
        return ("case", "bulletin")

    def describe(self, rows: Sequence[BulletinLine]) -> Iterator[RowFacts]:
        """What was notified, and how far it is."""
        for line in rows:
            yield RowFacts(
                line.pk, line.words, reverse("desk:case", args=[line.case.number]), str(line.case.get_status_display()),
                f"{line.bulletin.issued_at:%Y-%m-%d}" if line.bulletin.issued_at else "", line.case.area_path,
                line.case.department_id,
            )  # fmt: skip


class Bulletins(Collection):
    """Issued bulletins."""

    code = "bulletins"
    title = _("督导通报")
    model = Bulletin
    moment = "issued"
    area = ""
    fields: ClassVar = {
        "series": Field(_("通报"), "series__code"),
        "campaign": Field(_("专项"), "series__campaign__code", names=_campaign_titles),
        "issued": Field(_("印发日期"), "issued_at", "moment"),
    }

    def rows(self) -> QuerySet[Any]:
        """With a number."""
        return Bulletin.objects.filter(number__isnull=False)

    def readable(self, user: User) -> QuerySet[Any]:
        """Whoever may look at campaigns."""
        return Bulletin.objects.all() if can(user, "campaign.view") else Bulletin.objects.none()

    def related(self) -> tuple[str, ...]:
        """Its series."""
        return ("series",)

    def describe(self, rows: Sequence[Bulletin]) -> Iterator[RowFacts]:
        """Title and issue."""
        for bulletin in rows:
            day = f"{bulletin.issued_at:%Y-%m-%d}" if bulletin.issued_at else ""
            yield RowFacts(bulletin.pk, str(bulletin), bulletin.get_absolute_url(), "", day)
