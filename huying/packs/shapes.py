"""What is a word, a list or a mapping in each kind of file: wrong shapes are said before anything is read.

After `mould` the checks and the loader find every value in the shape that they expect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from huying.packs.wording import said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

TEXT = "text"  # a word, a number, true or false
ANY = "*"  # every key that is not named

# A shape is TEXT, [shape of each], {key: shape}, or several of them, the first one being what an empty value means.
Shape = Any

WORDS: Shape = (TEXT, [TEXT])
TITLE: Shape = (TEXT, {ANY: TEXT})
FIELDS: Shape = {ANY: (TEXT, {"title": TITLE, "help": TITLE, "of": [TEXT], ANY: TEXT})}
SETTINGS: Shape = {ANY: TEXT}
_HEAD: Mapping[str, Shape] = {"title": TITLE, "about": TITLE, ANY: TEXT}
_MEASURED: Shape = {"title": TITLE, "unit": TITLE, ANY: TEXT}

_TARGET: Shape = {
    "title": TITLE,
    "about": TITLE,
    "unit": TITLE,
    "standard": TITLE,
    "plan": (TEXT, SETTINGS),
    "last_year": (TEXT, SETTINGS),
    "entry": {"fields": FIELDS, ANY: TEXT},
    ANY: TEXT,
}

SHAPES: Mapping[str, Shape] = {
    "district": {
        **_HEAD,
        "city": TITLE,
        "centre": SETTINGS,
        "languages": [TEXT],
        "schematic_note": TITLE,
        "office_hours": [{"spans": [TEXT], ANY: TEXT}],
        "layers": [{"title": TITLE, ANY: TEXT}],
    },
    "calendar": {**_HEAD, "days": [SETTINGS], "years": {ANY: {"off": [TEXT], "work": [TEXT], ANY: TEXT}}},
    "posts": {**_HEAD, "list": [{"title": TITLE, "help": TITLE, ANY: TEXT}]},
    "topics": {
        **_HEAD,
        "weights": SETTINGS,
        "list": [{"title": TITLE, "keywords": [TEXT], "weak": [TEXT], ANY: TEXT}],
    },
    "register": {
        **_HEAD,
        "fields": FIELDS,
        "code": (TEXT, {"of": SETTINGS, ANY: TEXT}),
        "group": TITLE,
        "people": SETTINGS,
        "states": [(TEXT, {"title": TITLE, ANY: TEXT})],
        "public": {"fields": [TEXT], ANY: TEXT},
    },
    "ledger": {
        **_HEAD,
        "channels": [TEXT],
        "concerns": {"register": WORDS, ANY: TEXT},
        "stages": [TEXT],
        "categories": [{"title": TITLE, "keywords": [TEXT], ANY: TEXT}],
        "categories_from": {"catalogue": [TEXT], "only": [TEXT]},
        "topics_from": WORDS,
        "fields": FIELDS,
        "handling_form": FIELDS,
        "gates": {ANY: [TEXT]},
        "who": SETTINGS,
        "ladder": [SETTINGS],
        "extend": SETTINGS,
        "park": SETTINGS,
        "returns": SETTINGS,
        "callback": SETTINGS,
        "look_back": SETTINGS,
        "merge": SETTINGS,
        "public": SETTINGS,
    },
    "standard": {
        **_HEAD,
        "applies_to": {"register": WORDS, ANY: TEXT},
        "items": [
            {
                "title": TITLE,
                "group": TITLE,
                "help": TITLE,
                "reading": SETTINGS,
                "fails_open": SETTINGS,
                ANY: TEXT,
            }
        ],
        "fields": FIELDS,
        "grades": [{"title": TITLE, ANY: TEXT}],
        "letter": {"words": TITLE, ANY: TEXT},
    },
    "plan": {
        **_HEAD,
        "does": SETTINGS,
        "at": {"register": WORDS, "departments": WORDS, "where": {ANY: WORDS}, ANY: TEXT},
        "by": WORDS,
        "draw": {"by": [TEXT], ANY: TEXT},
        "proof": [TEXT],
        "missed": {"open": SETTINGS, ANY: TEXT},
    },
    "notices": {
        **_HEAD,
        "moments": {ANY: (TEXT, {ANY: TITLE})},
        "staff": {ANY: (TEXT, {ANY: TITLE})},
        "flood": SETTINGS,
    },
    "visits": {**_HEAD, "fields": FIELDS, "low": {"opens": {"fields": SETTINGS, ANY: TEXT}, ANY: TEXT}},
    "rosters": {
        **_HEAD,
        "list": [
            {
                "title": TITLE,
                "areas": [TEXT],
                "topics": [TEXT],
                "posts": [TEXT],
                "roles": [TEXT],
                "shifts": [{"title": TITLE, ANY: TEXT}],
                ANY: TEXT,
            }
        ],
    },
    "campaign": {
        "campaign": TEXT,
        "title": TITLE,
        "about": TITLE,
        "season": TEXT,
        "period": TEXT,
        "lead": TEXT,
        "counts": [{ANY: WORDS}],
        "figures": [{"title": TITLE, "unit": TITLE, "where": {ANY: WORDS}, ANY: TEXT}],
        "awards": {"match": [SETTINGS], ANY: TEXT},
        ANY: ANY,
    },
    "ranking": {**_HEAD, "score": (TEXT, [TEXT], SETTINGS), "deduct": SETTINGS},
    "paper": {**_HEAD, "fields": WORDS, "review": WORDS, "sign": WORDS},
    "figure": {
        **_HEAD,
        "group": TITLE,
        "where": {ANY: WORDS},
        "count": {ANY: WORDS},
        "out_of": {ANY: WORDS},
        "by": WORDS,
        "unit": TITLE,
        "add": WORDS,
        "subtract": WORDS,
        "divide": WORDS,
        "percent_of": SETTINGS,
        "pace": SETTINGS,
        "change": (TEXT, SETTINGS),
        ANY: TEXT,
    },
    "figures": {**_HEAD, "list": [{ANY: ANY}]},
    "checks": {
        **_HEAD,
        "list": [{"title": TITLE, "note": TITLE, "sum": WORDS, "same": WORDS, "at_most": WORDS, ANY: TEXT}],
    },
    "projects": {
        **_HEAD,
        **{key: [_MEASURED] for key in ("levels", "kinds", "lists", "permits", "works", "grants")},
        **dict.fromkeys(("update", "visits", "meeting", "problems", "renovation"), SETTINGS),
    },
    "war-map": {
        **_HEAD,
        "classes": [{"title": TITLE, ANY: TEXT}],
        "items": [{"title": TITLE, ANY: TEXT}],
    },
    "appraisal": {
        **_HEAD,
        "units": [TEXT],
        "parts": [{"title": TITLE, "about": TITLE, ANY: ANY}],
        "given": {ANY: SETTINGS},
        "tiers": [{"title": TITLE, ANY: TEXT}],
        "bonus": [{"title": TITLE, ANY: ANY}],
        "penalty": [{"title": TITLE, ANY: ANY}],
    },
    "points": {
        **_HEAD,
        "who": SETTINGS,
        **{
            key: [{"title": TITLE, "about": TITLE, "most": SETTINGS, ANY: TEXT}]
            for key in ("counted", "deducted", "given")
        },
        "rewards": [{"title": TITLE, ANY: TEXT}],
    },
    "brief": {
        **_HEAD,
        "where": {ANY: WORDS},
        "text": (TEXT, [(TEXT, SETTINGS)]),
        "en": (TEXT, [(TEXT, SETTINGS)]),
        "names": [TEXT],
    },
    "bulletin": {**_HEAD, "to": TITLE, "ask": TITLE, "takes": {ANY: WORDS}},
    "programme": {
        **_HEAD,
        "kind": TITLE,
        "status": SETTINGS,
        "enter": SETTINGS,
        "promises": [{"title": TITLE, "about": TITLE, "measures": [_TARGET], ANY: TEXT}],
        "targets": [_TARGET],
    },
}

Tell = Callable[[tuple[str | int, ...], Sentence], None]


def mould(kind: str, value: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """The declaration with every value in its shape; `tell` hears of those that were not, with their keys."""
    shape = SHAPES.get(kind)
    return dict(value) if shape is None else _mould(value, shape, (), tell)


def _mould(value: Any, shape: Shape, keys: tuple[str | int, ...], tell: Tell) -> Any:
    if shape == ANY:
        return value
    choices = shape if isinstance(shape, tuple) else (shape,)
    if value is None:
        return _empty(choices[0])
    for choice in choices:
        if _fits(value, choice):
            return _inside(value, choice, keys, tell)
    tell(keys, _wanted(choices[-1]))
    return _empty(choices[0])


def _fits(value: Any, shape: Shape) -> bool:
    if shape == TEXT:
        return isinstance(value, str | int | float)
    return isinstance(value, list if isinstance(shape, list) else dict)


def _inside(value: Any, shape: Shape, keys: tuple[str | int, ...], tell: Tell) -> Any:
    if isinstance(shape, list):
        return [_mould(each, shape[0], (*keys, index), tell) for index, each in enumerate(value)]
    if isinstance(shape, dict):
        return {
            key: _mould(each, shape.get(key, shape.get(ANY, TEXT)), (*keys, key), tell)
            for key, each in value.items()
        }
    return value


def _empty(shape: Shape) -> Any:
    if isinstance(shape, list | dict):
        return type(shape)()
    return ""


def _wanted(shape: Shape) -> Sentence:
    if isinstance(shape, list):
        return said(_("这里要写列表，例如 [甲, 乙]。"))
    if isinstance(shape, dict):
        return said(_("这里要写一组“键: 值”。"))
    return said(_("这里只写一个词或一个数。"))
