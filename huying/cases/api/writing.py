"""Reports, photos, contacts and callbacks: what is sent to the API besides the verbs of a case."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Field, File, Router, Schema, Status, UploadedFile

from huying.cases import policy
from huying.cases.actions import Intake, add_note, receive_report, record_callback
from huying.cases.actions.contacts import reveal_contact
from huying.cases.api.shapes import CallbackOut, callback_out
from huying.cases.models import Case, Category, Channel, Ledger, Report, TellBy
from huying.cases.views.desk.case import case_for
from huying.core.api import Problem, form_data
from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token
from huying.people.access import can
from huying.people.api import caller
from huying.registry.declared.forms import cleaned_values, declared_form, private_values
from huying.registry.models import Item

router = Router(tags=["reports"])

# Through which doors a program may say that a matter came: the city's and the field's have their own.
_CHANNELS = frozenset(
    {
        Channel.API,
        Channel.PHONE,
        Channel.VISIT,
        Channel.NETIZEN,
        Channel.DESK,
        Channel.FIELD,
        Channel.HOTLINE,
    }
)
_CHANNEL_RIGHT = {
    Channel.HOTLINE: "desk.agent",
    Channel.FIELD: "field.work",
    Channel.INSPECTION: "round.make",
}
MOST_PHOTOS = 9


class UploadOut(Schema):
    """A photo that was uploaded: name it in `photos` of a report or a verb within a week."""

    photo: str


@router.post(
    "/photos",
    response={201: UploadOut, 403: Problem, 413: Problem, 422: Problem},
    summary="Upload a photo",
)
def upload_photo(request: HttpRequest, photo: File[UploadedFile]) -> Any:
    """Keep a photo (JPEG, PNG, WebP, HEIC as far as the server reads it), turned upright, without hidden data."""
    user = caller(request, "report.create", "case.view")
    return Status(201, {"photo": draft_token(store_photo(photo, by=user))})


def photos_of(tokens: list[str]) -> list[StoredFile]:
    """The photos of these upload tokens; refused when one is unknown, so that none is lost silently."""
    if len(tokens) > MOST_PHOTOS:
        raise Refusal(_("一次最多 %d 张照片。") % MOST_PHOTOS, field="photos")
    found = draft_photos(tokens)
    if len(found) != len(set(tokens)):
        raise Refusal(_("有照片找不到了（超过 7 天或编号不对），请重新上传。"), field="photos")
    return found


class ReportIn(Schema):
    """What one person says. `client_id` (a UUID of the sender's) makes a repeated submission one report."""

    ledger: str = Field(max_length=40)
    category: str = Field(max_length=40)
    words: str = Field("", max_length=5000)
    title: str = Field("", max_length=120)
    channel: str = "api"
    lng: float | None = Field(None, ge=-180, le=180, description="WGS-84")
    lat: float | None = Field(None, ge=-90, le=90, description="WGS-84")
    address: str = Field("", max_length=160)
    name: str = Field("", max_length=60)
    phone: str = Field("", max_length=30)
    email: str = Field("", max_length=254)
    tell_by: str = Field("", max_length=10, description="how the reporter wants to hear: page, sms, email")
    item: str = Field("", max_length=60, description="code of the thing concerned")
    fields: dict[str, Any] = Field({}, description="values of the ledger's own fields, by code")
    photos: list[str] = []
    client_id: uuid.UUID | None = None
    external_number: str = Field("", max_length=60)
    follows: str = Field("", max_length=24, description="number of a known case that this report joins")


class ReceiptOut(Schema):
    """The receipt: numbers, and the secret with which the reporter follows the matter at `track`."""

    report: str
    case: str
    token: str
    track: str
    status: str
    due_at: datetime | None


def _receipt(report: Report) -> dict[str, Any]:
    case = report.case
    return {
        "report": report.number, "case": case.number, "token": report.token,
        "track": reverse("portal:track", args=[report.number, report.token]), "status": case.status,
        "due_at": case.due_at,
    }  # fmt: skip


@router.post(
    "/reports",
    response={201: ReceiptOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Report a matter",
)
def create_report(request: HttpRequest, data: ReportIn) -> Any:
    """Take in one report, by the rules of its ledger. Sent again with the same `client_id`, it is the same report."""
    user = caller(request, "report.create")
    channel = Channel(data.channel) if data.channel in _CHANNELS else None
    if channel is None:
        raise Refusal(_("渠道请选：%s") % "、".join(sorted(_CHANNELS)), field="channel")
    if (right := _CHANNEL_RIGHT.get(channel)) and not can(user, right):
        raise NotAllowed(_("您的岗位不能以「%s」渠道登记。") % channel.label)
    ledger = get_object_or_404(Ledger, code=data.ledger)
    category = Category.objects.filter(ledger=ledger, code=data.category, active=True).first()
    if category is None:
        raise Refusal(_("请选择这个台账的类别。"), field="category")
    _check_telling(data)
    if (data.lng is None) != (data.lat is None):
        raise Refusal(_("经度和纬度要一起填写。"), field="lng")
    item = None
    if data.item:
        item = Item.objects.filter(code=data.item, register__code__in=ledger.rules.registers).first()
        if item is None:
            raise Refusal(_("名录里没有这个编号，请核对标牌上的编号。"), field="item")
    follows = None
    if data.follows:
        follows = policy.cases_for(user).filter(number=data.follows).select_related("ledger").first()
        if follows is None:
            raise Refusal(_("没有找到编号为“%s”的案件，请核对编号。") % data.follows, field="follows")
    form = declared_form(
        ledger.rules.fields,
        form_data(data.fields, "f-"),
        facts={"channel": channel, "category": category.code},
    )
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise Refusal(errors[0], field=f"fields.{name}")
    report = receive_report(
        Intake(
            ledger=ledger, category=category, words=data.words, title=data.title, channel=channel,
            lng=data.lng, lat=data.lat, address=data.address, name=data.name, phone=data.phone,
            email=data.email, tell_by=data.tell_by, item=item,
            fields=cleaned_values(form, by=user), photos=photos_of(data.photos), client_id=data.client_id,
            external_number=data.external_number, reported_by=user, follows=follows,
        )
    )  # fmt: skip
    return Status(201, _receipt(report))


def _check_telling(data: ReportIn) -> None:
    """The way to tell the reporter is one that there is, with the address it needs."""
    if data.tell_by and data.tell_by not in TellBy.values:
        raise Refusal(_("告知方式请选：%s") % "、".join(TellBy.values), field="tell_by")
    if data.email:
        try:
            validate_email(data.email)
        except ValidationError:
            raise Refusal(_("邮箱看起来不对，例如 wang@example.com。"), field="email") from None
    if data.tell_by == TellBy.EMAIL and not data.email:
        raise Refusal(_("选电子邮件告知，请写邮箱。"), field="email")
    if data.tell_by == TellBy.SMS and not data.phone:
        raise Refusal(_("选短信告知，请写手机号。"), field="phone")


class ReasonIn(Schema):
    """Why somebody looks at a reporter's name and phone: kept on record."""

    report: str = Field(max_length=24)
    reason: str = Field(max_length=200)


class ContactOut(Schema):
    """A reporter's contact in plain, and the ledger's personal fields as (title, value)."""

    name: str
    phone: str
    private: list[tuple[str, str]]


def _report_of(case: Case, number: str) -> Report:
    report = case.reports.filter(number=number).first()
    if report is None:
        raise Refusal(_("这个案件没有编号为“%s”的诉求。") % number, field="report")
    report.case = case
    return report


@router.post(
    "/cases/{number}/contact",
    response={200: ContactOut, 403: Problem, 404: Problem, 422: Problem},
    summary="See a reporter's contact",
)
def read_contact(request: HttpRequest, number: str, data: ReasonIn) -> dict[str, Any]:
    """A reporter's name, phone and personal fields, for a reason that is put on record."""
    user = caller(request, "case.view")
    case = case_for(user, number)
    report = _report_of(case, data.report)
    reveal_contact(report, reason=data.reason, actor=user)
    private = private_values(case.rules.fields, report.fields)
    return {"name": report.name, "phone": report.phone, "private": private}


class CallbackIn(Schema):
    """What a reporter said when called back. `grade`: 5 very satisfied … 1 very dissatisfied."""

    report: str = Field(max_length=24)
    answered: bool = True
    contacted: bool | None = None
    solved: bool | None = None
    grade: int | None = Field(None, ge=1, le=5)
    words: str = Field("", max_length=500)


@router.post(
    "/cases/{number}/callbacks",
    response={201: CallbackOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="Record a callback",
)
def create_callback(request: HttpRequest, number: str, data: CallbackIn) -> Any:
    """Record what one reporter said: contacted? solved? satisfied?"""
    user = caller(request, "case.callback")
    callback = record_callback(
        _report_of(case_for(user, number), data.report), actor=user, answered=data.answered,
        contacted=data.contacted, solved=data.solved, grade=data.grade, words=data.words,
    )  # fmt: skip
    return Status(201, callback_out(callback))


class NoteIn(Schema):
    """What was seen on the spot, for a case in whatever state it is."""

    words: str = Field("", max_length=2000)
    photos: list[str] = Field([], description="tokens that uploading photos gave", max_length=9)


class NotedOut(Schema):
    """Where the note went."""

    case: str
    status: str


@router.post(
    "/cases/{number}/notes",
    response={201: NotedOut, 403: Problem, 404: Problem, 422: Problem},
    summary="Add a note",
)
def create_note(request: HttpRequest, number: str, data: NoteIn) -> Any:
    """Add words or photos to a case, as a grid worker's phone does: closed ones too, and nothing else changes."""
    user = caller(request, "field.work", "case.report_handled")
    case = case_for(user, number)
    add_note(case, actor=user, words=data.words, photos=photos_of(data.photos))
    return Status(201, {"case": case.number, "status": case.status})
