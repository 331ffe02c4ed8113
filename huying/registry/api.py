"""Registers and their things over HTTP: the desk's lists, forms and actions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import (
    Page,
    Problem,
    filters,
    form_data,
    page_of,
    query,
    require_match,
    require_version,
    rows_of,
    unless_changed,
)
from huying.core.errors import Refusal
from huying.core.models import StoredFile
from huying.core.paging import COUNT_CAP
from huying.core.photo_links import draft_photos, photo_url
from huying.people.access import everywhere
from huying.people.api import caller
from huying.people.models import User
from huying.registry import policy
from huying.registry.actions import (
    add_item,
    add_item_photos,
    change_item,
    reveal_private,
    set_item_state,
    verify_item,
)
from huying.registry.declared import fields as declared
from huying.registry.declared.forms import private_values
from huying.registry.display import words_of
from huying.registry.finding import nearest_items
from huying.registry.forms import ItemForms
from huying.registry.models import Item, Register, Verification
from huying.registry.rules import PROPERTIES, RegisterRules
from huying.registry.views.desk.item import item_for
from huying.registry.views.desk.lists import Items
from huying.registry.views.desk.overview import overview_rows

router = Router(tags=["registers"])
ORDERS = ("code", "-code", "title", "-title", "changed_at", "-changed_at", "verified_at", "-verified_at")
MOST_PHOTOS = 9
_FILTERS: dict[str, Any] = filters(
    q="words, a code or a part code", state="a state's code, or `all` with what is gone", area="code of an area",
    owner="code of a department", bbox="west,south,east,north in degrees (WGS-84)", placed="yes or no",
    verified="yes or no, of registers that are verified on the spot",
)  # fmt: skip


class FieldOut(Schema):
    """A declared field of a register."""

    code: str
    type: str
    title: str
    of: list[str]
    unit: str
    required: bool
    private: bool


class StateCount(Schema):
    """A state that things may be in, and how many of those that the caller sees are."""

    code: str
    title: str
    count: int


class RegisterOut(Schema):
    """A register: its declaration, and how many things of it the caller sees (without those that are gone)."""

    code: str
    title: str
    about: str
    group: str
    place: str
    label: str
    public: bool
    fields: list[FieldOut]
    states: list[StateCount]
    total: int
    capped: bool = Field(description="some count stopped at 10,000: there are more")


def _field_out(spec: declared.Field) -> dict[str, Any]:
    return {
        "code": spec.code, "type": spec.type, "title": spec.title, "of": list(spec.of), "unit": spec.unit,
        "required": spec.required, "private": spec.private,
    }  # fmt: skip


@router.get("/registers", response={200: list[RegisterOut], 403: Problem}, summary="List registers")
def list_registers(request: HttpRequest) -> list[dict[str, Any]]:
    """Every register in use, with its fields and states."""
    found = []
    for row in overview_rows(caller(request, policy.VIEW)):
        rules, counts = row.rules, row.counts
        found.append({
            "code": row.register.code, "title": str(row.register), "about": rules.about, "group": rules.group,
            "place": rules.place, "label": rules.label, "public": rules.public, "total": row.total.number,
            "capped": row.total.capped or any(n > COUNT_CAP for n in counts.values()),
            "fields": [_field_out(spec) for spec in rules.fields],
            "states": [
                {"code": one.code, "title": str(one), "count": min(counts.get(one.code, 0), COUNT_CAP)}
                for one in rules.states
            ],
        })  # fmt: skip
    return found


class ItemRow(Schema):
    """A thing in a list. `fields` by code; personal ones are masked. Departments and areas by code."""

    register_code: str
    code: str
    title: str
    state: str
    part_code: str
    address: str
    lng: float | None
    lat: float | None
    area: str
    owner: str
    keeper: str
    supervisor: str
    fields: dict[str, Any]
    version: int
    changed_at: datetime
    verified_at: datetime | None
    distance_m: float | None = Field(None, description="with `near` only")


class ItemPhotoOut(Schema):
    """A picture of a thing."""

    url: str
    thumbnail: str
    taken_at: datetime


class ItemOut(ItemRow):
    """One thing whole. `geometry` is GeoJSON (WGS-84) of what is a line or an area."""

    label: str
    origin: str
    geometry: dict[str, Any] | None
    photos: list[ItemPhotoOut]


def _code(department: Any) -> str:
    return department.code if department is not None else ""


def item_row(item: Item) -> dict[str, Any]:
    """A thing as lists have it."""
    rules = item.rules
    shown = {key: value for key, value in item.data.items() if not ((f := rules.field(key)) and f.private)}
    for spec in rules.fields:
        if spec.private and (words := words_of(spec, item)):
            shown[spec.code] = words
    return {
        "register_code": item.register.code, "code": item.code, "title": item.title, "state": item.state,
        "part_code": item.part_code, "address": item.address, "lng": item.lng, "lat": item.lat,
        "area": item.area.code if item.area else "", "fields": shown, "version": item.version,
        "changed_at": item.changed_at, "verified_at": item.verified_at,
        **{role: _code(getattr(item, role)) for role in PROPERTIES},
    }  # fmt: skip


def item_out(item: Item) -> dict[str, Any]:
    """A thing whole."""
    photos = item.photos.select_related("file")[:50]
    return {
        **item_row(item), "label": item.label, "origin": item.origin, "geometry": item.geometry,
        "photos": [
            {"url": photo_url(p.file), "thumbnail": photo_url(p.file, small=True), "taken_at": p.taken_at}
            for p in photos
        ],
    }  # fmt: skip


@router.get(
    "/registers/{register_code}/items",
    response={200: Page[ItemRow], 403: Problem, 404: Problem, 422: Problem},
    summary="List things",
    **_FILTERS,
)
def list_items(
    request: HttpRequest,
    register_code: str,
    order: str = query("code", description=f"one of {', '.join(ORDERS)}"),
    after: str = query("", description="the `next` of the page before"),
    limit: int = query(50, ge=1, le=200),
    near: str = query(
        "", description="lng,lat (WGS-84): the nearest that are still there, at most ten, by distance"
    ),
    within_m: float = query(200, gt=0, le=5000, description="with `near`: how far, in metres"),
) -> dict[str, Any]:
    """The things that the caller may see, by the filters of the desk's list; `f_<field>` filters by a choice."""
    user = caller(request, policy.VIEW)
    row = _register(register_code)
    if near:
        return {"items": _nearest(user, row, near, within_m, limit), "next": ""}
    if order not in ORDERS:
        raise Refusal(_("排序方式请选：%s") % "、".join(ORDERS), field="order")
    return page_of(
        rows_of(Items, request, register=row.code), item_row, order=order, after=after, limit=limit
    )


def _nearest(user: User, register: Register, near: str, within_m: float, limit: int) -> list[dict[str, Any]]:
    try:
        lng, lat = (float(part) for part in near.split(","))
    except ValueError:
        raise Refusal(_("near 写成：经度,纬度（度，WGS-84）。"), field="near") from None
    reach = policy.reach(user, policy.VIEW)
    # Whoever sees a part only is answered from the things around, as far as they are theirs.
    most = 10 if everywhere(user, policy.VIEW) else 50
    found = [
        one for one in nearest_items(lng, lat, [register.pk], within_m=within_m, most=most) if reach(one.item)
    ]
    return [item_row(one.item) | {"distance_m": round(one.distance_m, 1)} for one in found[: min(limit, 10)]]


def _register(code: str) -> Register:
    found = Register.objects.filter(code=code, active=True).first()
    if found is None:
        raise Http404(_("没有这个名录。"))
    return found


class ItemChange(Schema):
    """What may be changed of a thing; what is left out stays. Departments by code, `""` for none.

    In `fields` null clears one.
    """

    title: str | None = Field(None, max_length=120)
    address: str | None = Field(None, max_length=160)
    lng: float | None = Field(None, ge=-180, le=180, description="WGS-84; together with lat")
    lat: float | None = Field(None, ge=-90, le=90)
    owner: str | None = Field(None, max_length=40)
    keeper: str | None = Field(None, max_length=40)
    supervisor: str | None = Field(None, max_length=40)
    fields: dict[str, Any] = {}


class ItemIn(ItemChange):
    """A new thing. Without a code it takes the register's next number, where the register numbers its things."""

    code: str = Field("", max_length=40)
    state: str = Field("", max_length=24)
    photos: list[str] = Field([], description="tokens that uploading photos gave")


class ItemPatch(ItemChange):
    """A change; `version` (or `If-Match`) refuses when somebody else was faster."""

    version: int | None = None


def _as_typed(value: Any) -> Any:
    """A kept value as a form sends it."""
    if isinstance(value, Mapping):
        return value.get("text", "")
    return [str(one) for one in value] if isinstance(value, list) else str(value)


def _filled(register: Register, item: Item | None, change: ItemChange) -> ItemForms:
    """The desk's form, filled with what there is and what is changed. Raises Refusal with the field."""
    rules = register.rules
    unknown = set(change.fields) - {spec.code for spec in rules.fields}
    if unknown:
        known = "、".join(spec.code for spec in rules.fields)
        raise Refusal(_("没有这个字段：%(unknown)s。可以写：%(known)s。") % {
            "unknown": "、".join(sorted(unknown)), "known": known,
        }, field="fields")  # fmt: skip
    values: dict[str, Any] = {"state": getattr(change, "state", "") or rules.first_state}
    sent = change.model_dump(exclude_unset=True, exclude={"fields", "photos", "version"})
    if item is None:
        values |= {role: who for role, who in rules.people.items() if who != "department"}
    else:
        values |= {name: getattr(item, name) for name in ("title", "address", "lng", "lat")}
        values |= {role: _code(getattr(item, role)) for role in PROPERTIES}
    values |= {name: value for name, value in sent.items() if value not in (None, "") or name != "state"}
    values |= _field_values(rules, item, change.fields)
    return ItemForms(register, item, form_data(values))


def _field_values(rules: RegisterRules, item: Item | None, sent: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for spec in rules.fields:
        kept = item.data.get(spec.code) if item else None
        if spec.code in sent:
            value = sent[spec.code]
            if value is None and spec.private:
                found[f"f-clear_{spec.code}"] = "on"
        else:
            value = None if spec.private else kept
        if value is not None:
            found[f"f-{spec.code}"] = _as_typed(value)
    return found


def _checked(forms: ItemForms) -> None:
    """Raise Refusal with the first mistake and its field."""
    if forms.is_valid():
        return
    for form in (forms.facts, forms.declared):
        for name, errors in form.errors.items():
            raise Refusal(str(errors[0]), field=None if name == "__all__" else str(name))


def _photos(tokens: list[str]) -> list[StoredFile]:
    if len(tokens) > MOST_PHOTOS:
        raise Refusal(_("一次最多 %(most)d 张。") % {"most": MOST_PHOTOS}, field="photos")
    found = draft_photos(tokens)
    if len(found) != len(set(tokens)):
        raise Refusal(_("有照片找不到了（超过 7 天或编号不对），请重新上传。"), field="photos")
    return found


@router.post(
    "/registers/{register_code}/items",
    response={201: ItemOut, 403: Problem, 404: Problem, 422: Problem},
    summary="Add a thing",
)
def create_item(request: HttpRequest, register_code: str, data: ItemIn) -> Any:
    """Put a thing on its register."""
    user = caller(request, policy.CHANGE)
    row = _register(register_code)
    forms = _filled(row, None, data)
    _checked(forms)
    photos = _photos(data.photos)
    item = add_item(
        row, actor=user, values=forms.values(), data=forms.data(user), code=forms.facts.cleaned_data["code"],
        state=forms.facts.cleaned_data["state"],
    )  # fmt: skip
    add_item_photos(item, photos, actor=user)
    return Status(201, item_out(item))


# Codes may hold a slash, so what is done with a thing stands before the thing itself.


class StateIn(Schema):
    """Another state, and why."""

    state: str = Field(max_length=24)
    words: str = Field(min_length=2, max_length=300)
    version: int | None = None


@router.post(
    "/registers/{register_code}/items/{path:code}/state",
    response={200: ItemOut, 403: Problem, 404: Problem, 409: Problem, 412: Problem, 422: Problem},
    summary="Set a thing's state",
)
def put_item_state(request: HttpRequest, register_code: str, code: str, data: StateIn) -> dict[str, Any]:
    """Put a thing into another of its register's states; nothing happens when it is in it already."""
    user = caller(request, policy.CHANGE)
    item = item_for(user, register_code, code, policy.CHANGE)
    _require_version(request, item, data.version)
    set_item_state(item, state=data.state, actor=user, words=data.words, seen_version=item.version)
    return item_out(item_for(user, register_code, code))


class PhotosIn(Schema):
    """Tokens that uploading photos gave."""

    photos: list[str]


@router.post(
    "/registers/{register_code}/items/{path:code}/photos",
    response={200: ItemOut, 403: Problem, 404: Problem, 422: Problem},
    summary="Add photos to a thing",
)
def add_photos_to_item(request: HttpRequest, register_code: str, code: str, data: PhotosIn) -> dict[str, Any]:
    """Keep pictures of the thing; the same picture again is the one that is there."""
    user = caller(request, policy.CHANGE)
    item = item_for(user, register_code, code, policy.CHANGE)
    add_item_photos(item, _photos(data.photos), actor=user)
    return item_out(item)


class ReasonIn(Schema):
    """Why somebody looks; it is put on record."""

    reason: str = Field(max_length=200)


class NamedValue(Schema):
    """A personal field in plain."""

    title: str
    words: str


@router.post(
    "/registers/{register_code}/items/{path:code}/private",
    response={200: list[NamedValue], 403: Problem, 404: Problem, 422: Problem},
    summary="Read a thing's personal fields",
)
def read_item_private(
    request: HttpRequest, register_code: str, code: str, data: ReasonIn
) -> list[dict[str, str]]:
    """The personal fields in plain, for a reason that is put on record."""
    user = caller(request, policy.CHANGE)
    item = item_for(user, register_code, code)
    reveal_private(item, reason=data.reason, actor=user)
    return [{"title": title, "words": words} for title, words in private_values(item.rules.fields, item.data)]


class VerificationOut(Schema):
    """Somebody looked on the spot and compared. `corrections`: field → [what it said, what it says now]."""

    outcome: str
    at: datetime
    by: str
    words: str
    lng: float | None
    lat: float | None
    corrections: dict[str, Any]


def _verification_out(row: Verification) -> dict[str, Any]:
    return {
        "outcome": row.outcome, "at": row.at, "by": row.by.username if row.by else "", "words": row.words,
        "lng": row.lng, "lat": row.lat, "corrections": row.corrections,
    }  # fmt: skip


@router.get(
    "/registers/{register_code}/items/{path:code}/verifications",
    response={200: Page[VerificationOut], 403: Problem, 404: Problem},
    summary="List a thing's verifications",
)
def list_item_verifications(
    request: HttpRequest, register_code: str, code: str, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """When the thing was compared with its entry, newest first."""
    item = item_for(caller(request, policy.VIEW), register_code, code)
    rows = item.verifications.select_related("by")
    return page_of(rows, _verification_out, order="-at", after=after, limit=limit)


class VerificationIn(ItemChange):
    """What was found on the spot: right as it is, with corrections, or `gone`."""

    gone: bool = False
    words: str = Field("", max_length=300)
    photos: list[str] = []
    at: datetime | None = None
    here_lng: float | None = Field(None, ge=-180, le=180, description="where the person stood")
    here_lat: float | None = Field(None, ge=-90, le=90)
    client_id: uuid.UUID | None = Field(None, description="sent twice, it is one verification")
    version: int | None = None


@router.post(
    "/registers/{register_code}/items/{path:code}/verifications",
    response={201: VerificationOut, 403: Problem, 404: Problem, 409: Problem, 412: Problem, 422: Problem},
    summary="Verify a thing on the spot",
)
def verify_on_the_spot(request: HttpRequest, register_code: str, code: str, data: VerificationIn) -> Any:
    """Compare a thing with its entry."""
    user = caller(request, policy.VERIFY)
    item = item_for(user, register_code, code, policy.VERIFY)
    if data.client_id and (known := item.verifications.filter(client_id=data.client_id).first()):
        return Status(201, _verification_out(known))
    _require_version(request, item, data.version)
    if data.at is not None and (data.at.tzinfo is None or not 2000 <= data.at.year <= 2100):
        raise Refusal(_("请写带时区的时刻，例如 2026-11-20T09:00:00+08:00。"), field="at")
    changed = data.model_dump(exclude_unset=True, include=set(ItemChange.model_fields))
    values, fields = None, None
    if changed and not data.gone:
        forms = _filled(item.register, item, ItemChange(**changed))
        _checked(forms)
        values, fields = forms.values(), forms.data(user)
    row = verify_item(
        item, actor=user, gone=data.gone, values=values, data=fields, words=data.words,
        photos=_photos(data.photos), lng=data.here_lng, lat=data.here_lat, at=data.at, seen_version=item.version,
        client_id=data.client_id,
    )  # fmt: skip
    return Status(201, _verification_out(row))


@router.get(
    "/registers/{register_code}/items/{path:code}",
    response={200: ItemOut, 304: None, 403: Problem, 404: Problem},
    summary="Read a thing",
)
def read_item(request: HttpRequest, response: HttpResponse, register_code: str, code: str) -> Any:
    """One thing. `ETag` is its version: send it as `If-Match` to change only what you read."""
    item = item_for(caller(request, policy.VIEW), register_code, code)
    if unless_changed(request, response, item.version):
        return Status(304, None)
    return item_out(item)


@router.patch(
    "/registers/{register_code}/items/{path:code}",
    response={200: ItemOut, 403: Problem, 404: Problem, 409: Problem, 412: Problem, 422: Problem},
    summary="Change a thing",
)
def patch_item(request: HttpRequest, register_code: str, code: str, data: ItemPatch) -> dict[str, Any]:
    """Change what is sent, leave the rest."""
    user = caller(request, policy.CHANGE)
    item = item_for(user, register_code, code, policy.CHANGE)
    _require_version(request, item, data.version)
    forms = _filled(item.register, item, data)
    _checked(forms)
    change_item(item, actor=user, values=forms.values(), data=forms.data(user), seen_version=item.version)
    return item_out(item_for(user, register_code, code))


def _require_version(request: HttpRequest, item: Item, version: int | None) -> None:
    require_match(request, item.version)
    require_version(version, item.version)
