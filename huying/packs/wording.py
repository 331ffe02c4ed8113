"""How a mistake is said: a sentence in the reader's language that names the nearest valid word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import override

from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _


def said(msgid: str, **values: object) -> Sentence:
    """A sentence that is put into words in the reader's language."""
    return Sentence(msgid, values)


@dataclass(frozen=True)
class Mistake:
    """What is wrong, in which file (from the pack's folder) and on which line, and what to do."""

    file: str
    line: int
    sentence: Sentence

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


def expected(found: object, known: Iterable[object]) -> Sentence:
    """ "x" is not known; did you mean "y"? Or, where few words are possible, all of them."""
    words = sorted({str(word) for word in known})
    close = difflib.get_close_matches(str(found), words, 1, cutoff=0.6)
    if close:
        return said(_("没有“%(found)s”，是不是“%(nearest)s”？"), found=found, nearest=close[0])
    if not words:
        return said(_("没有“%(found)s”：这个包里一个都还没有声明。"), found=found)
    if len(words) <= 12:
        return said(_("没有“%(found)s”，可以写：%(words)s。"), found=found, words="、".join(words))
    return said(
        _("没有“%(found)s”。已声明 %(count)d 个，例如 %(words)s。"),
        found=found,
        count=len(words),
        words="、".join(words[:5]),
    )


def sentence_of(error: Exception) -> Sentence:
    """What an error says, in the reader's language where it can."""
    found = error.args[0] if error.args else None
    return found if isinstance(found, Sentence) else said("%(error)s", error=error)


def both(sentence: object) -> tuple[str, str]:
    """A sentence in English and in Chinese."""
    with override("en"):
        english = str(sentence)
    with override("zh-hans"):
        return english, str(sentence)
