"""Which kinds of papers there are: those of the pack, and the four that rules issue without any pack."""

from __future__ import annotations

from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.language import is_english
from huying.papers.models import PaperKind
from huying.papers.rules import BUILT_IN, KindRules


def kinds() -> dict[str, KindRules]:
    """Every kind in force, the pack's first and in its order."""
    declared = {row.code: row.rules for row in PaperKind.objects.filter(active=True)}
    return {**declared, **{code: rules for code, rules in BUILT_IN.items() if code not in declared}}


def kind_rules(code: str) -> KindRules:
    """The rules of one kind, retired ones too: what was begun is finished by them. Raises Refusal."""
    row = PaperKind.objects.filter(code=code).first()
    if row is not None and (row.active or code not in BUILT_IN):
        return row.rules
    if code not in BUILT_IN:
        raise Refusal(_("没有“%s”这个文种。请在包里声明，或换一个文种。") % code, field="kind")
    return BUILT_IN[code]


def title_of_kind(rules: KindRules) -> str:
    """The kind's title in the reader's language."""
    return rules.title_en if rules.title_en and is_english() else rules.title
