"""What was printed about the district, against its own rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.figures.models import Figure
from huying.figures.rules import FigureRules
from huying.figures.statements.comparing import decimal_of, written
from huying.figures.statements.models import Statement, StatementCheck, StatementSource
from huying.figures.statements.relations import codes_of
from huying.figures.statements.report import compare_all
from huying.people.access import can
from huying.people.guards import VerbRequired, requires, signed_in

VIEW, COMPARE = "figure.view", "figure.publish"
LOOKS = {
    Statement.Verdict.REPRODUCED: ("green", "check-circle"),
    Statement.Verdict.CONTRADICTORY: ("yellow", "alert"),
    Statement.Verdict.DIFFERS: ("red", "close-circle"),
    Statement.Verdict.NOT_BUILT: ("", "clock"),
}


def verdict_of(statement: Statement) -> Any:
    """The verdict as colour, icon and word."""
    if not statement.verdict:
        return "—"
    return badge(statement.get_verdict_display(), *LOOKS[Statement.Verdict(statement.verdict)])


def counted_words(statement: Statement, rules: Mapping[str, FigureRules]) -> str:
    """What was counted, as its figure writes it, in the reader's language."""
    known, exact = rules.get(statement.figure), statement.exact
    if known is None or exact is None:
        return statement.counted_text
    return f"{known.show.write(exact)} {known.counted_in}".rstrip()


def rules_of() -> dict[str, FigureRules]:
    """Every figure in use by its code; read once for a page."""
    return {row.code: row.rules for row in Figure.objects.filter(active=True)}


def counted_of(statement: Statement) -> Any:
    """What was counted, as a link to its rows; a dash where nothing was."""
    if not statement.counted_url:
        return "—"
    words = getattr(statement, "words", "") or counted_words(statement, rules_of())
    return format_html('<a href="{}">{}</a>', statement.counted_url, words)


def difference_of(statement: Statement) -> str:
    """Counted less stated; nothing where they are the same."""
    exact = statement.exact
    if exact is None or not (difference := statement.stated.difference(exact)):
        return ""
    return f"{'+' if difference > 0 else '−'}{written(abs(difference))}"


def doubts_of() -> dict[str, list[StatementCheck]]:
    """The relations that failed when they were last judged, by the statements that they put in doubt."""
    found: dict[str, list[StatementCheck]] = {}
    for check in StatementCheck.objects.filter(active=True, failed=True):
        for code in check.doubts:
            found.setdefault(code, []).append(check)
    return found


class Statements(VerbRequired, ListPage):
    """Every statement with its verdict."""

    verb = VIEW
    name = "statements"
    title = gettext_lazy("外面的说法")
    lead = gettext_lazy(
        "印出来的每个数，拿本区自己的记录再数一遍：数得出来、自相矛盾、不一样，还是系统没建。"
    )
    template_name = "figures/statements/list.html"
    order = "code"
    columns = (
        Column("code", gettext_lazy("编号"), css="cell--nowrap", sort="code"),
        Column("title", gettext_lazy("说的是"), str, css="cell--wide"),
        Column(
            "value", gettext_lazy("印出的数"), lambda row: decimal_of(row.stated.value), lambda row: row.text,
            css="number",
        ),
        Column("counted", gettext_lazy("数出的数"), lambda row: row.counted_text, counted_of, css="number"),
        Column("difference", gettext_lazy("差"), difference_of, css="number"),
        Column(
            "verdict", gettext_lazy("结论"), lambda row: row.get_verdict_display(), verdict_of, css="cell--nowrap"
        ),
        Column("why", gettext_lazy("理由"), lambda row: why_of(row), css="cell--wide"),
        Column("system", gettext_lazy("系统"), css="cell--nowrap"),
        Column("source", gettext_lazy("出处"), lambda row: str(row.source)),
        Column("figure", gettext_lazy("数字"), shown=False),
        Column("compared_at", gettext_lazy("核对时间"), shown=False),
    )  # fmt: skip

    def get_queryset(self) -> QuerySet[Any]:
        return Statement.objects.filter(active=True).select_related("source")

    def get_filters(self) -> list[Filter]:
        sources = [(each.code, str(each)) for each in StatementSource.objects.all()]
        systems = Statement.objects.filter(active=True).order_by("system").values_list("system", flat=True)
        return [
            Filter("source", _choice(gettext_lazy("出处"), sources), "source__code"),
            Filter("system", _choice(gettext_lazy("系统"), [(code, code) for code in systems.distinct()])),
            Filter("verdict", _choice(gettext_lazy("结论"), list(Statement.Verdict.choices))),
        ]

    def prepare_rows(self, rows: list[Any]) -> None:
        """The reason of each contradiction; one query for all."""
        doubts, rules = doubts_of(), rules_of()
        for row in rows:
            row.words = counted_words(row, rules)
            row.doubts = doubts.get(row.code, [])

    def extra_context(self) -> dict[str, Any]:
        rows = self.get_queryset()
        found = Counter(rows.order_by().values_list("verdict", flat=True))
        counts = [
            {"title": title, "value": found[code], "url": f"{self.request.path}?verdict={code}"}
            for code, title in Statement.Verdict.choices
        ]
        newest = rows.order_by("-compared_at").values_list("compared_at", flat=True).first()
        return {
            "counts": counts, "compared_at": newest, "may_compare": can(self.request.user, COMPARE),
            "all": rows.count(),
        }  # fmt: skip


def why_of(statement: Statement) -> str:
    """The reason in a sentence, with the other statements."""
    doubts = getattr(statement, "doubts", None)
    if doubts is None:
        doubts = doubts_of().get(statement.code, []) if statement.verdict == "contradictory" else []
    if doubts:
        return "；".join(str(check) for check in doubts)
    if statement.verdict == Statement.Verdict.NOT_BUILT:
        return _("属于系统 %(system)s，还没有建。") % {"system": statement.system}
    return ""


def _choice(label: Any, choices: list[tuple[str, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", _("全部")), *choices])


@never_cache
@require_safe
@requires(VIEW)
def statement(request: HttpRequest, code: str) -> HttpResponse:
    """One statement: what was printed, what is counted, and every relation that names it."""
    found = Statement.objects.filter(active=True, code=code).select_related("source").first()
    if found is None:
        raise Http404(_("没有这条说法。请从列表里选。"))
    checks = [check for check in StatementCheck.objects.filter(active=True) if code in codes_of(check.rule)]
    relations = [
        {"check": check, "others": [each for each in codes_of(check.rule) if each != code]}
        for check in checks
    ]
    others = set(Statement.objects.filter(active=True).values_list("code", flat=True))
    context = {
        "statement": found, "badge": verdict_of(found), "difference": difference_of(found), "why": why_of(found),
        "relations": relations, "others": others, "counted": counted_of(found),
    }  # fmt: skip
    return render(request, "figures/statements/one.html", context)


@require_POST
@requires(COMPARE)
def compare_again(request: HttpRequest) -> HttpResponse:
    """Count everything again, as of now."""
    lines = compare_all(actor=signed_in(request))
    response = HttpResponseRedirect(reverse("figures:statements"))
    toast(request, _("已重新核对 %(number)s 条。") % {"number": len(lines)})
    return response
