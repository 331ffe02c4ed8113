"""A brief's text with the numbers put in, each leading to its rows; its tables, sentences of the first, pictures.

    composer = Composer(run.span, {}, at)
    composer.expand("更换窨井盖{covers-own}。")     # "更换窨井盖⟦229处|/desk/figures/covers-own/?…⟧。"

All numbers of one composer are of one moment. Published values stand in for live ones when the brief is issued.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from huying.core.expressions import holds
from huying.core.language import is_english, of_record
from huying.figures.briefs.charts import bar_chart
from huying.figures.briefs.rules import TOKEN, BriefRules, Piece, Token, token_of, tokens_of
from huying.figures.counting import Asked, Group, UnknownFigure, Value, count, figure, groups
from huying.figures.models import PublishedFigure
from huying.figures.rules import FigureRules
from huying.inspections.campaigns.rules import Span
from huying.places.models import Area

LONGEST_TABLE = 60
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Composer:
    """Numbers of these days and this part, as of one moment, each counted once."""

    def __init__(
        self,
        span: Span,
        where: Mapping[str, tuple[str, ...]] | None = None,
        at: dt.datetime | None = None,
        published: Mapping[str, PublishedFigure] | None = None,
    ) -> None:
        self.asked, self.at = Asked(span, where or {}), at or timezone.now()
        self.published = dict(published or {})
        self.pictures: dict[str, bytes] = {}
        self._values: dict[str, Value | None] = {}
        self._groups: dict[tuple[str, str], list[Group]] = {}

    def value(self, code: str) -> Value | None:
        """The value of a figure; None where it, or what it is calculated from, has left the pack."""
        if code not in self._values:
            try:
                self._values[code] = count(figure(code), self.asked, self.at)
            except (UnknownFigure, LookupError):
                self._values[code] = None
        return self._values[code]

    def groups(self, code: str, by: str) -> list[Group]:
        """A figure told apart, without those that have no such group."""
        if (code, by) not in self._groups:
            found = groups(figure(code), by, self.asked, self.at)
            self._groups[code, by] = [group for group in found if group.key]
        return self._groups[code, by]

    def said(self, code: str, *, unit: bool = True) -> str:
        """The number as the paper says it: 229处. What was published says what it said."""
        value = self.published.get(code) or self.value(code)
        return "—" if value is None else said_number(value.rules, value.exact, unit=unit)

    def url(self, code: str) -> str:
        """Where the number leads: to its permanent page once it is published, else to its rows as of this moment."""
        if code in self.published:
            return self.published[code].get_absolute_url()
        value = self.value(code)
        return value.url if value else ""

    def facts(self, codes: Iterable[str]) -> dict[str, Any]:
        """What conditions ask for: figures by their code with `_` for `-`."""
        found: dict[str, Any] = {}
        for code in codes:
            value = self.value(code)
            if value is not None and value.exact is not None:
                exact = value.exact
                found[code.replace("-", "_")] = exact.numerator if exact.denominator == 1 else float(exact)
        return found

    # -- tokens ----------------------------------------------------------------------------------------------

    def expand(self, body: str) -> str:
        """The body with every token in its place; one that can't be read, or counted, stays as it stands."""
        with of_record():
            return self._lines(body)

    def translated(self, pieces: tuple[Piece, ...]) -> str:
        """A text of the declaration's `en`, its conditions decided and its numbers put in, in English."""
        with translation.override("en"):
            return self._lines(first_text(BriefRules("", ""), self, pieces))

    def _lines(self, body: str) -> str:
        return "\n".join(self._line(line) for line in body.split("\n"))

    def _line(self, line: str) -> str:
        stripped = line.strip()
        whole = TOKEN.fullmatch(stripped)
        if whole:
            token = self._token(whole)
            if token is not None and token.way == "by":
                return self.table(token)
            if token is not None and token.way == "chart":
                return self.chart(token)
        return TOKEN.sub(self._inline, line)

    def _token(self, found: re.Match[str]) -> Token | None:
        try:
            token = token_of(found)
        except ValueError:
            return None
        return token if token.way != "word" and self.value(token.code) is not None else None

    def _inline(self, found: re.Match[str]) -> str:
        token = self._token(found)
        if token is None:
            return found[0]
        if token.way == "top":
            return self.top(token)
        if token.way in ("by", "chart"):
            return found[0]  # tables and pictures stand in lines of their own
        return anchor(self.said(token.code, unit=token.way != "number"), self.url(token.code))

    def table(self, token: Token) -> str:
        """`{code:by subdistrict}`: a row for each group, and the whole at the end."""
        rules = figure(token.code)
        rows = self.groups(token.code, token.by)[:LONGEST_TABLE]
        lines = [f"| {dimension_title(token.by)} | {_headed(rules)} |"]
        lines += [
            f"| {group.title} | {anchor(said_number(rules, group.value.exact, unit=False), group.value.url)} |"
            for group in rows
        ]
        total = anchor(self.said(token.code, unit=False), self.url(token.code))
        return "\n".join([*lines, f"| {_('合计')} | {total} |"])

    def top(self, token: Token) -> str:
        """`{code:top 3 by subdistrict}`: 东安路街道（12件）、……; whoever equals the last is named too."""
        rules = figure(token.code)
        rows = sorted(
            self.groups(token.code, token.by), key=lambda group: (-(group.value.exact or 0), group.key)
        )
        if not rows:
            return _("无")
        limit = rows[min(token.most, len(rows)) - 1].value.exact or Fraction(0)
        named = [group for group in rows if (group.value.exact or 0) >= limit]
        return "、".join(
            f"{group.title}（{anchor(said_number(rules, group.value.exact), group.value.url)}）"
            for group in named
        )

    def chart(self, token: Token) -> str:
        """`{code:chart month}`: a picture and its caption; kept in `pictures` under its name."""
        rules = figure(token.code)
        rows = self.groups(token.code, token.by)[-LONGEST_TABLE:]
        name = f"{token.code}-{token.by}".replace("_", "-").replace(".", "-")[:40].strip("-")
        bars = [
            (group.title, group.value.exact or Fraction(0), said_number(rules, group.value.exact, unit=False))
            for group in rows
        ]
        self.pictures[name] = bar_chart(bars)
        by = dimension_title(token.by)
        return f"![{rules.title}（{_headed_unit(rules)}{_('按%(by)s') % {'by': by}}）](picture:{name})"

    def picture_addresses(self) -> dict[str, str]:
        """The pictures as `data:` addresses, for a preview."""
        return {
            name: f"data:image/png;base64,{base64.b64encode(png).decode()}"
            for name, png in self.pictures.items()
        }


def anchor(text: str, url: str) -> str:
    """Text that leads to a page of this site."""
    return f"⟦{text}|{url}⟧" if url else text


def said_number(rules: FigureRules, exact: Fraction | None, *, unit: bool = True) -> str:
    """A number in the language of record, its unit after it without a space in Chinese."""
    written = rules.show.write(exact)
    word = rules.counted_in if unit else ""
    gap = " " if word and word[0].isascii() else ""
    return f"{written}{gap}{word}"


def _headed_unit(rules: FigureRules) -> str:
    return _("%(unit)s，") % {"unit": rules.counted_in} if rules.counted_in else ""


def _headed(rules: FigureRules) -> str:
    unit = rules.counted_in
    return f"{rules.title}（{unit}）" if unit else rules.title


def dimension_title(by: str) -> str:
    """What a dimension is called at the head of a table."""
    from huying.figures.views.desk.figures import DIMENSIONS

    return str(DIMENSIONS.get(by, by))


# -- the first text ------------------------------------------------------------------------------------------


def first_text(rules: BriefRules, composer: Composer, pieces: tuple[Piece, ...] | None = None) -> str:
    """The text that a draft begins with: conditions decided, words put in, numbers left as tokens."""
    pieces = rules.pieces if pieces is None else pieces
    codes = {token.code for piece in pieces for token in tokens_of(piece.text) if token.way != "word"}
    facts: dict[str, Any] | None = None
    said = []
    for piece in pieces:
        if piece.when:
            facts = composer.facts(codes | codes_in(piece.when)) if facts is None else facts
            facts |= composer.facts(codes_in(piece.when) - set(facts))
            if not holds(piece.when, facts):
                continue
        said.append(piece.text.strip("\n"))
    words = words_for(composer.asked.span, composer.at)
    body = "\n".join(said)
    return TOKEN.sub(lambda found: words.get(found[1], found[0]) if not found[2] else found[0], body)


def codes_in(when: str) -> set[str]:
    """The figures that a condition may ask for: its names, with `-` for `_`."""
    return {name.replace("_", "-") for name in re.findall(r"[a-z][a-z0-9_]*", when)}


def words_for(span: Span, at: dt.datetime) -> dict[str, str]:
    """What the words of a text stand for."""
    last = span.last or timezone.localdate(at)
    first = span.first
    district = Area.objects.filter(level=Area.Level.DISTRICT).first()
    if is_english():
        end = _english(last)
        return {
            "as_of": end,
            "from": _english(first) if first else "",
            "year": str(last.year),
            "month": _MONTHS[last.month - 1],
            "period": f"{_english(first)} to {end}" if first else f"up to {end}",
            "district": str(district or ""),
        }
    return {
        "as_of": day_words(last),
        "from": day_words(first) if first else "",
        "year": str(last.year),
        "month": str(last.month),
        "period": period_words(span),
        "district": district.title if district else "",
    }


def _english(day: dt.date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def day_words(day: dt.date) -> str:
    """2023年11月28日."""
    return f"{day.year}年{day.month}月{day.day}日"


def period_words(span: Span) -> str:
    """The days of a brief as its text says them: 2023年11月, 2023年1月1日至11月28日."""
    first, last = span.first, span.last
    if last is None:
        return ""
    if first is None:
        return f"截至{day_words(last)}"
    if first == last:
        return day_words(last)
    after = last + dt.timedelta(days=1)
    if first.day == after.day == 1 and (first.year, first.month) == (last.year, last.month):
        return f"{first.year}年{first.month}月"
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return f"{first.year}年"
    same = f"{last.month}月{last.day}日" if first.year == last.year else day_words(last)
    return f"{day_words(first)}至{same}"


def value_tokens(body: str) -> Iterator[Token]:
    """The tokens of a body that are numbers, each code and way once; unreadable ones are left out."""
    seen: set[str] = set()
    for found in TOKEN.finditer(body):
        try:
            token = token_of(found)
        except ValueError:
            continue
        if token.way != "word" and token.text not in seen:
            seen.add(token.text)
            yield token


def codes_of(body: str) -> list[str]:
    """The figures that a body names, in their order."""
    return list(dict.fromkeys(token.code for token in value_tokens(body)))
