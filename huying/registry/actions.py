"""What can be done with things: add, change, set their state, photograph, verify on the spot."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.core.search import normalise, search_vector
from huying.people.models import Department, User
from huying.places.district import region_code
from huying.places.where import where_is
from huying.registry import policy
from huying.registry.models import Item, ItemPhoto, Register, Verification
from huying.registry.rules import PROPERTIES, RegisterRules

# What a form, a row of a spreadsheet and the API may set. `data` holds the declared fields.
COLUMNS = ("title", "address", "lng", "lat", "geometry", "road_id", *(f"{role}_id" for role in PROPERTIES))
_SERIALS = 999_999


@transaction.atomic
def add_item(
    register: Register,
    *,
    actor: User | None,
    values: Mapping[str, Any],
    data: Mapping[str, Any],
    code: str = "",
    state: str = "",
    origin: str = Item.Origin.HAND,
    at: dt.datetime | None = None,
) -> Item:
    """Put a thing on its register. Without a code it takes the next of the register's own numbers.

    `values` holds some of `COLUMNS`, `data` the declared fields as `cleaned_values` gives them.
    Raises Refusal (field `code`) when the code is taken or missing.
    """
    rules = register.rules
    item = Item(register=register, code=code.strip() or next_code(register, rules), origin=origin)
    item.state = state or rules.first_state
    _set(item, values)
    item.data = dict(data)
    set_default_people(item, default_people(rules))
    place_item(item)
    if actor is not None:
        policy.require(actor, policy.VERIFY if origin == Item.Origin.SPOT else policy.CHANGE, item)
    item.part_code = draw_part_code(rules.class_for(item.data))
    item.words = normalise(" ".join(search_words(item, rules)))[:2000]
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError:
        raise Refusal(_("编号 %(code)s 已经有了，请换一个。") % {"code": item.code}, field="code") from None
    _write_search(item)
    log(
        item,
        "item.added",
        actor=actor,
        at=at,
        register=register.code,
        code=item.code,
        title=item.title,
        origin=origin,
    )
    return item


@transaction.atomic
def change_item(
    item: Item,
    *,
    actor: User | None,
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    state: str | None = None,
    seen_version: int | None = None,
    words: str = "",
    verb: str = policy.CHANGE,
    at: dt.datetime | None = None,
) -> dict[str, list[Any]]:
    """Change a thing, and say in its history what each value was and is. Returns those changes.

    `data` replaces the declared fields as a whole. `seen_version` is the version that the person saw: Conflict
    when somebody else has changed the thing since. Nothing is written when nothing differs.
    """
    current = Item.objects.select_for_update().select_related("register").get(pk=item.pk)
    if actor is not None:
        policy.require(actor, verb, current)
    if seen_version is not None and current.version != seen_version:
        raise Conflict(_("「%(title)s」刚才被别人改过，请核对现在的内容再改。") % {"title": current.title})
    rules = current.rules
    before = _facts(current)
    _set(current, values or {})
    if data is not None:
        current.data = dict(data)
    if state is not None:
        _require_state(rules, state)
        current.state = state
    changes = {
        name: [before.get(name), value]
        for name, value in _facts(current).items()
        if before.get(name) != value
    } | {name: [value, None] for name, value in before.items() if name not in _facts(current)}
    if not changes:
        return {}
    place_item(current)
    if actor is not None:
        policy.require(actor, verb, current)  # nobody moves a thing out of their own reach unseen
    if (wanted := rules.class_for(current.data)) and current.part_code[6:10] != wanted:
        current.part_code = draw_part_code(wanted)
    current.version += 1
    current.changed_at = at or timezone.now()
    current.words = normalise(" ".join(search_words(current, rules)))[:2000]
    current.save()
    _write_search(current)
    log(
        current,
        "item.changed",
        actor=actor,
        at=at,
        changes=_sayable(rules, changes),
        words=words.strip()[:300],
    )
    item.__dict__.update({key: value for key, value in current.__dict__.items() if key != "_state"})
    return changes


def set_item_state(
    item: Item,
    *,
    state: str,
    actor: User | None,
    words: str = "",
    at: dt.datetime | None = None,
    seen_version: int | None = None,
) -> None:
    """Put a thing into another of its register's states; nothing happens when it is in it already."""
    change_item(item, actor=actor, state=state, words=words, at=at, seen_version=seen_version)


@transaction.atomic
def add_item_photos(
    item: Item, photos: Sequence[StoredFile], *, actor: User | None, verb: str = policy.CHANGE
) -> int:
    """Keep pictures of the thing; the same picture again is the one that is there. Returns how many are new."""
    if actor is not None:
        policy.require(actor, verb, item)
    added = 0
    for photo in photos:
        _kept, is_new = ItemPhoto.objects.get_or_create(
            item=item, file=photo, defaults={"taken_at": photo.taken_at or timezone.now(), "by": actor}
        )
        added += is_new
    if added:
        log(item, "item.photographed", actor=actor, photos=added)
    return added


@transaction.atomic
def verify_item(
    item: Item,
    *,
    actor: User,
    gone: bool = False,
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    words: str = "",
    photos: Sequence[StoredFile] = (),
    lng: float | None = None,
    lat: float | None = None,
    at: dt.datetime | None = None,
    seen_version: int | None = None,
    client_id: uuid.UUID | None = None,
) -> Verification:
    """Compare a thing with its entry, on the spot: right as it is, corrected, or not there.

    The same `client_id` again is the verification that is there: a phone may send one form twice.
    """
    if client_id and (known := Verification.objects.filter(client_id=client_id).first()):
        return known
    policy.require(actor, policy.VERIFY, item)
    if gone and len(words.strip()) < 2:
        raise Refusal(_("请写一句现场的情况，例如：已拆除。"), field="words")
    if gone:
        changes = change_item(
            item,
            actor=actor,
            state="retired",
            words=words,
            verb=policy.VERIFY,
            seen_version=seen_version,
            at=at,
        )
        outcome = Verification.Outcome.GONE
    else:
        changes = change_item(
            item, actor=actor, values=values, data=data, words=words, verb=policy.VERIFY, seen_version=seen_version,
            at=at,
        )  # fmt: skip
        outcome = Verification.Outcome.CORRECTED if changes else Verification.Outcome.RIGHT
    return _record(item, outcome, actor, changes, words, photos, lng, lat, at, client_id)


@transaction.atomic
def add_omitted_item(
    register: Register,
    *,
    actor: User,
    values: Mapping[str, Any],
    data: Mapping[str, Any],
    code: str = "",
    words: str = "",
    photos: Sequence[StoredFile] = (),
    at: dt.datetime | None = None,
    client_id: uuid.UUID | None = None,
) -> Verification:
    """Put a thing on the register that was found on the spot and had been left out."""
    if client_id and (known := Verification.objects.filter(client_id=client_id).first()):
        return known
    item = add_item(
        register, actor=actor, values=values, data=data, code=code, origin=Item.Origin.SPOT, at=at
    )  # fmt: skip
    return _record(
        item, Verification.Outcome.OMITTED, actor, {}, words, photos, item.lng, item.lat, at, client_id
    )


def _record(
    item: Item, outcome: str, actor: User, changes: Mapping[str, Any], words: str, photos: Sequence[StoredFile],
    lng: float | None, lat: float | None, at: dt.datetime | None, client_id: uuid.UUID | None,
) -> Verification:  # fmt: skip
    at = at or timezone.now()
    add_item_photos(item, photos, actor=actor, verb=policy.VERIFY)
    verification = Verification.objects.create(
        item=item, outcome=outcome, at=at, by=actor, lng=lng, lat=lat, client_id=client_id, words=words.strip()[:300],
        corrections=_sayable(item.rules, changes), corrected=len(changes) if outcome == "corrected" else 0,
    )  # fmt: skip
    Item.objects.filter(pk=item.pk).update(verified_at=at)
    item.verified_at = at
    log(
        item,
        "item.verified",
        actor=actor,
        at=at,
        outcome=str(outcome),
        corrected=verification.corrected,
        words=words.strip()[:300],
    )
    return verification


@transaction.atomic
def reveal_private(item: Item, *, reason: str, actor: User) -> None:
    """Put on record that somebody looks at the personal fields of a thing, and why; the caller then shows them."""
    policy.require(actor, policy.CHANGE, item)
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明查看原因（至少 4 个字），例如：核实现场位置。"), field="reason")
    log(item, "item.private_shown", actor=actor, reason=reason.strip()[:200])


def draw_part_code(class_code: str) -> str:
    """The next 16-digit code of a small class: region (6), class (4), serial (6); empty without a class.

    Two who draw at once wait for one another. Source: GB/T 30428, see spec 2.1.
    """
    if not class_code:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_partserial AS s (class_code, last) VALUES (%s, 1)"
            " ON CONFLICT (class_code) DO UPDATE SET last = s.last + 1 RETURNING last",
            [class_code],
        )
        serial = cursor.fetchone()[0]
    if serial > _SERIALS:
        raise Refusal(_("部件小类 %(code)s 的流水号用完了。") % {"code": class_code})
    return f"{region_code()}{class_code}{serial:06}"


def place_item(item: Item) -> None:
    """Fill in the area around the item's point; an item without one keeps the area it was given. Not saved."""
    if item.lng is not None and item.lat is not None:
        there = where_is(item.lng, item.lat)
        item.area_id, item.area_path = there.area_id, there.area_path


def search_words(item: Item, rules: RegisterRules) -> list[str]:
    """What a search for this thing may look at: never a personal field."""
    values = [
        str(item.data[field.code])
        for field in rules.fields
        if not field.private and field.type in ("text", "choice", "choices") and item.data.get(field.code)
    ]
    return [item.code, item.title, item.part_code, item.address, *values]


def _write_search(item: Item) -> None:
    Item.objects.filter(pk=item.pk).update(search=search_vector(*search_words(item, item.rules)))


def _set(item: Item, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in COLUMNS:
            raise TypeError(name)
        setattr(item, name, value)


def _facts(item: Item) -> dict[str, Any]:
    """Everything that somebody may have changed, by name."""
    return {name: getattr(item, name) for name in COLUMNS} | {"state": item.state} | dict(item.data)


def _sayable(rules: RegisterRules, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes for the history: of a personal field only that it was changed."""
    return {
        name: [None, None] if (field := rules.field(name)) and field.private else pair
        for name, pair in changes.items()
    }


def _require_state(rules: RegisterRules, state: str) -> None:
    if state not in {known.code for known in rules.states}:
        raise Refusal(_("这个名录没有「%(state)s」这种状态。") % {"state": state}, field="state")


def default_people(rules: RegisterRules) -> dict[str, int]:
    """owner, keeper, supervisor → the department that the declaration names for it."""
    named = {role: who for role, who in rules.people.items() if who != "department"}
    known = dict(Department.objects.filter(code__in=named.values()).values_list("code", "pk"))
    return {role: known[who] for role, who in named.items() if who in known}


def set_default_people(item: Item, people: Mapping[str, int]) -> None:
    """Give a new thing the departments that nobody chose otherwise. Not saved."""
    for role, pk in people.items():
        if getattr(item, f"{role}_id") is None:
            setattr(item, f"{role}_id", pk)


def next_code(register: Register, rules: RegisterRules) -> str:
    """The number after the highest of the register's own; a lock keeps two from drawing the same."""
    if not rules.numbered:
        raise Refusal(_("请填编号。"), field="code")
    match = re.search(r"0+$", rules.numbered)
    assert match is not None  # read_register asks for it
    prefix, width = rules.numbered[: match.start()], len(match[0])
    Register.objects.select_for_update().get(pk=register.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(substring(code FROM %s)::bigint) FROM registry_item WHERE register_id = %s AND code ~ %s",
            [len(prefix) + 1, register.pk, f"^{re.escape(prefix)}[0-9]{{1,15}}$"],
        )
        highest = cursor.fetchone()[0] or 0
    return f"{prefix}{highest + 1:0{width}}"
