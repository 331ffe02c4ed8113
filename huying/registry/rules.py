"""A register's declaration, read: fields, owner and keeper, states, codes of the standard, what is public.

`read_register` reports every problem with the key it stands under; `RegisterRules.from_declaration` is for
declarations that were checked before they were loaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as lazy

from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Field, Problem, Reader, read_fields, title_of

PLACES = ("point", "line", "area", "none")
LABELS = ("qr", "none")
# Who owns a thing answers for it (谁所有、谁负责); who keeps it works on it; who supervises it watches both.
PROPERTIES = ("owner", "keeper", "supervisor")
RETIRED = "retired"
_KEYS = (
    "register", "title", "about", "code", "place", "fields", "people", "states", "label", "public", "items", "photos",
    "numbered", "group", "verified",
)  # fmt: skip
_CLASS = re.compile(r"^\d{4}$")
_RANGE = re.compile(r"^(\d{4})\s*[-–—]\s*(\d{4})$")
_NOT_A_CLASS = _("部件小类是四位数字，例如 “0301”，不是“%(found)s”。")
_NUMBERED = re.compile(r"^[A-Za-z0-9-]*?(0{2,6})$")

# The states that registers of a city commonly have, so that a pack can name them by a word.
STATE_TITLES: Mapping[str, Any] = {
    "in use": lazy("在用"), "missing": lazy("缺失"), "replaced": lazy("已更换"), "retired": lazy("停用"),
    "out": lazy("不亮"), "under repair": lazy("维修中"), "out of season": lazy("非供暖季"), "open": lazy("营业"),
    "closed": lazy("停业"), "suspended": lazy("停业整顿"), "shut down": lazy("已取缔"), "under way": lazy("在建"),
    "stopped": lazy("停工"), "finished": lazy("完工"), "planned": lazy("计划中"), "worn": lazy("破旧"),
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """One state that an item may be in."""

    code: str
    title: str = ""
    title_en: str = ""

    def __str__(self) -> str:
        own = (self.title_en if get_language() == "en" else "") or self.title
        return own or str(STATE_TITLES.get(self.code, self.code))


@dataclass(frozen=True)
class RegisterRules:
    """Everything that pages, imports and labels ask of a register."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    group: str = ""
    classes: tuple[str, ...] = ()  # GB/T 30428 small classes, four digits
    class_field: str = ""  # the field that says which of them an item is of
    class_of: Mapping[str, str] = field(default_factory=dict)  # that field's value → class
    place: str = "point"
    fields: tuple[Field, ...] = ()
    people: Mapping[str, str] = field(
        default_factory=dict
    )  # owner, keeper, supervisor → "department" or a code
    states: tuple[State, ...] = (State("in use"), State(RETIRED))
    label: str = "none"
    photos: bool = True
    numbered: str = ""  # the pattern of codes given by the register itself: JG-0000
    verified: bool = False  # looked at on the spot, entry by entry
    public: bool = False
    public_map: bool = False
    public_fields: tuple[str, ...] = ()

    @property
    def first_state(self) -> str:
        """The state of a new item."""
        return self.states[0].code if self.states else "in use"

    def state(self, code: str) -> State:
        """The state with this code; an older one that left the declaration is shown by its code."""
        return next((state for state in self.states if state.code == code), State(code))

    def field(self, code: str) -> Field | None:
        """The declared field, if there is one."""
        return next((field for field in self.fields if field.code == code), None)

    def class_for(self, data: Mapping[str, Any]) -> str:
        """The small class of an item with these values; empty when the register has none or it isn't known."""
        if self.class_field:
            return self.class_of.get(str(data.get(self.class_field, "")), "")
        return self.classes[0] if len(self.classes) == 1 else ""

    @staticmethod
    def from_declaration(declaration: Mapping[str, Any]) -> RegisterRules:
        """The rules of a declaration that `pack check` has passed; ValueError names what is wrong."""
        return _rules_of(json.dumps(declaration))


@lru_cache(maxsize=128)
def _rules_of(declaration: str) -> RegisterRules:
    rules, problems = read_register(json.loads(declaration))
    if problems:
        raise ValueError("; ".join(f"{'.'.join(map(str, p.keys))}: {p.sentence}" for p in problems))
    return rules


def read_register(declaration: Mapping[str, Any]) -> tuple[RegisterRules, list[Problem]]:
    """Read a register's declaration; the rules hold defaults where a problem is reported."""
    read = Reader()
    read.mapping(declaration, _KEYS)
    zh, en = title_of(declaration.get("title"))
    place = str(declaration.get("place") or "point")
    read.known(place, PLACES, "place")
    label = str(declaration.get("label") or "none")
    read.known(label, LABELS, "label")
    fields = read_fields(read, declaration.get("fields"), "fields")
    people = read.mapping(declaration.get("people"), PROPERTIES, "people")
    public = read.mapping(declaration.get("public"), ("list", "map", "fields"), "public")
    named = tuple(map(str, read.listed(public.get("fields"), "public", "fields")))
    shown = [*(field.code for field in fields), *PROPERTIES]
    for index, name in enumerate(named):
        if read.known(name, shown, "public", "fields", index):
            spec = next((field for field in fields if field.code == name), None)
            if spec is not None and spec.private:
                read.wrong(_("个人信息不能公开：把它从 public 的 fields 里去掉。"), "public", "fields", index)
    classes, class_field, class_of = _classes(read, declaration.get("code"), fields)
    numbered = str(declaration.get("numbered") or "")
    if numbered and not _NUMBERED.match(numbered):
        read.wrong(_("编号写成字母加零，例如 JG-0000。"), "numbered")
    rules = RegisterRules(
        code=str(declaration.get("register", "")), title=zh, title_en=en,
        about=title_of(declaration.get("about"))[0], group=title_of(declaration.get("group"))[0],
        classes=classes, class_field=class_field, class_of=class_of, place=place, fields=fields,
        people={role: str(who) for role, who in people.items()}, states=_states(read, declaration.get("states")),
        label=label, photos=bool(declaration.get("photos", True)), numbered=numbered,
        verified=bool(declaration.get("verified")),
        public=bool(public.get("list") or public.get("map") or named), public_map=bool(public.get("map")),
        public_fields=named,
    )  # fmt: skip
    return rules, read.problems


def _classes(
    read: Reader, value: Any, fields: tuple[Field, ...]
) -> tuple[tuple[str, ...], str, Mapping[str, str]]:
    """`"0301"`, `"0101–0123"`, or `{by: kind, of: {上水: "0101", 污水: "0102"}}`."""
    if value in (None, ""):
        return (), "", {}
    if isinstance(value, Mapping):
        read.mapping(value, ("by", "of"), "code")
        by, of = str(value.get("by", "")), read.mapping(value.get("of"), (), "code", "of")
        chooser = next((field for field in fields if field.code == by), None)
        if chooser is None or chooser.type != "choice":
            read.known(by, [field.code for field in fields if field.type == "choice"], "code", "by")
            return (), "", {}
        for option, code in of.items():
            read.known(str(option), chooser.of, "code", "of", option)
            if not _CLASS.match(str(code)):
                read.wrong(
                    Sentence(_('部件小类是四位数字，例如 "0301"，不是“%(found)s”。'), {"found": code}),
                    "code",
                    "of",
                    option,
                )
        return tuple(sorted({str(code) for code in of.values()})), by, {str(k): str(v) for k, v in of.items()}
    text = str(value)
    if _CLASS.match(text):
        return (text,), "", {}
    if match := _RANGE.match(text):
        return tuple(f"{number:04}" for number in range(int(match[1]), int(match[2]) + 1)), "", {}
    read.wrong(Sentence(_('部件小类是四位数字，例如 "0301"，不是“%(found)s”。'), {"found": text}), "code")
    return (), "", {}


def _states(read: Reader, value: Any) -> tuple[State, ...]:
    found: list[State] = []
    for index, said in enumerate(read.listed(value, "states")):
        if isinstance(said, Mapping):
            read.mapping(said, ("code", "title"), "states", index)
            zh, en = title_of(said.get("title"))
            state = State(str(said.get("code", "")), zh, en)
        else:
            state = State(str(said))
        if not state.code or len(state.code) > 24:
            read.wrong(_("状态的代码不能空，最多 24 个字符。"), "states", index)
        elif state.code in {known.code for known in found}:
            read.wrong(Sentence(_("状态“%(code)s”写了两次。"), {"code": state.code}), "states", index)
        else:
            found.append(state)
    if not found:
        return (State("in use"), State(RETIRED))
    if RETIRED not in {state.code for state in found}:
        found.append(State(RETIRED))  # a thing that is gone is kept with its history, never deleted
    return tuple(found)
