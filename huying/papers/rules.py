"""Kinds of papers as a pack declares them (`paper:`), and the kinds that are there without any pack.

A declaration says how a paper is numbered and laid out, what is asked of its drafter, who reviews and who signs it, by
when it is answered, and the text that a draft begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from huying.people.roles import ROLES
from huying.places.clock import TimeLimit, parse_limit
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

LAYOUTS = {
    "document": _("公文格式"), "letter": _("信函格式"), "minutes": _("纪要格式"), "form": _("签署格式"),
}  # fmt: skip
NUMBERINGS = ("document", "issue", "none")  # 卫督办〔2026〕3号, 第3期, none shown
FIELDS = {
    "addressees": _("主送"), "cc": _("抄送"), "attachments": _("附件"), "signatories": _("签署人"),
    "place": _("会议地点"), "held_at": _("会议时间"), "attendees": _("参会人员"), "urgency": _("紧急程度"),
    "secrecy": _("密级"),
}  # fmt: skip
URGENCIES = ("特急", "加急")
SECRECIES = ("内部", "秘密★1年", "机密★1年")
KEYS = (
    "paper",
    "title",
    "about",
    "mark",
    "numbering",
    "head",
    "layout",
    "fields",
    "subject",
    "text",
    "review",
    "sign",
    "reply",
    "seal",
    "printer",
    "copies",
    "upward",
    "replaces",
)
PLACEHOLDERS = {
    "title": _("标题"),
    "subject": _("事由"),
    "addressees": _("主送单位"),
    "department": _("起草单位"),
    "day": _("今天"),
    "year": _("今年"),
    "month": _("本月"),
    "issuer": _("发文机关"),
    "place": _("会议地点"),
    "held_at": _("会议时间"),
    "attendees": _("参会人员"),
    "signatories": _("签署人"),
    "reply": _("回复时限"),
}
REPLACED = ("number", "title")  # what the sentence about a replaced paper may name
REPLACES = "本文替代《{title}》（{number}），原文废止，以本文为准。"
_WITHIN = re.compile(r"within (.+)")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Problem:
    """What is wrong, and under which keys of the declaration."""

    keys: tuple[str | int, ...]
    sentence: Sentence


@dataclass(frozen=True)
class KindRules:
    """A kind of paper, understood. `review` and `sign` are roles; empty means that the step is left out."""

    code: str
    title: str
    title_en: str = ""
    about: str = ""
    mark: str = ""
    numbering: str = "document"
    head: str = ""
    layout: str = "document"
    fields: tuple[str, ...] = ("addressees",)
    subject: str = ""
    text: str = ""
    review: tuple[str, ...] = ()
    sign: tuple[str, ...] = ()
    reply: TimeLimit | None = None
    seal: str = ""
    printer: str = ""
    copies: bool = False  # 份号: every addressee's copy has a number of six digits
    replaces: str = REPLACES  # the last sentence of a paper that takes the place of another
    upward: bool = False  # 上行文: who signed stands beside the number
    builtin: bool = field(default=False, compare=False)

    @property
    def cited(self) -> str:
        """What stands before the year in its number."""
        return self.mark or self.title

    def form(self) -> dict[str, str]:
        """What a paper keeps of its kind when it is issued: later changes of the pack leave it as it was."""
        said = {
            "title": self.title,
            "numbering": self.numbering,
            "head": self.head,
            "layout": self.layout,
            "seal": self.seal,
            "printer": self.printer,
            "copies": "numbered" if self.copies else "",
            "upward": "yes" if self.upward else "",
        }
        return {key: value for key, value in said.items() if value}


BUILT_IN: dict[str, KindRules] = {
    code: KindRules(
        code, title, title_en, layout="letter", review=("head", "supervisor"), sign=("leader",), builtin=True
    )
    for code, title, title_en in (
        ("supervision-letter", "督办函", "Supervision letter"),
        ("order-to-correct", "责令整改通知书", "Order to correct"),
        ("decision", "处理决定书", "Decision"),
        ("bulletin", "督导通报", "Bulletin"),
    )
}


def two_titles(value: object) -> tuple[str, str]:
    """(zh, en) of `title: {zh: …, en: …}` or a plain Chinese text."""
    if isinstance(value, Mapping):
        return str(value.get("zh") or ""), str(value.get("en") or "")
    return str(value or ""), ""


def placeholders(text: str) -> Iterator[str]:
    """The words in braces, in their order."""
    yield from (found.strip() for found in _PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known of its placeholders; what is not known stays to be filled in by hand."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1].strip()) or found[0], text)


def read_kind(declaration: Mapping[str, Any]) -> tuple[KindRules, list[Problem]]:
    """The rules of one declaration, and what is wrong with it."""
    problems: list[Problem] = []

    def wrong(sentence: str, *keys: str | int, **values: object) -> None:
        problems.append(Problem(keys, Sentence(sentence, values)))

    def one_of(key: str, known: Any, default: str) -> str:
        word = str(declaration.get(key) or default)
        if word not in known:
            wrong(_("“%(found)s”不认识。可以写：%(known)s。"), key, found=word, known="、".join(known))
            return default
        return word

    def some_of(key: str, known: Any, default: tuple[str, ...]) -> tuple[str, ...]:
        if key not in declaration:
            return default
        said = declaration[key]
        words = [str(each) for each in (said if isinstance(said, list) else str(said or "").split())]
        if words == ["none"]:
            return ()
        for index, word in enumerate(words):
            if word not in known:
                wrong(
                    _("“%(found)s”不认识。可以写：%(known)s。"),
                    key,
                    index,
                    found=word,
                    known="、".join(known),
                )
        return tuple(word for word in words if word in known)

    code = str(declaration.get("paper") or "")
    zh, en = two_titles(declaration.get("title"))
    for key in declaration:
        if key not in KEYS:
            wrong(_("“%(found)s”不认识。可以写：%(known)s。"), key, found=key, known="、".join(KEYS))
    if len(zh) > 30:
        wrong(_("太长：最多 %(longest)d 个字，现在 %(length)d 个。"), "title", longest=30, length=len(zh))
    text = str(declaration.get("text") or "")
    texts = {key: str(declaration.get(key) or "") for key in ("text", "subject", "replaces")}
    for key, words in texts.items():
        known_here = REPLACED if key == "replaces" else tuple(PLACEHOLDERS)
        for name in placeholders(words):
            if name not in known_here:
                wrong(
                    _("“%(found)s”不认识。可以写：%(known)s。"),
                    key,
                    found=name,
                    known="、".join(known_here),
                )
    rules = KindRules(
        code=code, title=zh or code, title_en=en, about=two_titles(declaration.get("about"))[0],
        mark=str(declaration.get("mark") or ""), numbering=one_of("numbering", NUMBERINGS, "document"),
        head=str(declaration.get("head") or ""), layout=one_of("layout", LAYOUTS, "document"),
        fields=some_of("fields", FIELDS, ("addressees",)), subject=str(declaration.get("subject") or ""), text=text,
        review=some_of("review", _with_verb("paper.review"), ("head", "supervisor")),
        sign=some_of("sign", _with_verb("paper.sign"), ("leader",)), reply=_reply(declaration, problems),
        seal=str(declaration.get("seal") or "").replace("none", ""), printer=str(declaration.get("printer") or ""),
        copies=one_of("copies", ("numbered", "none"), "none") == "numbered", upward=declaration.get("upward") is True,
        replaces=str(declaration.get("replaces") or REPLACES).replace("none", ""),
    )  # fmt: skip
    if declaration.get("upward") not in (None, True, False):
        wrong(_("写 true 或 false。"), "upward")
    if rules.layout != "document" and (rules.copies or rules.upward):
        wrong(_("份号和签发人只有公文格式才印：layout: document。"), "copies" if rules.copies else "upward")
    if "attendees" in rules.fields and not {"place", "held_at"} <= set(rules.fields):
        wrong(_("有参会人员的文种也要写会议地点和时间：place、held_at。"), "fields")
    return rules, problems


def _with_verb(verb: str) -> list[str]:
    return [code for code, role in ROLES.items() if verb in role.verbs]


def _reply(declaration: Mapping[str, Any], problems: list[Problem]) -> TimeLimit | None:
    said = str(declaration.get("reply") or "none")
    if said == "none":
        return None
    found = _WITHIN.fullmatch(said)
    try:
        return parse_limit(found[1] if found else said)
    except ValueError as error:
        sentence = error.args[0] if error.args else ""
        unread = Sentence(_("读不懂“%(found)s”。例如 within 5 work days，或 none。"), {"found": said})
        problems.append(Problem(("reply",), sentence if isinstance(sentence, Sentence) else unread))
        return None
