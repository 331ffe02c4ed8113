"""On the spot with the register in hand: street by street, each entry is right, wrong, gone, or was left out.

Every form is sent once and waits on the phone while there is no signal, as the field's other forms do.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django import forms
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.views.field.access import on_the_phone, worker
from huying.cases.views.field.answers import accepted, from_script
from huying.cases.views.field.once import LONGEST_IN_OUTBOX, client_id_of, sent_once
from huying.cases.views.field.photos import Box
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.people.access import can
from huying.people.guards import requires
from huying.people.models import User
from huying.places.models import Road
from huying.registry import actions, policy
from huying.registry.declared.fields import Field
from huying.registry.declared.forms import cleaned_values, declared_form
from huying.registry.display import state_badge
from huying.registry.forms import place_problem
from huying.registry.models import Item, Register, Verification
from huying.registry.verifying import (
    Street,
    along,
    entries_to_verify,
    found_in,
    in_walking_order,
    open_round,
    span_of,
    streets_of,
    verified_registers,
)

MOST_ON_A_STREET = 300
# What opens without a signal: the streets of the own area, and the forms of the entries along them.
_STREETS_KEPT, _FORMS_KEPT = 40, 200
verifies = requires(policy.VERIFY)


class OnTheSpotForm(forms.Form):
    """What was found at the entry, and where the person stood."""

    use_required_attribute = False
    what = forms.ChoiceField(
        label=gettext_lazy("和现场一样吗"),
        choices=[
            ("right", gettext_lazy("一样")),
            ("corrected", gettext_lazy("有不对的，改正")),
            ("gone", gettext_lazy("现场没有")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择和现场是不是一样。")},
    )
    title = forms.CharField(label=gettext_lazy("名称"), max_length=120, required=False)
    address = forms.CharField(label=gettext_lazy("地址"), max_length=160, required=False)
    moved = forms.BooleanField(label=gettext_lazy("位置不对，用我现在的位置"), required=False)
    words = forms.CharField(
        label=gettext_lazy("说明"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("现场没有的，写一句情况，例如：已拆除。"),
    )
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    lng = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-180, max_value=180)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-90, max_value=90)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def here(self) -> tuple[float | None, float | None]:
        """Where the phone was; a point outside the district says nothing."""
        lng, lat = self.cleaned_data.get("lng"), self.cleaned_data.get("lat")
        if lng is None or lat is None or place_problem(lng, lat):
            return None, None
        return lng, lat


def asked_fields(register: Register) -> list[Field]:
    """The declared fields that can be compared by looking: no personal ones, no files."""
    hidden = ("file", "signature", "photo", "photos")
    return [field for field in register.rules.fields if not field.private and field.type not in hidden]


# --- pages -------------------------------------------------------------------------------------------------


@never_cache
@verifies
@on_the_phone
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The registers that are compared with the street, and how far each has come in the reader's area."""
    user = worker(request)
    rows = []
    for register in verified_registers():
        items = entries_to_verify(user, register)
        round_ = open_round(register)
        span = span_of(round_)
        total = items.count()
        if total:
            rows.append((register, round_, total, items.filter(verified_at__gte=span.start).count()))
    return render(request, "cases/field/verify_home.html", {"rows": rows})


@never_cache
@verifies
@on_the_phone
@require_safe
def streets(request: HttpRequest, register: str) -> HttpResponse:
    """The streets of the reader's area with what is left on each."""
    user, found = worker(request), _register(register)
    round_ = open_round(found)
    items = entries_to_verify(user, found)
    span = span_of(round_)
    context = {
        "register": found, "round": round_, "streets": streets_of(items, span),
        "found": found_in(span, policy.items_for(user, policy.VERIFY).filter(register=found)),
    }  # fmt: skip
    return render(request, "cases/field/verify_streets.html", context)


@never_cache
@verifies
@on_the_phone
@require_safe
def street(request: HttpRequest, register: str, street: str) -> HttpResponse:
    """The entries along a street, in walking order; one tap says that an entry is right."""
    user, found = worker(request), _register(register)
    span = span_of(open_round(found))
    items = entries_to_verify(user, found).select_related("register")
    here = _street(items, street)
    rows = [
        (item, bool(item.verified_at and item.verified_at >= span.start), state_badge(item))
        for item in in_walking_order(along(items, street)[:MOST_ON_A_STREET], street)
    ]
    rows.sort(key=lambda row: row[1])
    context = {"register": found, "street": here, "rows": rows}
    return render(request, "cases/field/verify_street.html", context)


@never_cache
@verifies
@on_the_phone
@sent_once("verify")
def item(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """One entry: right, wrong with what is right, or not there."""
    user = worker(request)
    rows = policy.items_for(user, policy.VERIFY).select_related("register", "road", "area")
    entry = get_object_or_404(rows.defer("area__boundary"), register__code=register, code=code)
    box = Box("photos", _("现场照片"))
    fields = asked_fields(entry.register)
    if request.method != "POST":
        form = OnTheSpotForm(initial=_initial(entry))
        return _show_item(request, entry, form, declared_form(fields, None, entry.data), box)
    box.take(request)
    form = OnTheSpotForm(request.POST)
    corrected = request.POST.get("what") == "corrected"
    declared = declared_form(fields, request.POST if corrected else None, entry.data)
    if form.is_valid() and not box.error and (not corrected or declared.is_valid()):
        try:
            done = _verify(request, entry, form, declared if corrected else None, box)
        except Refusal as refusal:
            if from_script(request) and isinstance(refusal, Conflict | NotAllowed):
                raise
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return accepted(request, _street_url(entry), _said(entry, done))
    return _show_item(request, entry, form, declared, box, status=422)


@never_cache
@verifies
@on_the_phone
@sent_once("omitted")
def omitted(request: HttpRequest, register: str, street: str) -> HttpResponse:
    """Something that stands on this street and is not on the register."""
    user, found = worker(request), _register(register)
    here = _street(entries_to_verify(user, found), street)
    fields = asked_fields(found)
    box = Box("photos", _("现场照片"))
    bound = request.POST if request.method == "POST" else None
    form = OmittedForm(bound, initial={"client_id": uuid.uuid4()})
    declared = declared_form(fields, bound, _of_the_street(fields, street))
    status = 200
    if bound is not None:
        box.take(request)
        status = 422
        if form.is_valid() and declared.is_valid() and not box.error:
            try:
                _add(found, street, form, declared, box, user, client_id_of(request), _filled_in_at(request))
            except Refusal as refusal:
                if from_script(request) and isinstance(refusal, NotAllowed):
                    raise
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                url = reverse("field:verify-street", args=[found.code, street])
                return accepted(request, url, _("已补录：%s。") % form.cleaned_data["title"])
    context = {
        "register": found, "street": here, "form": form, "declared": declared, "box": box,
        "watermark": {"place": here.title, "who": str(user), "number": str(found)},
        "map": {"id": "map", "height": "small", "picker": True},
    }  # fmt: skip
    return render(request, "cases/field/verify_omitted.html", context, status=status)


class OmittedForm(forms.Form):
    """What was left out: its name, where it stands, its number if it carries one."""

    use_required_attribute = False
    title = forms.CharField(
        label=gettext_lazy("名称"), max_length=120, error_messages={"required": gettext_lazy("请填名称。")}
    )
    code = forms.CharField(
        label=gettext_lazy("编号"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("没有编号就空着，自动编下一个号。"),
    )
    address = forms.CharField(label=gettext_lazy("地址"), max_length=160, required=False)
    words = forms.CharField(
        label=gettext_lazy("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    lng = forms.FloatField(required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        lng, lat = self.cleaned_data.get("lng"), self.cleaned_data.get("lat")
        if lng is None or lat is None:
            raise forms.ValidationError(_("没有位置：请打开定位，或在地图上点一下。"))
        if sentence := place_problem(lng, lat):
            raise forms.ValidationError(sentence)
        return self.cleaned_data


# --- what the pages do -------------------------------------------------------------------------------------


def _verify(request: HttpRequest, entry: Item, form: OnTheSpotForm, declared: Any, box: Box) -> Verification:
    cleaned, user = form.cleaned_data, worker(request)
    lng, lat = form.here
    values: dict[str, Any] = {}
    data = None
    if declared is not None:
        values = {"title": cleaned["title"].strip() or entry.title, "address": cleaned["address"].strip()}
        if cleaned["moved"]:
            if lng is None:
                raise Refusal(_("没有取得位置，请打开手机定位再提交，或者先不改位置。"), field="moved")
            values |= {"lng": lng, "lat": lat}
        asked = {field.code for field in declared.declared}
        kept = {code: value for code, value in entry.data.items() if code not in asked}
        data = kept | cleaned_values(declared, by=user)
    return actions.verify_item(
        entry, actor=user, gone=cleaned["what"] == "gone", values=values, data=data, words=cleaned["words"],
        photos=box.photos, lng=lng, lat=lat, seen_version=cleaned["seen_version"], client_id=client_id_of(request),
        at=_filled_in_at(request),
    )  # fmt: skip


def _filled_in_at(request: HttpRequest) -> dt.datetime:
    """When the form was filled in: what waited on the phone is as old as the phone says."""
    age = request.headers.get("X-Work-Age", "")
    seconds = int(age[:9]) if age.isascii() and age.isdecimal() else 0
    return timezone.now() - min(dt.timedelta(seconds=seconds), LONGEST_IN_OUTBOX)


def _add(
    register: Register,
    street: str,
    form: OmittedForm,
    declared: Any,
    box: Box,
    user: User,
    client_id: uuid.UUID | None,
    at: dt.datetime,
) -> None:
    cleaned = form.cleaned_data
    road = Road.objects.filter(code=street).first()
    actions.add_omitted_item(
        register, actor=user, code=cleaned["code"], words=cleaned["words"], photos=box.photos,
        client_id=client_id, at=at,
        values={
            "title": cleaned["title"].strip(), "address": cleaned["address"].strip(), "lng": cleaned["lng"],
            "lat": cleaned["lat"], "road_id": road.pk if road else None,
        },
        data=cleaned_values(declared, by=user),
    )  # fmt: skip


def _of_the_street(fields: list[Field], street: str) -> dict[str, Any]:
    """What a new entry on this street most likely says: a sign names the road on which it stands."""
    found = {}
    for field in fields:
        if field.type == "item":
            rows = Item.objects.filter(road__code=street, register__code__in=field.of).exclude(
                state="retired"
            )
            if (code := rows.values_list("code", flat=True).first()) is not None:
                found[field.code] = code
    return found


def _said(entry: Item, done: Verification) -> str:
    if done.outcome == Verification.Outcome.CORRECTED:
        return _("%(title)s：已更正 %(n)d 处。") % {"title": entry.title, "n": done.corrected}
    if done.outcome == Verification.Outcome.GONE:
        return _("%s：已记为现场没有。") % entry.title
    return _("%s：核实一致。") % entry.title


def _initial(entry: Item) -> dict[str, Any]:
    return {
        "what": "right", "title": entry.title, "address": entry.address, "seen_version": entry.version,
        "client_id": uuid.uuid4(),
    }  # fmt: skip


def _show_item(
    request: HttpRequest, entry: Item, form: OnTheSpotForm, declared: Any, box: Box, *, status: int = 200
) -> HttpResponse:
    context = {
        "entry": entry, "form": form, "declared": declared, "box": box, "badge": state_badge(entry),
        "back": _street_url(entry),
        "watermark": {
            "place": str(entry.road or entry.area or ""), "who": str(worker(request)), "number": entry.code,
        },
    }  # fmt: skip
    return render(request, "cases/field/verify_item.html", context, status=status)


def _register(code: str) -> Register:
    register = Register.objects.filter(code=code, active=True).first()
    if register is None or not register.rules.verified:
        raise Http404(_("这个名录不做现场核实。"))
    return register


def _street(items: Any, key: str) -> Street:
    """The street by its key; a road on which nothing stands yet may still have something that was left out."""
    for found in streets_of(along(items, key), span_of(None)):
        if found.key == key:
            return found
    road = Road.objects.filter(code=key).first()
    if road is None:
        raise Http404(_("没有这条路。"))
    return Street(key, str(road), 0, 0)


def street_key(entry: Item) -> str:
    """The street under which an entry is listed."""
    if entry.road is not None:
        return entry.road.code
    return f"area-{entry.area.code}" if entry.area is not None else "-"


def _street_url(entry: Item) -> str:
    return reverse("field:verify-street", args=[entry.register.code, street_key(entry)])


# --- without a signal --------------------------------------------------------------------------------------


def pages(user: User) -> Iterator[tuple[str, str]]:
    """Registers, streets and forms of a round that goes on: they open without a signal."""
    if not can(user, policy.VERIFY):
        return
    today, kept = timezone.localdate(), 0
    home_version = str(today)
    for register in verified_registers():
        if (round_ := open_round(register)) is None:
            continue
        items = entries_to_verify(user, register)
        last = items.aggregate(verified=Max("verified_at"), changed=Max("changed_at"))
        version = f"{today} {round_.pk} {last['verified']} {last['changed']}"
        home_version = f"{home_version} {version}"
        yield reverse("field:verify-streets", args=[register.code]), version
        for found in streets_of(items, span_of(round_))[:_STREETS_KEPT]:
            yield reverse("field:verify-street", args=[register.code, found.key]), version
            yield reverse("field:verify-omitted", args=[register.code, found.key]), str(round_.pk)
        left = items.exclude(verified_at__gte=span_of(round_).start).order_by("code")
        for code, changed in left.values_list("code", "changed_at")[: max(_FORMS_KEPT - kept, 0)]:
            kept += 1
            yield f"/field/verify/{register.code}/items/{quote(code)}/", str(changed)
    yield reverse("field:verify"), home_version
