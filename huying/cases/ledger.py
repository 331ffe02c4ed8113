"""A ledger's declaration, read: stages, gates, ladder and limits as the pack declares them.

`read_rules` reports every problem with the key it stands under, so that the pack checker can name file
and line; `LedgerRules.from_declaration` is for declarations that were checked before they were loaded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from huying.places.clock import TimeLimit, parse_limit
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Field, Problem, Reader, read_fields, title_of

STAGES = ("file", "dispatch", "handle", "check", "close")
NAMED_GATES = {
    "report_handled": ("photo_after", "handling_form", "answer_text", "assistances_done"),
    "check": ("photo_checked",),
    "close": ("checked_by_other", "five_refusals", "called_back", "photo_after", "handling_form"),
}
RUNGS = ("remind", "urge", "supervise", "list")
COLOURS = ("blue", "yellow", "red")
CHANNELS = (
    "hotline",
    "portal",
    "netizen",
    "visit",
    "phone",
    "field",
    "inspection",
    "desk",
    "import",
    "api",
    "open311",
)
# The same people by another door: a ledger that takes the first takes the second.
_OTHER_DOORS = {"portal": "open311", "desk": "api", "field": "inspection"}
_KEYS = (
    "ledger", "title", "about", "channels", "contact", "concerns", "stages", "dispatch", "file_within",
    "dispatch_within", "check_within", "responsible", "categories", "categories_from", "topics_from", "fields",
    "handling_form", "gates", "who", "ladder", "extend", "park", "returns", "reopen_within", "callback", "look_back",
    "merge", "public", "season",
)  # fmt: skip

# The five refusals (五个不放过): a case is not struck off while any of them holds.
FIVE_REFUSALS = ("in_place", "thorough", "effective", "lasting", "satisfied")


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: at this share of the limit, do that."""

    share: Fraction
    do: str
    colour: str = ""


@dataclass(frozen=True)
class LedgerRules:
    """Everything that the loop asks of a ledger."""

    code: str
    title: str
    channels: frozenset[str] = frozenset(CHANNELS)
    contact: str = "optional"
    registers: tuple[str, ...] = ()  # things a case can concern
    item_required: bool = False
    stages: frozenset[str] = frozenset(STAGES)
    automatic_dispatch: bool = False
    responsible: str = "item.owner"
    file_within: TimeLimit | None = None
    dispatch_within: TimeLimit | None = None
    check_within: TimeLimit | None = None
    fields: tuple[Field, ...] = ()
    handling_form: tuple[Field, ...] = ()
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    who: Mapping[str, str] = field(default_factory=dict)
    ladder: tuple[Rung, ...] = ()
    extensions_at_most: int = 2
    parking_allowed: bool = True
    parkings_at_most: int = 1
    parking_longest: dt.timedelta = dt.timedelta(days=365)
    returns_at_most: int = 2
    reopen_within: dt.timedelta = dt.timedelta(days=15)
    callback_asked: bool = True
    callback_within: TimeLimit | None = None
    look_back_share: Fraction = Fraction(0)
    merge_within_m: float = 50
    merge_within: dt.timedelta = dt.timedelta(hours=24)
    public_list: bool = False
    public_map: bool = False
    public_photos: str = "none"
    public_words: str = "none"
    season: str = ""  # MM-DD..MM-DD; empty: all year

    def in_season(self, day: dt.date) -> bool:
        """Whether the ledger takes new cases on this day; a season may run over New Year."""
        if not self.season:
            return True
        first, last = self.season.split("..")
        today = f"{day:%m-%d}"
        return first <= today <= last if first <= last else today >= first or today <= last

    def has(self, stage: str) -> bool:
        """Whether the ledger goes through this stage."""
        return stage in self.stages

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> LedgerRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


@lru_cache(maxsize=128)
def _rules_of(declaration: str) -> LedgerRules:
    # Every case of a list brings its ledger's declaration along: read each text once.
    rules, problems = read_rules(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


_SEASON = re.compile(r"^\d\d-\d\d\.\.\d\d-\d\d$")
_PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")


def _share(value: object) -> Fraction:
    match = _PERCENT.match(str(value))
    if not match:
        raise ValueError(Sentence(_("要写百分数，例如 80%%，不是“%(found)s”。"), {"found": value}))
    return Fraction(match[1]) / 100


def _days(value: object) -> dt.timedelta:
    limit = parse_limit(str(value))
    if not limit.clock.runs_always:
        raise ValueError(Sentence(_("这里按自然日算，例如 15 days，不是“%(found)s”。"), {"found": value}))
    hours = limit.number * (1 if limit.clock.value == "emergency hours" else 24)
    return dt.timedelta(hours=float(hours))


def _ladder(read: Reader, value: object) -> tuple[Rung, ...]:
    rungs = []
    for index, rung in enumerate(read.listed(value, "ladder")):
        rung = read.mapping(rung, ("at", "do", "colour"), "ladder", index)
        share = read.parse(_share, rung.get("at", ""), "ladder", index, "at")
        colour = rung.get("colour", "")
        if not read.known(rung.get("do"), RUNGS, "ladder", index, "do") or share is None:
            continue
        if rung["do"] == "supervise" and not colour:
            colour = "yellow" if share < 2 else "red"
        if colour:
            read.known(colour, COLOURS, "ladder", index, "colour")
        rungs.append(Rung(share, rung["do"], colour))
    return tuple(sorted(rungs, key=lambda rung: (rung.share, RUNGS.index(rung.do))))


def _gates(read: Reader, value: object) -> dict[str, tuple[str, ...]]:
    gates: dict[str, tuple[str, ...]] = {}
    for step, wanted in read.mapping(value, NAMED_GATES, "gates").items():
        names = NAMED_GATES.get(step, ())
        for index, gate in enumerate(read.listed(wanted, "gates", step)):
            # Anything that is not a plain word is an expression on the case, checked by the pack checker.
            if isinstance(gate, str) and re.fullmatch(r"\w+", gate):
                read.known(gate, names, "gates", step, index)
        gates[step] = tuple(str(gate) for gate in wanted if gate) if isinstance(wanted, list) else ()
    return gates


def read_rules(declaration: Mapping[str, Any]) -> tuple[LedgerRules, list[Problem]]:
    """Read a ledger's declaration; the rules hold defaults where a problem is reported."""
    read = Reader()
    read.mapping(declaration, _KEYS)
    zh, _en = title_of(declaration.get("title"))
    if not zh:
        read.wrong(_("缺少中文名称：title: {zh: …, en: …}。"), "title")
    stages = read.listed(declaration.get("stages", list(STAGES)), "stages")
    for index, stage in enumerate(stages):
        read.known(stage, STAGES, "stages", index)
    if "handle" not in stages:
        read.wrong(_("stages 里要有 handle（处置），否则什么也没办。"), "stages")
    channels = read.listed(declaration.get("channels", list(CHANNELS)), "channels")
    for index, channel in enumerate(channels):
        read.known(channel, CHANNELS, "channels", index)
    contact = declaration.get("contact", "optional")
    read.known(contact, ("optional", "required", "none"), "contact")
    dispatch = declaration.get("dispatch", "by hand")
    read.known(dispatch, ("by hand", "automatic"), "dispatch")
    responsible = declaration.get("responsible", "item.owner")
    read.known(responsible, ("item.owner", "duty", "category"), "responsible")
    concerns = read.mapping(declaration.get("concerns"), ("register", "required"), "concerns")
    named = concerns.get("register")
    who = read.mapping(declaration.get("who"), ("file", "dispatch", "check", "close"), "who")
    extend = read.mapping(declaration.get("extend"), ("at_most", "approvals"), "extend")
    extensions = read.count(
        extend.get("at_most", 2), "extend", "at_most", at_most=2, why=_("时限最多延长两次。")
    )
    park = read.mapping(declaration.get("park"), ("allowed", "at_most", "longest"), "park")
    returns = read.mapping(declaration.get("returns"), ("at_most",), "returns")
    times = read.count(
        returns.get("at_most", 2), "returns", "at_most", at_most=2, why=_("最多退两次，然后由裁定员定。")
    )
    callback = read.mapping(declaration.get("callback"), ("ask", "within"), "callback")
    look_back = read.mapping(declaration.get("look_back"), ("share",), "look_back")
    merge = read.mapping(declaration.get("merge"), ("within_m", "within_hours"), "merge")
    public = read.mapping(declaration.get("public"), ("list", "map", "photos", "words"), "public")
    photos, words = public.get("photos", "none"), public.get("words", "none")
    read.known(photos, ("both", "after", "none"), "public", "photos")
    read.known(words, ("summary", "none"), "public", "words")
    for key in ("file_within", "dispatch_within", "check_within"):
        read.parse(lambda value: parse_limit(str(value)), declaration.get(key), key)

    season = declaration.get("season", "")
    if season and not _SEASON.match(str(season)):
        read.wrong(_("时段要写成 11-15..03-15。"), "season")
        season = ""

    def limit(value: object, *keys: str) -> TimeLimit | None:
        try:
            return parse_limit(str(value)) if value else None
        except ValueError:
            return None  # reported above

    rules = LedgerRules(
        code=str(declaration.get("ledger", "")),
        title=zh,
        channels=frozenset(map(str, channels)) | {_OTHER_DOORS[c] for c in channels if c in _OTHER_DOORS},
        contact=str(contact),
        registers=tuple(map(str, named if isinstance(named, list) else [named])) if named else (),
        item_required=bool(concerns.get("required")),
        stages=frozenset(map(str, stages)),
        automatic_dispatch=dispatch == "automatic",
        responsible=str(responsible),
        file_within=limit(declaration.get("file_within")),
        dispatch_within=limit(declaration.get("dispatch_within")),
        check_within=limit(declaration.get("check_within")),
        fields=read_fields(read, declaration.get("fields"), "fields"),
        handling_form=read_fields(read, declaration.get("handling_form"), "handling_form"),
        gates=_gates(read, declaration.get("gates")),
        who={str(step): str(role) for step, role in who.items()},
        ladder=_ladder(read, declaration.get("ladder")),
        extensions_at_most=extensions,
        parking_allowed=bool(park.get("allowed", True)),
        parkings_at_most=read.count(park.get("at_most", 1), "park", "at_most"),
        parking_longest=read.parse(_days, park.get("longest", "365 days"), "park", "longest")
        or dt.timedelta(days=365),
        returns_at_most=times,
        reopen_within=read.parse(_days, declaration.get("reopen_within", "15 days"), "reopen_within")
        or dt.timedelta(days=15),
        callback_asked=bool(callback.get("ask", True)),
        callback_within=read.parse(
            lambda value: parse_limit(str(value)), callback.get("within"), "callback", "within"
        ),
        look_back_share=read.parse(_share, look_back.get("share", "0%"), "look_back", "share") or Fraction(0),
        merge_within_m=read.count(merge.get("within_m", 50), "merge", "within_m"),
        merge_within=dt.timedelta(hours=read.count(merge.get("within_hours", 24), "merge", "within_hours")),
        public_list=bool(public.get("list")),
        public_map=bool(public.get("map")),
        public_photos=str(photos),
        public_words=str(words),
        season=str(season),
    )
    return rules, read.problems
