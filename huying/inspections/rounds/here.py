"""What somebody who stands before a thing may do there: the duties that are due now, and every standard for it."""

from __future__ import annotations

from dataclasses import dataclass

from huying.core.errors import NotAllowed
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.places import items_of
from huying.inspections.rounds.going import Going, going, places_for, plans_of
from huying.inspections.rounds.rights import require_make
from huying.inspections.rounds.sites import Site
from huying.inspections.standards import StandardRules
from huying.people.models import User
from huying.registry.models import Item


@dataclass(frozen=True)
class DutyHere:
    """A plan that brings this person to this thing, and the visit that is owed next."""

    plan: Plan
    version: StandardVersion
    going: Going

    @property
    def one_tap(self) -> bool:
        """Whether one tap can say that everything was right: nothing to read off, to fill in, to sign or to
        photograph.
        """
        return "photo" not in self.plan.rules.proof and is_simple(self.version.rules)


def is_simple(rules: StandardRules) -> bool:
    """Whether a standard asks for nothing but pass or fail."""
    return (
        not any(item.evidence == "reading" for item in rules.items)
        and not any(field.required for field in rules.fields)
        and rules.signature != "required"
    )


def duties_here(user: User, item: Item) -> list[DutyHere]:
    """The duties of this person at this thing, the most pressing first; of today, also those that are done."""
    found = []
    key = f"{item.register.code}/{item.code}"
    for plan in plans_of(user):
        rules = plan.rules
        if item.register.code not in rules.registers or not items_of(rules).filter(pk=item.pk).exists():
            continue
        places = places_for(user, plan, keys={key})
        version = version_for(rules.standard)
        if places and version is not None and _allowed(user, item, plan):
            found += [DutyHere(plan, version, each) for each in going(plan, places)]
    return sorted(found, key=_urgency)


def _urgency(duty: DutyHere) -> tuple[int, float, str]:
    slot = duty.going.slot
    order = ("late", "due", "soon", "done").index(duty.going.state)
    return order, slot.due.timestamp() if slot else 0, duty.plan.code


def version_for(code: str) -> StandardVersion | None:
    """The version of this standard that holds today."""
    standard = Standard.objects.filter(code=code).first()
    return standard.version_on() if standard else None


def checks_here(user: User, item: Item) -> list[StandardVersion]:
    """The standards by which this person may check the thing, whatever the plans say."""
    if not _allowed(user, item, None):
        return []
    versions = [standard.version_on() for standard in Standard.objects.filter(active=True)]
    return [v for v in versions if v is not None and item.register.code in v.rules.registers]


def _allowed(user: User, item: Item, plan: Plan | None) -> bool:
    try:
        require_make(user, Site(item=item), plan.rules if plan else None)
    except NotAllowed:
        return False
    return True
