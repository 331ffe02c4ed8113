"""Finding a place while its name is being typed.

A name is compared in one spelling: half-width, lower case, without spaces and dots, 栋, 幢, 座 and #
read as 号楼, and the numbers of buildings in figures. So 东城国际4号楼, 东城国际 ４栋 and 东城国际四号楼
are the same. Latin letters also match the first letters of the pinyin (dcgj).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Length

from huying.places.models import PlaceName

LONGEST_QUERY = 60
_CHINESE_NUMBER = "[一二三四五六七八九十两]{1,3}"
_BUILDING = re.compile(rf"(\d+|{_CHINESE_NUMBER})(?:号楼|号栋|号院楼|栋楼|栋|幢|座|#楼|#)")
_NOISE = re.compile(r"[\s\x00-\x1f·・.。,，、\-—_()（）]+")
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_ASCII = re.compile(r"[a-z0-9]+")


def place_words(title: str) -> str:
    """The spelling in which titles and queries are compared."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", title).lower())
    return _BUILDING.sub(lambda match: f"{_number(match[1])}号楼", plain)[:160]


def _number(text: str) -> str:
    if text.isdecimal():
        return str(int(text)) if len(text) < 19 else text
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return "".join(str(_DIGITS[digit]) for digit in text)
    return str((_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0))


def place_initials(title: str) -> str:
    """First letters of the pinyin, with figures as they are: 东城国际4号楼 → dcgj4hl."""
    from pypinyin import Style, lazy_pinyin  # reads its dictionary, and only what writes names needs it

    parts = lazy_pinyin(place_words(title), style=Style.FIRST_LETTER)
    return re.sub(r"[^a-z0-9]", "", "".join(parts))[:60]


def search_places(query: str, limit: int = 10) -> list[PlaceName]:
    """The names that best match what was typed, best first.

    Exact names, then beginnings, then the rest by weight. When nothing contains all of it, the names that
    share most neighbouring characters with it are given, so that a wrong or missing character still finds.
    """
    # Spaces part the words of a query; each must occur.
    pieces = [words for part in query[:LONGEST_QUERY].split() if (words := place_words(part))]
    whole = place_words(query[:LONGEST_QUERY])
    if not whole:
        return []
    found = list(_ranked(_containing(whole, pieces), whole)[: limit * 5])
    exact = [name for name in found if all(_stands_alone(piece, name) for piece in [*pieces, whole])]
    if exact or found:
        return (exact + [name for name in found if name not in exact])[:limit]
    return _similar(whole, limit)


def _containing(whole: str, pieces: list[str]) -> Q:
    every = Q()
    for piece in pieces:
        every &= Q(words__contains=piece)
    matching = every | Q(words__contains=whole)
    if _ASCII.fullmatch(whole):
        matching |= Q(initials__contains=whole)
    return matching


def _ranked(matching: Q, whole: str) -> QuerySet[PlaceName]:
    rank = Case(
        When(words=whole, then=Value(0)),
        When(words__startswith=whole, then=Value(1)),
        When(initials__startswith=whole, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    names = PlaceName.objects.filter(matching).select_related("area")
    return names.order_by(rank, F("weight").desc(), Length("words"), "words", "pk")


def _stands_alone(piece: str, name: PlaceName) -> bool:
    """Whether a figure at the edge of the piece is a whole figure in the name: 4号楼 is not in 14号楼."""
    pattern = ("(?<![0-9])" if piece[0].isdigit() else "") + re.escape(piece)
    pattern += "(?![0-9])" if piece[-1].isdigit() else ""
    return re.search(pattern, name.words) is not None or piece in name.initials


def _similar(whole: str, limit: int) -> list[PlaceName]:
    pairs = list(dict.fromkeys(whole[i : i + 2] for i in range(len(whole) - 1)))
    if len(pairs) < 2:
        return []
    shared: Any = sum(
        (Case(When(words__contains=pair, then=Value(1)), default=Value(0)) for pair in pairs), Value(0)
    )
    names = PlaceName.objects.annotate(shared=shared).filter(shared__gte=max(2, len(pairs) // 2))
    return list(names.select_related("area").order_by("-shared", "-weight", Length("words"), "pk")[:limit])
