"""Rounds over HTTP: read as far as the desk shows them, made by the same action as on the phone."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, cleaned, form_data, page_of, query
from huying.core.errors import Refusal
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, photo_url
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.rounds.going import plans_of
from huying.inspections.rounds.making import Made, make_round
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.rights import MAKE, VIEW, rounds_for
from huying.inspections.rounds.sites import Site, applies, site_for
from huying.inspections.standards import StandardRules
from huying.people.api import caller
from huying.people.models import Department, User
from huying.places.models import Area
from huying.registry.declared.forms import cleaned_values, declared_form, shown_values
from huying.registry.models import Item

router = Router(tags=["inspections"])
MOST_PHOTOS = 9
_FIRST, _LAST = query(None, description="the first day"), query(None, description="the last day")
# What the forms of the phone call their fields, as this API does.
_FIELDS = {"answer-": "answers.", "photo-": "photos."}


class RoundRow(Schema):
    """A round in a list. `score` in percent; `counted`: done, late, extra, too soon, or empty without a plan."""

    id: int
    plan: str
    standard: str
    version: int
    item: str = Field(description="`register/code`; empty where an area or department was visited")
    area: str
    department: str
    place: str
    started_at: datetime | None
    ended_at: datetime
    day: date
    score: float
    passed: bool
    grade: str
    failed: int
    counted: str
    proved: bool
    scanned: bool
    distance_m: int | None
    made_by: str


class FindingOut(Schema):
    """One item that failed, and the case that it opened."""

    code: str
    title: str
    words: str
    reading: float | None
    fixed_at_once: bool
    case: str


class RoundOut(RoundRow):
    """One round whole. `fields`: what the standard asked once, as titles and words; personal ones are masked."""

    answers: dict[str, Any]
    fields: list[list[str]]
    words: str
    team: list[str]
    signed_by: str
    refused_to_sign: bool
    clock_off_s: int
    lng: float | None
    lat: float | None
    findings: list[FindingOut]
    photos: list[str]
    paper: int | None


_RELATED = ("plan", "version__standard", "item__register", "area", "department", "made_by")


def _rows(user: User) -> QuerySet[Round]:
    return rounds_for(user).select_related(*_RELATED).defer("area__boundary")


def _row(row: Round) -> dict[str, Any]:
    return {
        "id": row.pk, "plan": row.plan.code if row.plan else "", "standard": row.version.standard.code,
        "version": row.version.number, "item": f"{row.item.register.code}/{row.item.code}" if row.item else "",
        "area": row.area.code if row.area else "", "department": row.department.code if row.department else "",
        "place": row.place_title, "started_at": row.started_at, "ended_at": row.ended_at, "day": row.day,
        "score": row.tenths / 10, "passed": row.passed, "grade": row.grade, "failed": row.failed,
        "counted": row.counted, "proved": row.proved, "scanned": row.scanned, "distance_m": row.distance_m,
        "made_by": row.made_by.username if row.made_by else "",
    }  # fmt: skip


def _out(row: Round) -> dict[str, Any]:
    findings = row.findings.select_related("case")
    return _row(row) | {
        "answers": row.answers, "words": row.words, "signed_by": row.signed_by, "refused_to_sign": row.refused_to_sign,
        "fields": [list(pair) for pair in shown_values(row.version.rules.fields, row.values, private=False)],
        "team": list(row.members.order_by("pk").values_list("user__username", flat=True)),
        "clock_off_s": row.clock_off_s, "lng": row.lng, "lat": row.lat, "paper": row.paper_id,
        "photos": [photo_url(each.file) for each in row.photos.select_related("file")[:50]],
        "findings": [
            {
                "code": f.code, "title": f.title, "words": f.words, "reading": f.reading,
                "fixed_at_once": f.fixed_at_once, "case": f.case.number if f.case else "",
            }
            for f in findings
        ],
    }  # fmt: skip


@router.get(
    "/inspections/rounds", response={200: Page[RoundRow], 403: Problem, 422: Problem}, summary="List rounds"
)
def list_rounds(
    request: HttpRequest,
    plan: str = query("", description="code of a plan"),
    standard: str = query("", description="code of a standard"),
    item: str = query("", description="`register/code` of a thing"),
    area: str = query("", description="code of an area: rounds inside it"),
    since: date | None = _FIRST,
    until: date | None = _LAST,
    passed: bool | None = query(None),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The rounds that the caller may read, the newest first."""
    rows = _rows(caller(request, VIEW))
    if plan:
        rows = rows.filter(plan__code=plan)
    if standard:
        rows = rows.filter(version__standard__code=standard)
    if item:
        register, _slash, code = item.partition("/")
        rows = rows.filter(item__register__code=register, item__code=code)
    if area:
        path = Area.objects.filter(code=area).values_list("path", flat=True).first()
        if path is None:
            raise Refusal(_("没有代码为“%(code)s”的区域。") % {"code": area}, field="area")
        rows = rows.filter(area_path__startswith=path)
    if since is not None:
        rows = rows.filter(day__gte=since)
    if until is not None:
        rows = rows.filter(day__lte=until)
    if passed is not None:
        rows = rows.filter(passed=passed)
    return page_of(rows, _row, order="-ended_at", after=after, limit=limit)


@router.get(
    "/inspections/rounds/{pk}", response={200: RoundOut, 403: Problem, 404: Problem}, summary="Read a round"
)
def read_round(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One round, with what was found and the cases that it opened."""
    found = _rows(caller(request, VIEW)).filter(pk=min(pk, 2**62)).first()
    if found is None:
        raise Http404(_("没有这次检查，或者它不在您负责的区域内。"))
    return _out(found)


class RoundIn(Schema):
    """A round that was made. One of `plan` and `standard`, one of `item`, `area` and `department`."""

    plan: str = Field("", max_length=40)
    standard: str = Field("", max_length=40, description="for a check that no plan asks for")
    version: int | None = Field(
        None, ge=1, le=32_000, description="its number; without one, the version of today"
    )
    item: str = Field("", max_length=90, description="`register/code`")
    area: str = Field("", max_length=40)
    department: str = Field("", max_length=40)
    answers: dict[str, str | float] = Field(description="by item: pass, fail, `not applicable`, or a reading")
    notes: dict[str, str] = {}
    fixed: list[str] = Field([], description="items that were put right while they looked")
    photos: dict[str, list[str]] = Field(
        {}, description="by item, empty for the place as such: tokens of uploads"
    )
    fields: dict[str, Any] = Field({}, description="what the standard asks once")
    words: str = Field("", max_length=500)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    lng: float | None = Field(None, ge=-180, le=180, description="where they stood, WGS-84")
    lat: float | None = Field(None, ge=-90, le=90)
    scanned: str = Field("", max_length=12, description="the label that was scanned")
    team: list[str] = Field([], max_length=40, description="accounts that were there as well")
    signed_by: str = Field("", max_length=60)
    refused_to_sign: bool = False
    client_id: uuid.UUID | None = Field(None, description="sent twice, it is one round")


@router.post(
    "/inspections/rounds",
    response={201: RoundOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Make a round",
)
def create_round(request: HttpRequest, data: RoundIn) -> Any:
    """Keep a round: its score, the cases of what failed and its paper stand or fall together."""
    user = caller(request, MAKE)
    site = _site(data)
    plan, version = _version(user, data, site)
    declared = declared_form(
        version.rules.fields,
        form_data({f"q-{code}": value for code, value in data.fields.items()}),
        prefix="q",
    )
    cleaned(declared)
    for name in ("started_at", "ended_at"):
        at = getattr(data, name)
        if at is not None and (at.tzinfo is None or not 2000 <= at.year <= 2100):
            raise Refusal(_("请写带时区的时刻，例如 2026-11-20T09:00:00+08:00。"), field=name)
    made = Made(
        answers=_answers(version.rules, data.answers), started_at=data.started_at, ended_at=data.ended_at,
        notes=data.notes, fixed=frozenset(data.fixed), photos=_photos(version.rules, data.photos),
        values=cleaned_values(declared, by=user), words=data.words,
        point=(data.lng, data.lat) if data.lng is not None and data.lat is not None else None, scanned=data.scanned,
        team=_team(data.team), signed_by=data.signed_by, refused_to_sign=data.refused_to_sign,
        client_id=data.client_id,
    )  # fmt: skip
    try:
        return Status(201, _out(make_round(site, version, made, actor=user, plan=plan)))
    except Refusal as refusal:
        for theirs, ours in _FIELDS.items():
            if (refusal.field or "").startswith(theirs):
                refusal.field = ours + (refusal.field or "").removeprefix(theirs)
        raise


def _site(data: RoundIn) -> Site:
    if sum(map(bool, (data.item, data.area, data.department))) != 1:
        raise Refusal(_("查的是哪里，请写 item、area、department 中的一个。"), field="item")
    pk: int | None
    if data.item:
        register, _slash, code = data.item.partition("/")
        pk, kind = (
            Item.objects.filter(register__code=register, code=code).values_list("pk", flat=True).first(),
            "item",
        )
    elif data.area:
        pk, kind = Area.objects.filter(code=data.area).values_list("pk", flat=True).first(), "area"
    else:
        codes = Department.objects.filter(code=data.department)
        pk, kind = codes.values_list("pk", flat=True).first(), "department"
    return site_for(kind, pk or 0)


def _version(user: User, data: RoundIn, site: Site) -> tuple[Plan | None, StandardVersion]:
    if bool(data.plan) == bool(data.standard):
        raise Refusal(_("按计划去的写 plan，计划之外的写 standard，只写一个。"), field="plan")
    plan = None
    if data.plan:
        plan = next((each for each in plans_of(user) if each.code == data.plan), None)
        if plan is None:
            raise Http404(_("没有这个计划，或者它不由您去查。"))
    code = plan.rules.standard if plan is not None else data.standard
    standard = Standard.objects.filter(code=code, active=True).first()
    version = None
    if standard is not None:
        version = (
            standard.versions.filter(number=data.version).first() if data.version else standard.version_on()
        )
    if version is None:
        raise Http404(_("没有这个标准或这一版。"))
    if not applies(version.rules, site):
        raise Refusal(_("这个标准不是查这类地方的。"), field="standard")
    return plan, version


def _answers(rules: StandardRules, said: dict[str, str | float]) -> dict[str, Any]:
    known = {item.code for item in rules.items}
    if unknown := set(said) - known:
        raise Refusal(
            _("标准里没有这些项目：%(codes)s。") % {"codes": "、".join(sorted(unknown))}, field="answers"
        )
    return dict(said)


def _photos(rules: StandardRules, said: dict[str, list[str]]) -> dict[str, list[StoredFile]]:
    known = {"", *(item.code for item in rules.items)}
    found = {}
    for code, tokens in said.items():
        if code not in known or len(tokens) > MOST_PHOTOS:
            raise Refusal(
                _("一项最多 %(most)d 张照片，按项目代码写。") % {"most": MOST_PHOTOS}, field="photos"
            )
        found[code] = draft_photos(tokens)
        if len(found[code]) != len(set(tokens)):
            raise Refusal(_("有照片找不到了（超过 7 天或编号不对），请重新上传。"), field="photos")
    return found


def _team(names: list[str]) -> tuple[User, ...]:
    found = {user.username: user for user in User.objects.filter(username__in=names, is_active=True)}
    if missing := set(names) - set(found):
        raise Refusal(_("没有这些账号：%(names)s。") % {"names": "、".join(sorted(missing))}, field="team")
    return tuple(found[name] for name in names)
