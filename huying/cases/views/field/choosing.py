"""What a finding can be about: ledgers of the field, and their categories for two taps, recent ones for one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language

from huying.cases.models import Category, Channel, Ledger, Report
from huying.people.models import User
from huying.places.clock import parse_limit
from huying.places.fresh import Kept

RECENT = 6
# So many of the own last findings are looked at for the recent categories.
_LOOKED_AT = 100
_CONTACT = ("none", "optional", "required")


@dataclass(frozen=True, slots=True)
class Choice:
    """One category as a button."""

    code: str
    zh: str
    en: str
    condition: str
    limit: str
    urgent: bool
    root_zh: str
    root_en: str

    def __str__(self) -> str:
        return self.en if self.en and _english() else self.zh

    @property
    def root(self) -> str:
        return self.root_en if self.root_en and _english() else self.root_zh

    @property
    def time_limit(self) -> str:
        limit = parse_limit(self.limit)
        return str(limit) if _english() else limit.zh


def _english() -> bool:
    return (get_language() or "").startswith("en")


def field_ledgers() -> list[Ledger]:
    """Ledgers that take findings from the field today; those that need no contact, made for patrols, first."""
    today = timezone.localdate()
    found = [
        ledger for ledger in Ledger.objects.filter(active=True)
        if Channel.FIELD in ledger.rules.channels and ledger.rules.in_season(today)
    ]  # fmt: skip
    return sorted(
        found,
        key=lambda ledger: (_CONTACT.index(ledger.rules.contact), ledger.rules.item_required, ledger.code),
    )


def catalogue_version() -> object:
    """Another one whenever a category or topic changed."""
    # The newest transaction that wrote a row, and how many rows there are: any change alters one of the two.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT (count(*), max(xmin::text::bigint))::text FROM cases_category),"
            " (SELECT (count(*), max(xmin::text::bigint))::text FROM cases_topic)"
        )
        return cursor.fetchone()


def _read() -> dict[int, list[Choice]]:
    rows = (
        Category.objects.filter(active=True)
        .select_related("topic__parent", "ledger")
        .order_by("kind", "code")
    )
    found: dict[int, list[Choice]] = {}
    for row in rows:
        root = (row.topic.parent or row.topic) if row.topic else row.ledger
        found.setdefault(row.ledger_id, []).append(
            Choice(
                row.code,
                row.title,
                row.title_en,
                row.condition,
                row.limit,
                row.urgent,
                root.title,
                root.title_en,
            )
        )
    return found


_kept: Kept[dict[int, list[Choice]]] = Kept(catalogue_version, _read)

Groups = list[tuple[str, list[tuple[str, list[Choice]]]]]


def choices_of(ledger: Ledger) -> list[Choice]:
    """The ledger's categories."""
    return _kept.get().get(ledger.pk, [])


def groups_of(choices: list[Choice]) -> Groups:
    """First tap: the large topic. Second tap: the thing and what is wrong with it."""
    roots: dict[str, dict[str, list[Choice]]] = {}
    for choice in choices:
        roots.setdefault(choice.root, {}).setdefault(str(choice), []).append(choice)
    return [(root, list(things.items())) for root, things in roots.items()]


def recent_of(user: User, ledger: Ledger, choices: list[Choice]) -> list[Choice]:
    """The categories of the user's own last findings, newest first."""
    codes = Report.objects.filter(reported_by=user, case__ledger=ledger, channel=Channel.FIELD).order_by(
        "-pk"
    )
    known = {choice.code: choice for choice in choices}
    last = dict.fromkeys(codes.values_list("case__category__code", flat=True)[:_LOOKED_AT])
    return [known[code] for code in last if code in known][:RECENT]
