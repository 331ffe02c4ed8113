"""Which ledger takes a resident's report: chosen by the category, so that nobody has to know what a ledger is.

The most specific open ledger that knows a topic takes it (the sixteen street problems of the snapshots before
the whole list of requests); a ledger with a season comes first while it lasts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from huying.cases.models import Category, Channel, Ledger, Topic
from huying.cases.suggest import guess_categories
from huying.places.fresh import Kept

SUGGESTIONS = 4

_VERSION = "SELECT " + ", ".join(
    f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {table})"
    for table in ("cases_ledger", "cases_category", "cases_topic")
)


@dataclass(frozen=True)
class Offer:
    """The categories that residents can choose today, and the one for what fits nowhere."""

    categories: dict[int, Category]
    groups: tuple[tuple[Ledger | Topic, tuple[Category, ...]], ...]
    ledgers: tuple[Ledger, ...]

    @property
    def fallback(self) -> Category | None:
        """For a photo without words: the last resort of the first ledger that has one."""
        rest = [category for category in self.categories.values() if category.code == "other"]
        return rest[0] if rest else next(iter(self.categories.values()), None)

    def get(self, key: str) -> Category | None:
        return self.categories.get(int(key)) if key.isdecimal() and len(key) < 19 else None

    def guesses(self, words: str) -> list[Category]:
        """The best few for these words, surest first; one with a weak word only beside a sure one is left out."""
        found = guess_categories(self.categories.values(), words, at_most=SUGGESTIONS)
        best = max((guess.score for guess in found), default=0)
        return [guess.category for guess in found if guess.score * 3 > best]


def _version() -> tuple[object, dt.date]:
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        return cursor.fetchone(), timezone.localdate()


def _read() -> Offer:
    today = timezone.localdate()
    ledgers = [
        ledger
        for ledger in Ledger.objects.filter(active=True)
        if Channel.PORTAL in ledger.rules.channels
        and not ledger.rules.item_required
        and ledger.rules.in_season(today)
    ]
    known: dict[int, list[Category]] = {ledger.pk: [] for ledger in ledgers}
    active = Category.objects.filter(ledger__in=ledgers, active=True)
    for category in active.select_related("topic__parent", "ledger", "department").order_by("pk"):
        known[category.ledger_id].append(category)
    ledgers.sort(key=lambda ledger: (not ledger.rules.season, len(known[ledger.pk]), ledger.code))
    chosen: dict[int, Category] = {}
    taken: set[int] = set()
    groups: dict[Ledger | Topic, list[Category]] = {}
    for place, ledger in enumerate(ledgers):
        mine = [c for c in known[ledger.pk] if c.topic_id is None or c.topic_id not in taken]
        for category in mine:
            chosen[category.pk] = category
            topic = category.topic
            # The longest list is shown by topic, the short ones as they are.
            root = (topic.parent or topic) if topic is not None and place == len(ledgers) - 1 else ledger
            groups.setdefault(root, []).append(category)
        taken |= {c.topic_id for c in mine if c.topic_id is not None}
    return Offer(chosen, tuple((root, tuple(members)) for root, members in groups.items()), tuple(ledgers))


_offer: Kept[Offer] = Kept(_version, _read)


def offer() -> Offer:
    """What residents can choose today; read again only when a ledger, category or topic has changed."""
    return _offer.get()


def about_register(register: str) -> dict[int, Category]:
    """What residents may report of a scanned thing: of the ledgers that concern its register, those for such things
    alone first. A ledger that asks for a thing is open to them here: the label says which it is."""
    today = timezone.localdate()
    ledgers = [
        ledger
        for ledger in Ledger.objects.filter(active=True)
        if Channel.PORTAL in ledger.rules.channels
        and register in ledger.rules.registers
        and ledger.rules.in_season(today)
    ]
    ledgers.sort(key=lambda ledger: (not ledger.rules.item_required, not ledger.rules.season, ledger.code))
    if not ledgers:
        return {}
    rows = Category.objects.filter(ledger=ledgers[0], active=True)
    return {
        row.pk: row for row in rows.select_related("topic__parent", "ledger", "department").order_by("pk")
    }
