"""Is an answer an answer? A plain check that anyone can recount; it warns, and a person decides."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from huying.cases.models import Case
from huying.core.search import normalise

SHORT = 60  # characters
# Phrases that fill a page without saying what was done.
EMPTY_PHRASES = (
    "感谢您对我们工作的支持", "我们将进一步", "高度重视", "加强监管", "正在研究", "尽快解决", "感谢您的关注",
)  # fmt: skip
_DONE = re.compile(r"\d|已|经查|核实|更换|修复|清理|整改|退还|约谈|联系|到场|现场")
_NOT_WORDS = re.compile(r"[^\w\u4e00-\u9fff]")


def warnings(case: Case, text: str) -> list[str]:
    """What a reader would miss in this answer, each with what to write instead."""
    found, said = [], normalise(text)
    if len(text.strip()) < SHORT:
        found.append(
            _("答复只有 %(n)d 个字：写明查了什么、怎么办的、什么时候办完。") % {"n": len(text.strip())}
        )
    if case.address and not _shares(case.address, said):
        found.append(_("没有提到地点「%s」：写明是哪里。") % case.address)
    topic = case.topic or case.category.topic
    keywords = [*(topic.keywords if topic else []), *case.category.keywords]
    named = [str(case.category.title), *([str(topic.title)] if topic else []), *keywords]
    if not any(normalise(word) in said for word in named) and not _shares(case.title, said):
        found.append(_("没有提到所反映的问题「%s」：先说清回答的是哪件事。") % case.title)
    if not _DONE.search(text):
        found.append(_("没有说做了什么：写明核实的情况、办理的结果或日期。"))
    if empty := [phrase for phrase in EMPTY_PHRASES if phrase in text]:
        found.append(_("有套话：%s。请换成具体的做法。") % "、".join(f"「{phrase}」" for phrase in empty))
    return found


def _shares(place: str, said: str) -> bool:
    """Whether three characters in a row of the text (two of a short one) stand in the answer."""
    text = _NOT_WORDS.sub("", normalise(place))
    size = 3 if len(text) > 3 else 2
    return any(text[at : at + size] in said for at in range(max(1, len(text) - size + 1)))
