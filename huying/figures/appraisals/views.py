"""Rankings and appraisals at the desk: all of them, one with every step of its arithmetic, entries, appeals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.pages import address
from huying.core.toasts import toast
from huying.figures.appraisals import actions
from huying.figures.appraisals.counting import compute
from huying.figures.appraisals.exports import WHY, table_body, table_rows, workbook
from huying.figures.appraisals.formula import plain
from huying.figures.appraisals.models import Appraisal, AppraisalAppeal, AppraisalEntry, AppraisalTable
from huying.figures.appraisals.rules import EVERY, AppraisalRules, exact_number
from huying.figures.appraisals.scoring import Line
from huying.figures.exports import export_csv
from huying.figures.models import PublishedFigure
from huying.inspections.campaigns.models import Ranking
from huying.inspections.campaigns.ranking import periods_back
from huying.inspections.occurrences import Period, period_named
from huying.papers import render as rendering
from huying.papers.blocks import blocks_of
from huying.papers.letter import Letter, issuer
from huying.people.access import can
from huying.people.guards import reader, requires
from huying.places.sentences import Sentence

VIEW, MANAGE, APPEAL = "figure.view", actions.MANAGE, actions.APPEAL
PERIODS = 14
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class EntryForm(forms.Form):
    """Points for something that happened."""

    unit = forms.ChoiceField(label=gettext_lazy("单位"))
    item = forms.ChoiceField(label=gettext_lazy("项目"))
    words = forms.CharField(
        label=gettext_lazy("依据"), max_length=300, help_text=gettext_lazy("哪一天、什么事、谁定的。")
    )
    evidence = forms.FileField(label=gettext_lazy("证明材料"), required=False)

    def __init__(self, *args: Any, rules: AppraisalRules, lines: Sequence[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].choices = [(line.unit, line.title) for line in lines]  # type: ignore[attr-defined]
        self.fields["item"].choices = [(item.code, f"{item} {item.signed}") for item in rules.items]  # type: ignore[attr-defined]


def appraisal_for(code: str) -> Appraisal:
    """The appraisal; 404 for one that there is not."""
    found = Appraisal.objects.filter(code=code, active=True).first()
    if found is None:
        raise Http404(_("没有这个考核。请从“排名与考核”页面打开。"))
    return found


def period_for(rules: AppraisalRules, name: str) -> Period:
    """The period that is asked for; the last one that is over without a name."""
    if not name:
        return periods_back(rules.every, timezone.localdate(), 2)[1]
    try:
        return period_named(rules.every, name)
    except ValueError as error:
        raise Http404(str(error)) from None


@never_cache
@require_safe
@requires(VIEW, MANAGE, APPEAL)
def appraisals(request: HttpRequest) -> HttpResponse:
    """Every appraisal and every ranking by inspection scores, with the newest table of each."""
    user = reader(request)
    context = {
        "appraisals": [
            {
                "row": row,
                "rules": row.rules,
                "table": row.tables.first(),
                "every": Sentence(EVERY[row.rules.every]),
            }
            for row in Appraisal.objects.filter(active=True)
        ],
        "rankings": [
            {"row": row, "table": row.tables.first()}
            for row in Ranking.objects.filter(active=True).select_related("campaign")
        ]
        if can(user, "campaign.view")
        else [],
        "appeals": AppraisalAppeal.objects.filter(decided_at=None).select_related("table", "table__appraisal")
        if can(user, MANAGE)
        else [],
    }
    return render(request, "figures/appraisals/appraisals.html", context)


@never_cache
@require_safe
@requires(VIEW, MANAGE, APPEAL)
def appraisal(request: HttpRequest, code: str) -> HttpResponse:
    """One period: as announced where it is, corrections beside; else as the rows stand. Every step of all."""
    return _page(request, appraisal_for(code))


def _page(
    request: HttpRequest, found: Appraisal, form: EntryForm | None = None, status: int = 200
) -> HttpResponse:
    user = reader(request)
    period = period_for(found.rules, request.GET.get("period", "") or request.POST.get("period", ""))
    table = found.tables.filter(period=period.name).select_related("announced_by", "published_by").first()
    at = table.at if table else timezone.now()
    missing: list[str] = []
    if table:
        rules, lines, corrected = table.rules, actions.lines_of(table), actions.corrected_lines(table)
    else:
        rules = found.rules
        lines, missing = compute(found, period, at)
        corrected = lines
    if answer := _exported(request, found, rules, corrected, period, at):
        return answer
    now = {line.unit: line for line in corrected}
    mine = actions.units_of(user)
    over = period.last < timezone.localdate()
    appealable = bool(
        table and table.published_at is None and table.appeals_until and timezone.now() <= table.appeals_until
    )
    appeals = list(table.appeals.select_related("asked_by", "decided_by")) if table else []
    published = (
        {each.token: each for each in PublishedFigure.objects.filter(token__in=table.figures.values())}
        if table
        else {}
    )
    context = {
        "appraisal": found,
        "rules": rules,
        "period": period,
        "table": table,
        "at": at,
        "missing": missing,
        "rows": [_row(rules, line, now.get(line.unit), mine, appealable) for line in lines],
        "parts": [
            {
                "part": part,
                "formula": part.formula.shown() if part.formula else "",
                "published": published.get(table.figures.get(part.code, "")) if table else None,
            }
            for part in rules.parts
        ],
        "items": rules.items,
        "periods": [
            (each.name, each.name == period.name)
            for each in periods_back(rules.every, timezone.localdate(), PERIODS)
        ],
        "entries": AppraisalEntry.objects.filter(appraisal=found, period=period.name).select_related(
            "entered_by", "withdrawn_by"
        ),
        "appeals": [_appeal(rules, each, lines) for each in appeals],
        "may_manage": can(user, MANAGE),
        "may_announce": over and table is None and can(user, MANAGE),
        "may_publish": bool(table and table.published_at is None and can(user, MANAGE)),
        "form": form
        or (
            EntryForm(rules=rules, lines=lines)
            if table is None and rules.items and can(user, MANAGE)
            else None
        ),
        "corrected": any(each.accepted for each in appeals),
        "over": over,
        "exports": [(kind, address(request, export=kind)) for kind in ("xlsx", "csv", "docx", "pdf")],
    }
    return render(request, "figures/appraisals/appraisal.html", context, status=status)


def _row(
    rules: AppraisalRules, line: Line, now: Line | None, mine: set[str], appealable: bool
) -> dict[str, Any]:
    counted = [step for part, step in zip(rules.parts, line.steps, strict=True) if part.counts]
    sum_words = " + ".join(step.shown for step in counted) + (f" + {plain(line.extra)}" if line.extra else "")
    changed = now is not None and (now.score, now.rank, now.tier) != (line.score, line.rank, line.tier)
    return {
        "line": line,
        "why": WHY.get(line.why, ""),
        "now": now if changed else None,
        "sum": sum_words,
        "exact": plain(line.exact) if line.exact is not None else "",
        "extra": plain(line.extra),
        "steps": [
            {
                "part": part,
                "step": step,
                "n": plain(step.n),
                "d": "" if step.d is None else plain(step.d),
                "names": [
                    (name, plain(value))
                    for name, value in sorted(step.names.items())
                    if name not in ("n", "d")
                ],
                "raw": "" if step.raw is None else plain(step.raw),
                "bounded": step.raw is not None and step.raw != step.points,
            }
            for part, step in zip(rules.parts, line.steps, strict=True)
        ],
        "may_appeal": appealable and line.unit in mine,
    }


def _appeal(rules: AppraisalRules, appeal: AppraisalAppeal, lines: Sequence[Line]) -> dict[str, Any]:
    line = next((line for line in lines if line.unit == appeal.unit), None)
    step = line.step(appeal.part) if line else None
    return {
        "appeal": appeal,
        "title": line.title if line else appeal.unit,
        "part": rules.part(appeal.part),
        "was": step.shown if step else "",
        "points": plain(exact_number(appeal.points)) if appeal.points else "",
    }


# -- files ---------------------------------------------------------------------------------------------------


def _exported(
    request: HttpRequest,
    found: Appraisal,
    rules: AppraisalRules,
    lines: Sequence[Line],
    period: Period,
    at: dt.datetime,
) -> HttpResponse | None:
    kind = request.GET.get("export", "")
    title = f"{rules.title} {period.name}"
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {
        "xlsx": (
            XLSX,
            lambda: workbook(
                rules,
                lines,
                [(_("时段"), period.name), (_("截至"), f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}")],
            ),
        ),
        "docx": (DOCX, lambda: rendering.docx_of(letter_of_table(rules, lines, period, at))),
        "pdf": ("application/pdf", lambda: rendering.pdf_of(letter_of_table(rules, lines, period, at))),
    }
    if kind == "csv":
        return cast(HttpResponse, export_csv(title, *table_rows(rules, lines)))
    if kind not in makers:
        return None
    content_type, make = makers[kind]
    try:
        body = make()
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return HttpResponseRedirect(f"{found.get_absolute_url()}?period={period.name}")
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{title}.{kind}', safe='')}"
    return response


def letter_of_table(rules: AppraisalRules, lines: Sequence[Line], period: Period, at: dt.datetime) -> Letter:
    """The table as a paper without a number."""
    local = timezone.localtime(at)
    blank = Letter(
        mark="",
        head=issuer(),
        number="",
        title=f"{rules.title}（{period.name}）",
        addressee="",
        blocks=blocks_of(table_body(rules, lines, at)),
        signature=issuer(),
        date=f"{local.year}年{local.month}月{local.day}日",
        colour="",
    )
    return replace(blank, layout="letter")


# -- verbs ---------------------------------------------------------------------------------------------------


@require_POST
@requires(MANAGE)
def enter(request: HttpRequest, code: str) -> HttpResponse:
    """Give or take points."""
    found = appraisal_for(code)
    period = period_for(found.rules, request.POST.get("period", ""))
    lines, _missing = compute(found, period)
    form = EntryForm(request.POST, request.FILES, rules=found.rules, lines=lines)
    if form.is_valid():
        try:
            actions.add_entry(found, period, actor=reader(request), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            toast(request, _("已登记。"))
            return HttpResponseRedirect(f"{found.get_absolute_url()}?period={period.name}#entries")
    return _page(request, found, form, 422)


def _done(request: HttpRequest, url: str, sentence: str, act: Callable[[], Any]) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, sentence)
    return HttpResponseRedirect(url)


@require_POST
@requires(MANAGE)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an entry back."""
    entry = AppraisalEntry.objects.filter(pk=pk).select_related("appraisal").first()
    if entry is None:
        raise Http404(_("没有这一条。"))
    url = f"{entry.appraisal.get_absolute_url()}?period={entry.period}#entries"
    return _done(
        request,
        url,
        _("已撤销。"),
        lambda: actions.withdraw_entry(entry, words=request.POST.get("words", ""), actor=reader(request)),
    )


@require_POST
@requires(MANAGE)
def announce(request: HttpRequest, code: str) -> HttpResponse:
    """Freeze the table of a period."""
    found = appraisal_for(code)
    period = period_for(found.rules, request.POST.get("period", ""))
    url = f"{found.get_absolute_url()}?period={period.name}"
    return _done(
        request, url, _("已公示。"), lambda: actions.announce_table(found, period, actor=reader(request))
    )


def table_for(pk: int) -> AppraisalTable:
    """The table; 404 for one that there is not."""
    found = AppraisalTable.objects.filter(pk=pk).select_related("appraisal").first()
    if found is None:
        raise Http404(_("没有这个考核结果。"))
    return found


@require_POST
@requires(MANAGE)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish an announced table."""
    table = table_for(pk)
    return _done(
        request,
        table.get_absolute_url(),
        _("已公布。"),
        lambda: actions.publish_table(table, actor=reader(request)),
    )


@require_POST
@requires(APPEAL)
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit appeals."""
    table, post = table_for(pk), request.POST
    return _done(
        request,
        f"{table.get_absolute_url()}#appeals",
        _("已提交申诉。"),
        lambda: actions.appeal_line(
            table,
            unit=post.get("unit", ""),
            part=post.get("part", ""),
            words=post.get("words", ""),
            actor=reader(request),
        ),
    )


@require_POST
@requires(MANAGE)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept or reject an appeal."""
    found = (
        AppraisalAppeal.objects.filter(pk=pk).select_related("table", "table__appraisal", "asked_by").first()
    )
    if found is None:
        raise Http404(_("没有这条申诉。"))
    post = request.POST
    return _done(
        request,
        f"{found.table.get_absolute_url()}#appeals",
        _("已裁定。"),
        lambda: actions.decide_appeal(
            found,
            accepted=post.get("accepted") == "yes",
            reason=post.get("reason", ""),
            points=post.get("points", ""),
            actor=reader(request),
        ),
    )
