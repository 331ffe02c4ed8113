"""Shifts on the phone: take over with one thumb, also without a signal; hand over; accept what was left."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.cases.views.field.access import in_the_field, worker
from huying.cases.views.field.answers import accepted
from huying.cases.views.field.once import sent_once
from huying.core.errors import Refusal
from huying.people.models import Handover, User
from huying.people.rosters import watch
from huying.people.rosters.forms import AnswerForm, ArrivalForm, HandOverForm
from huying.people.views import shifts as desk


def pages(user: User) -> Iterator[tuple[str, str]]:
    """What opens without a signal: the own shifts, the form of the running one, and what waits to be accepted."""
    found = desk.mine_context(user)
    state = ",".join(f"{turn.pk}{next_}{turn.shift.state}" for turn, next_ in found["now"])
    waiting = ",".join(f"{each.pk}" for each in found["waiting"])
    yield reverse("field:shifts"), f"{timezone.localdate()} {state} {waiting} {len(found['ahead'])}"
    for turn, next_ in found["now"]:
        if next_ == "hand-over":
            # The list of open cases changes: made anew every hour.
            yield reverse("field:hand-over", args=[turn.shift_id]), f"{timezone.now():%Y%m%d%H}"
    for handover in found["waiting"]:
        yield reverse("field:handover", args=[handover.pk]), f"{handover.state} {state}"


@never_cache
@in_the_field
@require_safe
def shifts(request: HttpRequest) -> HttpResponse:
    """My shifts."""
    return render(request, "cases/field/shifts.html", desk.mine_context(worker(request)))


@in_the_field
@require_POST
@sent_once("arrive")
def arrive(request: HttpRequest, pk: int) -> HttpResponse:
    """接班. Sent again after a lost answer, it is one arrival."""
    user = worker(request)
    form = ArrivalForm(request.POST)
    valid = form.is_valid()
    turn = watch.arrive(
        desk.shift_to_take(user, pk), actor=user, point=form.point if valid else None,
        at=form.cleaned_data["tapped_at"] if valid else None,
    )  # fmt: skip
    words = _("已接班，到岗时间 %s。") % f"{timezone.localtime(turn.arrived_at):%H:%M}"
    waiting = Handover.objects.filter(to=turn.shift, state=Handover.State.WAITING).exclude(by=user).first()
    url = reverse("field:handover", args=[waiting.pk]) if waiting else reverse("field:shifts")
    return accepted(request, url, words)


@never_cache
@in_the_field
@sent_once("hand-over")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """交班: what is open, a note for each, and what the next person has to confirm."""
    user = worker(request)
    row = desk.shift_for(user, pk)
    form = HandOverForm(row, user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = watch.hand_over(row, actor=user, notes=form.cleaned_data["notes"], items=form.items())
            return accepted(request, reverse("field:shifts"), desk.handed_words(made))
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    status = 422 if form.errors else 200
    return render(request, "cases/field/hand_over.html", {"shift": row, "form": form}, status=status)


@never_cache
@in_the_field
@require_safe
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """What the shift before left."""
    return _page(request, desk.handover_for(worker(request), pk))


@in_the_field
@require_POST
@sent_once("accept")
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it over, every marked item seen."""
    return _answer(request, pk, accepting=True)


@in_the_field
@require_POST
@sent_once("refuse")
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the shift before, with a reason."""
    return _answer(request, pk, accepting=False)


def _answer(request: HttpRequest, pk: int, *, accepting: bool) -> HttpResponse:
    user = worker(request)
    row = desk.handover_for(user, pk)
    try:
        words = desk.answer(row, AnswerForm(row, request.POST), user, accepting=accepting)
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        return _page(request, row, error=str(refusal))
    return accepted(request, reverse("field:shifts"), words)


def _page(request: HttpRequest, row: Handover, error: str = "") -> HttpResponse:
    context = desk.handover_context(row, worker(request), "field") | {"error": error}
    return render(request, "cases/field/handover.html", context, status=422 if error else 200)
