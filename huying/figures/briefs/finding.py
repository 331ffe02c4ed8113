"""What must be settled before a brief goes out.

Numbers without a source, relations that fail, values that were told otherwise before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from huying.figures.briefs.composing import Composer, codes_of, said_number
from huying.figures.briefs.models import BriefRun
from huying.figures.briefs.rules import TOKEN, BriefRules
from huying.figures.checking import failing_checks
from huying.figures.counting import UnknownFigure, every_figure
from huying.figures.models import PublishedFigure

# Digits that name a day, an hour, a document or an issue are no numbers that were counted.
_NAMES = re.compile(
    r"\d{4}\s*年(?:\d{1,2}\s*月(?:\d{1,2}\s*日)?)?|\d{1,2}\s*月(?:\d{1,2}\s*日)?|至\s*\d{1,2}\s*日|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{1,2}[:：]\d{2}|\d{1,2}\s*时(?:\d{1,2}\s*分)?|〔\d{4}〕\d+\s*号|第\d+期|《[^》]*》|!\[[^\]]*\]\(picture:[^)]*\)|⟦[^⟧]*⟧"
)
_NUMBERED = re.compile(r"^\s*(?:\d{1,2}[.．、]\s*(?=\D)|[（(]\d{1,2}[）)])")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9０-９][0-9０-９,，]*(?:[.．][0-9０-９]+)?\s*[%％‰]?")
_UNIT = re.compile(r"\s*[\u4e00-\u9fff]{1,3}")
_WIDE = str.maketrans("０１２３４５６７８９，．％", "0123456789,.%")
SUGGESTED_SECONDS = 2.0


@dataclass(frozen=True)
class Loose:
    """A number in the text that is no token: `text` with the unit after it, `number` alone."""

    text: str
    number: str
    around: str
    source: str = ""  # of one that is quoted

    @property
    def sentence(self) -> str:
        """What the writer is told."""
        return _("这个数没有来源：%(text)s") % {"text": self.text}


@dataclass(frozen=True)
class Doubt:
    """Something that must be confirmed with words before issue. `key` changes when what was found changes."""

    key: str
    sentence: str
    url: str = ""
    confirmed: str = ""  # the words, where it is confirmed
    by: str = ""


def loose_numbers(body: str, run: BriefRun | None = None, rules: BriefRules | None = None) -> list[Loose]:
    """Every number of the text that is no token, in its order; `source` says where a quoted one comes from."""
    quotes = {str(each["text"]): str(each["source"]) for each in run.quotes} if run else {}
    found: list[Loose] = []
    for line in body.splitlines():
        bare = _bare(line, rules)
        for match in _NUMBER.finditer(bare):
            number = match[0].strip().rstrip(",，")
            unit = _UNIT.match(bare, match.end())
            text = (
                bare[match.start() : match.start() + len(number)]
                + (unit[0].rstrip() if unit and not number.endswith(("%", "％", "‰")) else "")
            ).strip()
            around = bare[max(match.start() - 14, 0) : match.end() + 10].replace("\0", "…").strip()
            found.append(Loose(text, number.translate(_WIDE), around, quotes.get(text, "")))
    return found


def _bare(line: str, rules: BriefRules | None) -> str:
    """The line with everything blanked that is no counted number; lengths stay."""

    def blank(match: re.Match[str]) -> str:
        return "\0" * len(match[0])

    line = TOKEN.sub(blank, _NUMBERED.sub(blank, line))
    for name in rules.names if rules else ():
        line = line.replace(name, "\0" * len(name))
    return _NAMES.sub(blank, line)


def suggestions(loose: Loose, composer: Composer, codes: list[str]) -> list[tuple[str, str]]:
    """(token, title and value) of figures that are this number now: those of the text first, within two seconds."""
    wanted = loose.number.replace(",", "").replace(" ", "").rstrip("%‰")
    found: dict[str, str] = {}
    began = time.monotonic()
    for rules in sorted(every_figure(), key=lambda each: (each.code not in codes, each.code)):
        if time.monotonic() - began > SUGGESTED_SECONDS or len(found) >= 5:
            break
        value = composer.value(rules.code)
        if value is None or value.exact is None:
            continue
        if (
            f"{rules.show.rounded(value.exact)}" == wanted
            or said_number(rules, value.exact, unit=False).replace(",", "") == wanted
        ):
            found[f"{{{rules.code}}}"] = f"{rules} {value.text}"
    return list(found.items())


def doubts(run: BriefRun, body: str, composer: Composer) -> list[Doubt]:
    """Failing relations between the figures of the text, and values that were published otherwise for the same days."""
    return [_with_words(run, doubt) for doubt in (*_failing(body, composer), *_told_before(body, composer))]


def _with_words(run: BriefRun, doubt: Doubt) -> Doubt:
    said = run.confirmed.get(doubt.key)
    if not said:
        return doubt
    return Doubt(doubt.key, doubt.sentence, doubt.url, str(said.get("words", "")), str(said.get("by", "")))


def _failing(body: str, composer: Composer) -> Iterator[Doubt]:
    codes = codes_of(body)
    for outcome in failing_checks(codes, composer.asked, composer.at) if codes else ():
        note = outcome.check.explained
        sentence = f"{outcome.check}：{outcome.sentence}{note}"
        values = [f"{value.exact}" for value in (*outcome.left, *outcome.right)]
        yield Doubt(f"check:{outcome.check.code}:{','.join(values)}", sentence)


def _told_before(body: str, composer: Composer) -> Iterator[Doubt]:
    asked = composer.asked
    for code in codes_of(body):
        value = composer.value(code)
        if value is None:
            continue
        where = {name: list(words) for name, words in asked.where.items()}
        own = [each.pk for each in composer.published.values()]
        earlier = (
            PublishedFigure.objects.filter(
                figure__code=code,
                first_day=asked.span.first,
                last_day=asked.span.last,
                where=where,
                whole=None,
            )
            .exclude(pk__in=own)
            .first()
        )
        if earlier is None or earlier.exact == value.exact:
            continue
        names = {
            "title": value.rules,
            "before": earlier.text,
            "purpose": earlier.purpose or earlier.token,
            "now": value.text,
        }
        sentence = _("“%(title)s”同一时段公布过 %(before)s（%(purpose)s），现在是 %(now)s。") % names
        yield Doubt(f"told:{earlier.token}:{value.exact}", sentence, earlier.get_absolute_url())


def unknown_tokens(body: str) -> list[str]:
    """Tokens that name no figure or can't be read: they would stand in the paper as they are."""
    from huying.figures.briefs.rules import token_of
    from huying.figures.counting import figure

    found = []
    for match in TOKEN.finditer(body):
        try:
            token = token_of(match)
            if token.way != "word":
                figure(token.code)
                continue
        except (ValueError, UnknownFigure):
            pass
        found.append(match[0])
    return found


def unsettled(run: BriefRun, body: str, composer: Composer) -> list[str]:
    """What still stands between the text and its issue, as sentences; empty when it may go."""
    rules = run.brief.rules
    said = [_("“%(token)s”不是任何一个数。") % {"token": token} for token in unknown_tokens(body)]
    said += [loose.sentence for loose in loose_numbers(body, run, rules) if not loose.source]
    said += [doubt.sentence for doubt in doubts(run, body, composer) if not doubt.confirmed]
    return said
