"""A period that draws has begun, and nobody has drawn it: whoever may draw is told, once for each period."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.journal import entries_of, log
from huying.core.language import of_record
from huying.inspections.models import Draw, Plan
from huying.inspections.occurrences import Period, period_of, slots_now
from huying.inspections.policy import DRAW
from huying.notices import outbox, texts
from huying.notices.models import Delivery
from huying.notices.recipients import chosen_channels, subject_link
from huying.people.models import Grant, User
from huying.people.roles import ROLES

UNDRAWN = "inspections.undrawn"
_KIND = "plan-draw"
# Unless the pack words it (`notices`, under `staff`). {until}: the last day of the period.
WORDS = ("plan", "period", "until", "link")
TO_PEOPLE: Promise = gettext_lazy(
    "还没有抽取：{plan} {period} 已经开始，{until} 结束，请抽取检查对象和检查人。{link}"
)


def undrawn(day: dt.date | None = None) -> list[tuple[Plan, Period]]:
    """The plans whose period is under way, with visits to make in it, and has not been drawn."""
    day = day or timezone.localdate()
    found = []
    for plan in Plan.objects.filter(active=True):
        rules = plan.rules
        if rules.draw is None or not slots_now(rules, day):
            continue
        period = period_of(rules.every.unit, day)
        if not Draw.objects.filter(plan=plan, period=period.name).exists():
            found.append((plan, period))
    return found


def remind_undrawn(day: dt.date | None = None) -> int:
    """Tell whoever may draw; how many plans were told of. What was told stands in the plan's journal."""
    return sum(_remind(plan, period) for plan, period in undrawn(day))


@transaction.atomic
def _remind(plan: Plan, period: Period) -> bool:
    # Of two workers the second waits here, and then finds the entry of the first.
    Plan.objects.select_for_update().get(pk=plan.pk)
    told = (entry for entry in entries_of(plan) if entry.code == UNDRAWN)
    if any(entry.data.get("period") == period.name for entry in told):
        return False
    people = list(_who_may_draw())
    with of_record():
        outbox.post([
            Delivery(
                code=UNDRAWN, subject_kind=_KIND, subject_id=plan.pk, to_kind=Delivery.To.USER, to_id=person.pk,
                to_name=str(person)[:120], channel=channel, subject=_("还没有抽取：%s") % plan,
                words=_words(plan, period, channel),
            )
            for person, channel in chosen_channels(people, "mine")
        ])  # fmt: skip
    log(plan, UNDRAWN, period=period.name, told=[person.username for person in people])
    return True


def _who_may_draw() -> list[User]:
    roles = [code for code, role in ROLES.items() if DRAW in role.verbs]
    granted = Grant.objects.on().filter(role__in=roles, user__is_active=True).values("user")
    return list(User.objects.filter(pk__in=granted).order_by("pk"))


def _words(plan: Plan, period: Period, channel: str) -> str:
    values = {"plan": str(plan), "period": period.name, "until": f"{period.last}", "link": outbox.LINK}
    own = texts.own_text("staff", UNDRAWN, channel)
    try:
        words = texts.fill(own or str(TO_PEOPLE), values)
    except (IndexError, ValueError):
        # A pack's broken sentence must not keep a draw from being called for.
        words = texts.fill(str(TO_PEOPLE), values)
    return words if outbox.LINK in words else f"{words} {outbox.LINK}"


def _address(pk: int) -> str:
    code = Plan.objects.filter(pk=pk).values_list("code", flat=True).first()
    return reverse("inspections:draw-plan", args=[code]) if code else reverse("inspections:plans")


def register() -> None:
    """Called once, when the floor is ready: where a reminder leads."""
    subject_link(_KIND, _address)
