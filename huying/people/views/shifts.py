"""One's own shifts on the desk: take over, hand over, accept; one shift with everything that happened on it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.journal import log
from huying.core.masking import mask_phone
from huying.core.toasts import toast
from huying.people.guards import reader, requires
from huying.people.models import Handover, Shift, Turn, User
from huying.people.rosters import figures, sheets, watch
from huying.people.rosters.forms import AnswerForm, ArrivalForm, HandOverForm
from huying.people.rosters.policy import readable_handovers, readable_shifts
from huying.people.rosters.rules import rules_of
from huying.people.rosters.sources import link_of
from huying.people.views.common import act

AHEAD = dt.timedelta(days=28)
BEHIND = dt.timedelta(days=7)


# -- what both audiences show ---------------------------------------------------------------------------------


def own_turns(user: User) -> list[Turn]:
    """The user's turns from a week ago to four weeks from now, by time."""
    now = timezone.now()
    return list(
        Turn.objects.filter(user=user, shift__ends_at__gt=now - BEHIND, shift__starts_at__lt=now + AHEAD)
        .select_related("shift__roster")
        .order_by("shift__starts_at")
    )


def what_next(turn: Turn) -> str:
    """What its person can do now: `arrive`, `hand-over`, or nothing."""
    shift, now = turn.shift, timezone.now()
    if turn.arrived_at is None:
        rules = rules_of(shift.roster)
        return "arrive" if shift.starts_at - rules.early <= now <= shift.ends_at else ""
    wants = rules_of(shift.roster).handover
    return "hand-over" if wants and shift.state == Shift.State.FILLED else ""


def mine_context(user: User) -> dict[str, Any]:
    """The own shifts: those that want something now, those to come, and what waits to be accepted."""
    now = timezone.now()
    turns = [(turn, what_next(turn)) for turn in own_turns(user)]
    shifts = [turn.shift_id for turn, _next in turns]
    waiting = Handover.objects.filter(state=Handover.State.WAITING, to__in=shifts).exclude(by=user)
    return {
        "now": [(turn, next_) for turn, next_ in turns if next_ or turn.shift.starts_at <= now < turn.shift.ends_at],
        "ahead": [turn for turn, next_ in turns if turn.shift.starts_at > now and not next_],
        "behind": [turn for turn, next_ in reversed(turns) if turn.shift.ends_at <= now and not next_],
        "waiting": list(waiting.select_related("shift__roster", "by", "to")),
    }  # fmt: skip


def handover_context(handover: Handover, user: User, audience: str) -> dict[str, Any]:
    """A hand-over with the addresses of what it is about."""
    return {
        "handover": handover,
        "items": [(item, link_of(item.kind, item.key, audience)) for item in handover.items.all()],
        "may_answer": handover.state == Handover.State.WAITING and watch.may_receive(handover, user),
        "must_arrive": handover.state == Handover.State.WAITING and _planned_next(handover, user),
    }


def _planned_next(handover: Handover, user: User) -> Turn | None:
    """The reader's own turn on the next shift, which they have to take over first."""
    if handover.to_id is None:
        return None
    return (
        Turn.objects.filter(shift=handover.to_id, user=user, arrived_at=None).select_related("shift").first()
    )


def shift_for(user: User, pk: int) -> Shift:
    """The shift where the user may read it; 404 otherwise."""
    rows = (
        readable_shifts(user)
        .select_related("roster__department", "roster__area")
        .defer("roster__area__boundary")
    )
    return get_object_or_404(rows, pk=pk)


def shift_to_take(user: User, pk: int) -> Shift:
    """Any shift: whether somebody may take it over, the action says."""
    return get_object_or_404(
        Shift.objects.select_related("roster__department", "roster__area").defer("roster__area__boundary"),
        pk=pk,
    )


def handover_for(user: User, pk: int) -> Handover:
    """The hand-over where the user may read it; 404 otherwise."""
    return get_object_or_404(
        readable_handovers(user).select_related(
            "shift__roster__area", "shift__roster__department", "to", "by", "answered_by"
        ),
        pk=pk,
    )


# -- the desk -------------------------------------------------------------------------------------------------


@require_safe
@requires()
def mine(request: HttpRequest) -> HttpResponse:
    """My shifts."""
    return render(request, "people/rosters/mine.html", mine_context(reader(request)))


@require_safe
@requires()
def calendar(request: HttpRequest) -> HttpResponse:
    """My shifts for the calendar on the phone or in the mail program."""
    body = sheets.calendar_of(reader(request), own_turns(reader(request)))
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="shifts.ics"'
    return answer


@require_safe
@requires()
def shift(request: HttpRequest, pk: int) -> HttpResponse:
    """One shift: who was on, from when to when, what was handed over."""
    row = shift_for(reader(request), pk)
    turns = list(row.turns.select_related("user"))
    return render(
        request,
        "people/rosters/shift.html",
        {
            "shift": row, "turns": [(turn, mask_phone(turn.user.phone)) for turn in turns],
            "outcome": figures.OUTCOMES.get(figures.outcome_of(row)),
            "handovers": row.handovers.select_related("by", "answered_by", "to").prefetch_related("items"),
            "received": row.received.select_related("by", "answered_by", "shift").prefetch_related("items"),
            "next": next((what_next(turn) for turn in turns if turn.user_id == reader(request).pk), ""),
        },
    )  # fmt: skip


@require_POST
@requires()
def arrive(request: HttpRequest, pk: int) -> HttpResponse:
    """接班 at the desk."""
    row = shift_to_take(reader(request), pk)
    form = ArrivalForm(request.POST)
    point = form.point if form.is_valid() else None
    return act(
        request,
        lambda: watch.arrive(row, actor=reader(request), point=point),
        _("已接班。"),
        reverse("people:my-shifts"),
    )


@never_cache
@requires()
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """交班 at the desk."""
    row = shift_for(reader(request), pk)
    form = HandOverForm(row, reader(request), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = watch.hand_over(
                row, actor=reader(request), notes=form.cleaned_data["notes"], items=form.items()
            )
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            toast(request, handed_words(made))
            return redirect("people:handover", made.pk)
    return render(
        request,
        "people/rosters/hand_over.html",
        {"shift": row, "form": form},
        status=422 if form.errors else 200,
    )


def handed_words(handover: Handover) -> str:
    """What is said after handing over."""
    if handover.to is None:
        return _("已交班。后面没有接着的班，由负责人接。")
    return _("已交班，等 %s 的人接。") % handover.to


@require_safe
@requires()
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """One hand-over."""
    row = handover_for(reader(request), pk)
    return render(request, "people/rosters/handover.html", handover_context(row, reader(request), "desk"))


@require_POST
@requires()
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over what was left."""
    return _answer(request, pk, accepting=True)


@require_POST
@requires()
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Not like this, with a reason."""
    return _answer(request, pk, accepting=False)


def _answer(request: HttpRequest, pk: int, *, accepting: bool) -> HttpResponse:
    user = reader(request)
    row = handover_for(user, pk)
    form = AnswerForm(row, request.POST)
    try:
        words = answer(row, form, user, accepting=accepting)
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        context = handover_context(row, user, "desk") | {"error": str(refusal), "form": form}
        return render(request, "people/rosters/handover.html", context, status=422)
    toast(request, words)
    return redirect("people:handover", row.pk)


def answer(handover: Handover, form: AnswerForm, user: User, *, accepting: bool) -> str:
    """Accept or refuse as the form says; the sentence for afterwards."""
    if not form.is_valid():
        raise Refusal(_("请刷新页面，再逐件确认。"))
    if accepting:
        watch.accept(handover, actor=user, acknowledged=[item.pk for item in form.cleaned_data["items"]])
        return _("已接班，上一班交代的事由您接着办。")
    watch.refuse(handover, actor=user, reason=form.cleaned_data["reason"])
    return _("已退回上一班补充。")


@require_POST
@requires("case.view", "roster.view")
def phone(request: HttpRequest, pk: int) -> HttpResponse:
    """The number of somebody who is on duty, for a reason that is put on record first."""
    turn = get_object_or_404(
        Turn.objects.select_related("shift", "user").filter(
            shift__starts_at__lte=timezone.now() + dt.timedelta(hours=1), shift__ends_at__gt=timezone.now()
        ),
        pk=pk,
    )
    reason = request.POST.get("reason", "").strip()[:200]
    if len(reason) < 4:
        error = _("请写明查看原因（至少 4 个字），例如：约上门时间。")
        return render(request, "people/rosters/_phone.html", {"error": error}, status=422)
    log(turn.shift, "shift.phone_revealed", actor=reader(request), name=str(turn.user), reason=reason)
    return render(request, "people/rosters/_phone.html", {"person": turn.user})
