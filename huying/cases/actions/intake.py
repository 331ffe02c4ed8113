"""A report comes in: a new case, or one more voice in a case that is known already."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import clock, telling
from huying.cases.actions.arrival import settle_new_case
from huying.cases.models import OPEN, REPORTER, Case, CaseFile, Category, Channel, Ledger, Report, Status
from huying.cases.workflow import claim, hold
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.core.phones import PHONE
from huying.core.search import normalise, search_vector
from huying.people.models import Department, User
from huying.places.clock import TimeLimit
from huying.places.district import region_code
from huying.places.models import Area
from huying.places.where import Where, where_is
from huying.registry.models import Item


@dataclass(frozen=True)
class Intake:
    """What one person says. `client_id` makes a repeated submission of one form one report."""

    ledger: Ledger
    category: Category
    words: str
    channel: Channel = Channel.PORTAL
    title: str = ""
    lng: float | None = None
    lat: float | None = None
    address: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    tell_by: str = ""  # a TellBy
    item: Item | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    photos: Sequence[StoredFile] = ()
    client_id: uuid.UUID | None = None
    external_number: str = ""
    reported_by: User | None = None
    reported_at: dt.datetime | None = None
    follows: Case | None = None  # a known case that this report joins
    area: Area | None = None  # where it is, when there is no point
    # Seen by an inspection: who answers there, and a limit that shortens the category's.
    responsible: Department | None = None
    owed: bool = False  # it was their work that was not done: they answer, whoever owns the thing
    limit: TimeLimit | None = None


def check_intake(intake: Intake) -> None:
    """Refuse, naming the field, what the ledger does not take."""
    rules = intake.ledger.rules
    if not intake.ledger.active:
        raise Refusal(_("这个台账已停用，请选择其他台账。"))
    if not rules.in_season(timezone.localdate(intake.reported_at)):
        raise Refusal(_("「%s」现在不在受理季节，请选择其他台账。") % intake.ledger)
    if intake.category.ledger_id != intake.ledger.pk or not intake.category.active:
        raise Refusal(_("请选择这个台账的类别。"), field="category")
    if intake.channel not in rules.channels:
        raise Refusal(_("这个台账不接受「%s」渠道。") % Channel(intake.channel).label, field="channel")
    if not intake.words.strip() and not intake.photos:
        raise Refusal(_("请写几句话，或者拍一张照片。"), field="words")
    if rules.contact == "required" and not (intake.name.strip() and intake.phone.strip()):
        raise Refusal(
            _("请留下姓名和电话，便于联系和答复。"), field="name" if not intake.name.strip() else "phone"
        )
    if intake.phone and not PHONE.match(intake.phone.replace(" ", "")):
        raise Refusal(_("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。"), field="phone")
    if rules.item_required and intake.item is None:
        raise Refusal(_("请选择具体的物件。"), field="item")


def headline(intake: Intake) -> str:
    """The case's title: as given, else the first sentence of the words, else the category."""
    if intake.title.strip():
        return intake.title.strip()[:60]
    first = re.split(r"[。！？!?\n；;]", intake.words.strip(), maxsplit=1)[0].strip()
    return (first or str(intake.category.title))[:60]


def new_numbers(day: dt.date) -> tuple[str, str]:
    """A case number and a report number for this day, in one round trip."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_case_number(%s, %s), next_report_number(%s)", [region_code(), day, day])
        case_number, report_number = cursor.fetchone()
    return case_number, report_number


def receive_report(intake: Intake) -> Report:
    """Take in one report. The same `client_id` again returns the report that it made the first time.

    With `follows`, the report joins that case if it is still open; else it opens a case of its own.
    """
    if intake.client_id and (known := Report.objects.filter(client_id=intake.client_id).first()):
        return known
    check_intake(intake)
    try:
        with transaction.atomic():
            if intake.follows is not None and intake.follows.status in OPEN:
                return _join_case(intake, intake.follows)
            return _open_case(intake)
    except IntegrityError:
        # Two submissions of the same form at the same moment: the second one finds the first.
        if intake.client_id and (known := Report.objects.filter(client_id=intake.client_id).first()):
            return known
        raise


def _open_case(intake: Intake) -> Report:
    at = intake.reported_at or timezone.now()
    case_number, report_number = new_numbers(timezone.localdate(at))
    rules, topic = intake.ledger.rules, intake.category.topic
    title = headline(intake)
    lng, lat = intake.lng, intake.lat
    if lng is None and intake.item is not None:
        lng, lat = intake.item.lng, intake.item.lat
    case = Case(
        number=case_number,
        ledger=intake.ledger,
        category=intake.category,
        topic=topic,
        title=title,
        words=intake.words,
        channel=intake.channel,
        search_text=normalise(f"{title} {intake.words} {intake.address} {case_number}"),
        search=search_vector(title, intake.words, intake.address, case_number),
        lng=lng,
        lat=lat,
        address=intake.address[:160],
        item=intake.item,
        reported_at=at,
        public=rules.public_list and not (topic and topic.private),
        **_where(intake, lng, lat).fields,
    )
    case.save(force_insert=True)
    report = _add_report(intake, case, report_number, at, followed=False)
    log(
        case, "case.reported", actor=intake.reported_by or REPORTER, at=at,
        report=report.number, channel=intake.channel, ledger=intake.ledger.code, category=intake.category.code,
        area=case.area_path, title=title,
    )  # fmt: skip
    telling.tell_reporters(case, "received", reports=[report])
    settle_new_case(case, responsible=intake.responsible, owed=intake.owed, limit=intake.limit)
    return report


def _where(intake: Intake, lng: float | None, lat: float | None) -> Where:
    """By the point; without one, the area that was named."""
    if lng is not None or intake.area is None:
        return where_is(lng, lat)
    above = intake.area.path.split("/")
    street = (
        Area.objects.filter(code__in=above, level=Area.Level.SUBDISTRICT).values_list("pk", flat=True).first()
    )
    return Where(intake.area.pk, intake.area.path, street)


def _join_case(intake: Intake, case: Case) -> Report:
    at = intake.reported_at or timezone.now()
    _case_number, report_number = new_numbers(timezone.localdate(at))
    report = _add_report(intake, case, report_number, at, followed=True)
    joined = Case.objects.filter(pk=case.pk, status__in=OPEN).update(
        reports_count=F("reports_count") + 1, version=F("version") + 1
    )
    if not joined:
        raise Conflict(_("这个问题刚刚办结。请重新提交，我们会另行受理。"))
    log(
        case, "case.joined", actor=intake.reported_by or REPORTER, at=at,
        report=report.number, channel=intake.channel,
    )  # fmt: skip
    telling.tell_reporters(case, "merged", reports=[report])
    return report


def _add_report(intake: Intake, case: Case, number: str, at: dt.datetime, *, followed: bool) -> Report:
    report = Report.objects.create(
        number=number,
        case=case,
        channel=intake.channel,
        words=intake.words,
        fields=intake.fields,
        lng=intake.lng,
        lat=intake.lat,
        address=intake.address[:160],
        name=intake.name.strip()[:60],
        phone=intake.phone.replace(" ", ""),
        email=intake.email.strip(),
        tell_by=intake.tell_by,
        followed=followed,
        reported_at=at,
        reported_by=intake.reported_by,
        external_number=intake.external_number,
        client_id=intake.client_id,
    )
    CaseFile.objects.bulk_create(
        CaseFile(
            case=case, report=report, file=photo, role=CaseFile.Role.REPORTED, added_by=intake.reported_by
        )
        for photo in intake.photos
    )
    return report


@transaction.atomic
def add_words(
    report: Report, *, words: str, photos: Sequence[StoredFile] = (), actor: User | None = None
) -> None:
    """The reporter adds something to an open case; nothing said before is changed."""
    if not words.strip() and not photos:
        raise Refusal(_("请写下要补充的内容，或者添加照片。"), field="words")
    case = Case.objects.select_related("ledger").get(pk=report.case_id)
    if case.status not in OPEN:
        raise Refusal(_("案件已经结束，不能再补充。如果问题没有解决，请申请重办。"))
    CaseFile.objects.bulk_create(
        CaseFile(case=case, report=report, file=photo, role=CaseFile.Role.REPORTED, added_by=actor)
        for photo in photos
    )
    more = f"{case.search_text} {normalise(words)}"
    claim(case, search_text=more, search=search_vector(more))
    log(
        case,
        "case.words_added",
        actor=actor or REPORTER,
        report=report.number,
        words=words.strip(),
        photos=len(photos),
    )
    telling.tell_department(case, "case.words_added", words[:400])


@transaction.atomic
def withdraw_report(report: Report, *, reason: str = "", actor: User | None = None) -> None:
    """The reporter takes the report back. A case whose last report is withdrawn before handling is voided."""
    case = Case.objects.select_related("ledger").get(pk=report.case_id)
    if case.status not in OPEN:
        raise Refusal(_("案件已经结束，不能撤回。"))
    hold(case)
    won = Report.objects.filter(pk=report.pk, withdrawn_at=None).update(withdrawn_at=timezone.now())
    if not won:
        raise Conflict(_("这条诉求已经撤回过了。"))
    report.refresh_from_db(fields=["withdrawn_at"])
    log(case, "case.report_withdrawn", actor=actor or REPORTER, report=report.number, reason=reason)
    telling.tell_reporters(case, "withdrawn", reports=[report])
    left = case.reports.filter(withdrawn_at=None).count()
    if left == 0 and case.status in (Status.REPORTED, Status.FILED, Status.DISPATCHED):
        old = case.status
        claim(case, status=Status.VOIDED, public=False, reports_count=0, **clock.end(case, timezone.now()))
        log(case, "case.voided", actor=actor or REPORTER, reason="反映人撤回", old=old)
    else:
        claim(case, reports_count=left)
