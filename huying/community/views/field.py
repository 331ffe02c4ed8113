"""Calling at the door: whom next, what was said and read there, what was promised."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.cases.models import Category
from huying.cases.views.field.access import on_the_phone, worker
from huying.cases.views.field.answers import accepted
from huying.cases.views.field.once import client_id_of, sent_once
from huying.community import actions
from huying.community.models import Household, Promise
from huying.community.policy import RECORD, households_for
from huying.community.questions import questions
from huying.core.errors import Refusal
from huying.core.masking import mask_name, mask_phone
from huying.core.paging import paginate
from huying.core.toasts import toast
from huying.people.access import scopes
from huying.people.guards import requires
from huying.people.models import User
from huying.places.models import Area
from huying.registry.declared.forms import cleaned_values, declared_form, shown_values

KEPT_OFFLINE = 60
STORY = 10


def at_the_door(view: Any) -> Any:
    """Whoever records visits."""
    return requires(RECORD)(on_the_phone(view))


def pages(user: User) -> Iterator[tuple[str, str]]:
    """What opens without a signal: the list, and the homes whose turn it is."""
    if not scopes(user, RECORD):
        return
    yield reverse("community:households"), "1"
    for home in _in_turn(user)[:KEPT_OFFLINE]:
        yield reverse("community:household", args=[home.pk]), f"{home.visited_at}"


def _in_turn(user: User) -> Any:
    return (
        households_for(user)
        .select_related("area")
        .defer("area__boundary")
        .order_by(F("visited_at").asc(nulls_first=True), "area_path", "address")
    )


@at_the_door
@require_safe
def households(request: HttpRequest) -> HttpResponse:
    """Homes of my grids: never visited first, then longest ago."""
    rows = _in_turn(worker(request))
    words = request.GET.get("q", "").strip()[:60]
    if words:
        rows = rows.filter(Q(address__icontains=words) | Q(area__title__icontains=words))
    low = bool(request.GET.get("low"))
    if low:
        rows = rows.filter(low=True)
    shown, pager = paginate(request, rows)
    context = {"rows": shown, "pager": pager, "words": words, "low": low, "title": questions().title}
    return render(request, "community/households.html", context)


class HouseholdForm(forms.Form):
    """A home."""

    area = forms.ModelChoiceField(
        Area.objects.none(), label=gettext_lazy("网格"), to_field_name="code",
        error_messages={"required": gettext_lazy("请选择网格。"), "invalid_choice": gettext_lazy("请选择网格。")},
    )  # fmt: skip
    address = forms.CharField(
        label=gettext_lazy("楼栋、单元、门牌"), max_length=120,
        error_messages={"required": gettext_lazy("请写楼栋、单元和门牌，例如 3号楼2单元201。")},
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("户主"), max_length=60, required=False)
    phone = forms.CharField(label=gettext_lazy("电话"), max_length=30, required=False)
    members = forms.IntegerField(label=gettext_lazy("几口人"), min_value=0, max_value=99, required=False)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Q(pk=None)
        for scope in scopes(user, RECORD):
            mine |= Q(path__startswith=scope.path) if scope.path else Q(pk__isnull=False)
        field: Any = self.fields["area"]
        field.queryset = Area.objects.filter(
            mine, level=Area.Level.GRID, layer="administrative", valid_to=None
        ).defer("boundary")


@never_cache
@at_the_door
def add(request: HttpRequest) -> HttpResponse:
    """A home that is not in the list yet."""
    form = HouseholdForm(worker(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            home = actions.add_household(actor=worker(request), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("community:household", home.pk)
    return render(request, "community/add_household.html", {"form": form}, status=422 if form.errors else 200)


class VisitForm(forms.Form):
    """What every visit asks besides the declared questions."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    lng = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-90, max_value=90)
    visited_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    at_home = forms.ChoiceField(
        label=gettext_lazy("家里有人吗"), choices=[("yes", gettext_lazy("有人")), ("no", gettext_lazy("没人"))],
        widget=forms.RadioSelect, error_messages={"required": gettext_lazy("请选择家里有没有人。")},
    )  # fmt: skip
    words = forms.CharField(
        label=gettext_lazy("其他情况"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    problem = forms.CharField(
        label=gettext_lazy("发现的问题"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("写了就立案，派给负责的单位。"),
    )  # fmt: skip
    category = forms.ChoiceField(label=gettext_lazy("问题类别"), required=False)
    promise = forms.CharField(label=gettext_lazy("答应的事"), max_length=200, required=False)
    promise_due = forms.DateField(
        label=gettext_lazy("哪天以前办到"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.categories = _categories()
        field: Any = self.fields["category"]
        field.choices = [
            ("", _("请选择")),
            *((key, f"{c} · {c.ledger}") for key, c in self.categories.items()),
        ]

    def clean(self) -> dict[str, Any]:
        """A problem needs a category, and the other way round."""
        data = super().clean() or {}
        if data.get("problem") and not data.get("category"):
            self.add_error("category", _("请选择问题类别。"))
        return data


def _categories() -> dict[str, Category]:
    """Categories of ledgers that take what was found at the door; that of the declared reading first."""
    rows = Category.objects.filter(active=True, ledger__active=True).select_related("ledger", "topic__parent")
    found = {f"{c.ledger.code}.{c.code}": c for c in rows if "visit" in c.ledger.rules.channels}
    low = questions().low
    first = f"{low.ledger}.{low.category}" if low else ""
    return dict(sorted(found.items(), key=lambda pair: (pair[0] != first, pair[0])))


@never_cache
@at_the_door
@sent_once("visit")
def household(request: HttpRequest, pk: int) -> HttpResponse:
    """One home with its history, and the form of a visit."""
    home = get_object_or_404(
        households_for(worker(request)).select_related("area").defer("area__boundary"), pk=pk
    )
    asked = questions()
    bound = request.POST if request.method == "POST" else None
    form = VisitForm(bound, initial={"at_home": "yes", "client_id": uuid.uuid4()})
    declared = declared_form(asked.fields, bound, prefix="q")
    if bound is not None:
        if form.is_valid() and (form.cleaned_data["at_home"] == "no" or declared.is_valid()):
            answer = _record(request, home, form, declared)
            if answer is not None:
                return answer
    else:
        actions.note_opening(home, actor=worker(request))
    status = 422 if form.errors or (bound is not None and declared.errors) else 200
    return render(request, "community/household.html", _context(home, form, declared), status=status)


def _record(request: HttpRequest, home: Household, form: VisitForm, declared: Any) -> HttpResponse | None:
    data = form.cleaned_data
    here = data["lng"] is not None and data["lat"] is not None
    at_home = data["at_home"] == "yes"
    try:
        visit = actions.record_visit(
            home,
            actions.Called(
                at_home=at_home, answers=cleaned_values(declared, by=worker(request)) if at_home else {},
                words=data["words"], promise=data["promise"], promise_due=data["promise_due"],
                problem=actions.Problem(form.categories[data["category"]], data["problem"])
                if data["problem"]
                else None,
                point=(data["lng"], data["lat"]) if here else None, visited_at=data["visited_at"],
                client_id=client_id_of(request),
            ),
            actor=worker(request),
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return None
    opened = visit.problems.select_related("case").first()
    said = _("已记下，问题已立案：%s。") % opened.case.number if opened else _("已记下。")
    return accepted(request, reverse("community:households"), said)


def _context(home: Household, form: VisitForm, declared: Any) -> dict[str, Any]:
    asked = questions()
    visits = list(
        home.visits.select_related("visitor").prefetch_related("problems__case", "promises")[:STORY]
    )
    return {
        "home": home, "form": form, "declared": declared, "low": asked.low,
        "name": mask_name(home.name), "phone": mask_phone(home.phone),
        "visits": [(visit, shown_values(asked.fields, visit.answers, private=True)) for visit in visits],
        "promises": Promise.objects.filter(visit__household=home).exclude(state=Promise.State.KEPT),
        "now": timezone.now().isoformat(),
    }  # fmt: skip


@require_POST
@at_the_door
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Name and phone, for a reason on record."""
    home = get_object_or_404(households_for(worker(request)), pk=pk)
    try:
        name, phone = actions.reveal_household(
            home, reason=request.POST.get("reason", ""), actor=worker(request)
        )
    except Refusal as refusal:
        return render(request, "community/_contact.html", {"home": home, "error": str(refusal)}, status=422)
    return render(request, "community/_contact.html", {"home": home, "name": name, "phone": phone})


@require_POST
@at_the_door
def keep(request: HttpRequest, pk: int, promise_pk: int) -> HttpResponse:
    """A promise was kept."""
    home = get_object_or_404(households_for(worker(request)), pk=pk)
    promise = get_object_or_404(
        Promise.objects.select_related("visit__household"), pk=promise_pk, visit__household=home
    )
    actions.keep_promise(promise, actor=worker(request))
    toast(request, _("已记下：答应的事办到了。"))
    return redirect("community:household", pk)
