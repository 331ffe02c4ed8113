"""The call-back desk: every reporter is asked after closing, and what they say is counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

from django import forms
from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from huying.cases import actions, policy
from huying.cases.catalogue import subdistricts
from huying.cases.filters import KEYS, PERIODS, CaseFilter, day_start, period
from huying.cases.models import Callback, Case, Ledger, Report, Status
from huying.cases.rates import SAID, latest_answers
from huying.cases.views.desk.cases import filter_of
from huying.cases.views.desk.display import place_words, title_cell
from huying.cases.views.desk.work import reader
from huying.core.errors import NotAllowed, Refusal
from huying.core.masking import mask_name, mask_phone
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, requires
from huying.people.models import User
from huying.places.work_calendar import current_calendar

GRADE_LOOK = {5: "green", 4: "green", 3: "accent", 2: "yellow", 1: "red"}


def grade_badge(answer: Callback) -> SafeString | str:
    """The grade as colour and word."""
    return badge(answer.get_grade_display(), GRADE_LOOK[answer.grade], "star") if answer.grade else ""


def solved_badge(answer: Callback) -> SafeString | str:
    """Whether it is solved, as colour and word."""
    if answer.solved is None:
        return ""
    return badge(_("已解决"), "green", "check") if answer.solved else badge(_("未解决"), "red", "alert")


def _yes(value: bool | None) -> str:
    return "" if value is None else _("是") if value else _("否")


class AnswerList(VerbRequired, ListPage):
    """What reporters said: each one's latest answer. Numbers of satisfaction open here."""

    verb = "case.view"
    title = gettext_lazy("回访结果")
    lead = gettext_lazy("每位反映人只算最近一次的回答；没有联系上的不算。")
    name = "answers"
    template_name = "cases/desk/answers.html"
    order = "-recorded_at"
    columns = (
        Column(
            "case",
            gettext_lazy("事项"),
            lambda a: a.case.title,
            lambda a: title_cell(a.case),
            css="cell--wide",
        ),
        Column("number", gettext_lazy("编号"), "case.number", shown=False),
        Column("solved", gettext_lazy("是否解决"), lambda a: _yes(a.solved), solved_badge),
        Column("grade", gettext_lazy("满意度"), lambda a: a.get_grade_display() or "", grade_badge),
        Column("contacted", gettext_lazy("联系过"), lambda a: _yes(a.contacted)),
        Column("words", gettext_lazy("意见"), css="cell--wide"),
        Column("department", gettext_lazy("责任单位"), lambda a: str(a.case.department or "")),
        Column("ledger", gettext_lazy("台账"), lambda a: str(a.case.ledger)),
        Column("recorded_at", gettext_lazy("回访时间"), sort="recorded_at", css="cell--nowrap"),
        Column("by", gettext_lazy("回访人"), lambda a: str(a.recorded_by or _("反映人自评"))),
    )
    empty = {
        "icon": "star",
        "title": gettext_lazy("没有这样的回访结果"),
        "text": gettext_lazy("结案后回访员会逐一询问反映人，结果列在这里。"),
    }

    def get_queryset(self) -> QuerySet[Callback]:
        seen = policy.cases_for(reader(self.request))
        rows = latest_answers().select_related("case__department", "case__ledger", "recorded_by")
        return rows.filter(case__in=seen.values("pk")) if seen.query.where else rows

    @cached_property
    def _filters(self) -> list[Filter]:
        choices = [("", _("全部")), *((code, title) for code, (title, _q) in SAID.items())]
        said = forms.ChoiceField(label=_("说了什么"), choices=choices)
        return [
            Filter("said", said, apply=lambda rows, value: rows.filter(SAID[value][1])),
            Filter(
                "recorded",
                forms.ChoiceField(label=_("回访时间"), choices=[("", _("全部")), *PERIODS.items()]),
                apply=_recorded,
            ),
            *(_of_cases(filter_of(name)) for name in KEYS),
        ]

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def extra_context(self) -> dict[str, Any]:
        fields = {field.name: field for field in self.form}
        used = {each.name for each, _value in self.active} | set(self.form.errors)
        first = ("said", "recorded", "q", "ledger", "topic", "area", "department")
        more = [field for name, field in fields.items() if name not in (*first, "category", "handler")]
        return {
            "first_fields": [fields[name] for name in first],
            "more_fields": more,
            "more_open": any(field.name in used for field in more),
        }

    def row_url(self, row: Callback) -> str:
        return reverse("desk:case", args=[row.case.number])


def _recorded(rows: QuerySet[Callback], name: str) -> QuerySet[Callback]:
    first, last = period(name, timezone.localdate())
    return rows.filter(
        recorded_at__gte=day_start(first), recorded_at__lt=day_start(last + dt.timedelta(days=1))
    )


def _of_cases(narrowing: Filter) -> Filter:
    """A filter of cases as one of their answers."""

    def apply(rows: QuerySet[Callback], value: Any) -> QuerySet[Callback]:
        return rows.filter(case__in=narrowing.narrow(Case.objects.all(), value).order_by().values("pk"))

    return type(narrowing)(narrowing.name, narrowing.field, narrowing.lookup, apply)


# --- calling -------------------------------------------------------------------------------------------

VERB = "case.callback"
SHOWN = 40  # reports beside the form
REASON = gettext_lazy("电话回访")
# After a call that reached nobody the report waits this long before it comes up again.
PAUSE = dt.timedelta(hours=2)
# Nobody is called about what was closed longer ago; 全部未回访 still lists it.
STILL_ASKED = dt.timedelta(days=90)


def _asking_ledgers() -> tuple[list[int], list[int]]:
    """Ledgers whose reporters are called, and among them those that are struck off only after the call."""
    asked = [ledger for ledger in Ledger.objects.all() if ledger.rules.callback_asked]
    before = [ledger.pk for ledger in asked if "called_back" in ledger.rules.gates.get("close", ())]
    return [ledger.pk for ledger in asked], before


def reports_to_call(user: User) -> QuerySet[Any]:
    """Reports whose reporter has not been reached since the case was last struck off (or checked, where the ledger
    strikes off only after the call), with `tries` and `last_try`. Without a phone there is nobody to call.
    """
    asked, before = _asking_ledgers()
    ready = Q(case__status=Status.CLOSED, case__ledger__in=asked) | Q(
        case__status=Status.CHECKED, case__ledger__in=before
    )
    since = Coalesce("case__checked_at", "case__handled_at", "case__closed_at")
    calls = Callback.objects.filter(report=OuterRef("pk"), recorded_at__gte=since).order_by()
    rows = (
        Report.objects.filter(ready, withdrawn_at=None)
        .exclude(phone="")
        .exclude(Exists(calls.filter(answered=True)))
    )
    seen = policy.cases_for(user, VERB)
    if seen.query.where:
        rows = rows.filter(case__in=seen.values("pk"))
    # Subqueries, not joins: only the rows that are shown are counted.
    missed = calls.filter(answered=False).values("report")
    return rows.annotate(
        tries=Coalesce(Subquery(missed.annotate(n=Count("pk")).values("n")), 0),
        last_try=Subquery(missed.annotate(at=Max("recorded_at")).values("at")),
    )


def call_due(case: Case) -> dt.datetime | None:
    """Until when the reporters of this case are to be called, by its ledger."""
    start, within = case.closed_at or case.checked_at, case.rules.callback_within
    return current_calendar().deadline(start, within).at if start and within else None


class CallForm(forms.Form):
    """What one reporter says on the phone."""

    YES_NO = (("yes", gettext_lazy("是")), ("no", gettext_lazy("否")))

    reached = forms.ChoiceField(
        label=gettext_lazy("联系上了吗"),
        choices=YES_NO,
        error_messages={"required": gettext_lazy("请选择是否联系上。")},
    )
    contacted = forms.ChoiceField(label=gettext_lazy("承办单位联系过您吗"), choices=YES_NO, required=False)
    solved = forms.ChoiceField(label=gettext_lazy("问题解决了吗"), choices=YES_NO, required=False)
    grade = forms.TypedChoiceField(
        label=gettext_lazy("满意吗"),
        choices=Callback.Grade.choices,
        coerce=int,
        empty_value=None,
        required=False,
    )
    words = forms.CharField(
        label=gettext_lazy("反映人说的话"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reopen = forms.BooleanField(label=gettext_lazy("没有解决，马上重办"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("reached") == "yes":
            for name in ("contacted", "solved", "grade"):
                if data.get(name) in ("", None) and name not in self.errors:
                    self.add_error(name, _("请问清楚这一项，再保存。"))
            if data.get("reopen") and data.get("solved") == "no" and len(data.get("words", "").strip()) < 2:
                self.add_error("words", _("请写明哪里没有解决，重办时责任单位要看。"))
        return data


# What each question looks like: its keys on the keyboard, in the order of its choices.
ASKED = (
    ("reached", ("y", "0")),
    ("contacted", ("c", "d")),
    ("solved", ("s", "u")),
    ("grade", ("5", "4", "3", "2", "1")),
)


def _questions(form: CallForm) -> list[dict[str, Any]]:
    """The questions with their answers and keys, best grade first."""
    found = []
    for name, keys in ASKED:
        field = form[name]
        chosen = str(field.value() or "")
        answers = [(str(value), label) for value, label in cast(Any, field.field).choices if value != ""]
        found.append(
            {
                "name": name,
                "title": field.label,
                "errors": field.errors,
                "answers": [
                    {"value": value, "title": label, "key": key, "chosen": value == chosen}
                    for (value, label), key in zip(answers, keys, strict=True)
                ],
            }
        )
    return found


@never_cache
@require_http_methods(["GET", "POST"])
@requires(VERB)
def desk(request: HttpRequest) -> HttpResponse:
    """The next reporter to call, with the form; and who comes after. POST records one call."""
    waiting = _waiting(request)
    queue = list(waiting[: SHOWN + 1])
    report = _report(request, queue)
    form = CallForm(request.POST or None)
    status = 200
    if request.method == "POST" and report is not None:
        status = 422
        if form.is_valid():
            try:
                said = _record(report, form.cleaned_data, reader(request))
            except NotAllowed as refusal:
                return render(request, "403.html", {"sentence": str(refusal)}, status=403)
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
                status = refusal.status
            else:
                toast(request, said)
                return HttpResponseRedirect(_here(request))
    return render(request, "cases/desk/callbacks.html", _context(request, report, queue, form), status=status)


def _waiting(request: HttpRequest) -> QuerySet[Any]:
    """In the order of calling: longest closed first; who was not reached lately comes later."""
    rows = reports_to_call(reader(request))
    view = request.GET.get("view", "")
    if view != "all":
        rows = rows.filter(Q(case__closed_at=None) | Q(case__closed_at__gte=timezone.now() - STILL_ASKED))
    if view == "again":
        rows = rows.filter(tries__gt=0)
    elif view != "all":
        rows = rows.filter(Q(last_try=None) | Q(last_try__lt=timezone.now() - PAUSE))
    if area := request.GET.get("area"):
        rows = rows.filter(case__subdistrict__code=area)
    return (
        rows.select_related(
            "case__ledger", "case__category", "case__department", "case__subdistrict", "case__handler"
        )
        .defer("case__search", "case__search_text", "case__subdistrict__boundary")
        .order_by("case__closed_at", "pk")
    )


def _here(request: HttpRequest) -> str:
    kept = "&".join(
        f"{name}={request.GET[name]}" for name in ("view", "area") if request.GET.get(name, "").isalnum()
    )
    return reverse("desk:callbacks") + (f"?{kept}" if kept else "")


def _report(request: HttpRequest, queue: Sequence[Report]) -> Report | None:
    wanted = request.POST.get("report") or request.GET.get("report") or ""
    if not wanted:
        return queue[0] if queue else None
    for report in queue:
        if report.number == wanted:
            return report
    seen = policy.cases_for(reader(request), VERB)
    found: Report | None = (
        Report.objects.filter(number=wanted, case__in=seen.values("pk"))
        .select_related("case__ledger", "case__category", "case__department", "case__subdistrict")
        .first()
    )
    if found is None:
        raise Http404(_("没有这条诉求，或者它不在您负责的区域内。"))
    return found


@transaction.atomic
def _record(report: Report, data: dict[str, Any], user: User) -> str:
    """Record the call; a reopening that is refused takes the record back too, so that nothing is half done."""
    if data["reached"] == "no":
        actions.record_callback(report, actor=user, answered=False, words=data["words"])
        return _("已记下没有联系上，稍后再打。")
    solved = data["solved"] == "yes"
    actions.record_callback(
        report,
        actor=user,
        contacted=data["contacted"] == "yes",
        solved=solved,
        grade=data["grade"],
        words=data["words"],
    )
    if not solved and data["reopen"]:
        case = Case.objects.select_related("ledger", "category", "department").get(pk=report.case_id)
        actions.reopen_case(case, reason=_("回访未解决：%s") % data["words"].strip(), actor=user)
        return _("已记录，案件已重办，由%s负责。") % case.department
    return _("已记录回访。")


def _context(
    request: HttpRequest, report: Report | None, queue: Sequence[Report], form: CallForm
) -> dict[str, Any]:
    case = report.case if report else None
    shown = [
        {
            "report": row,
            "contact": mask_name(row.name),
            "due": call_due(row.case),
            "from": row.case.closed_at,
            "place": place_words(row.case),
        }
        for row in queue[:SHOWN]
    ]
    return {
        "report": report,
        "case": case,
        "form": form,
        "questions": _questions(form),
        "rows": shown,
        "more": len(queue) > SHOWN,
        "due": call_due(case) if case else None,
        "contact": " ".join(filter(None, (mask_name(report.name), mask_phone(report.phone))))
        if report
        else "",
        "reveals": case is not None and policy.may(reader(request), "contact.reveal", case),
        "reopens": case is not None and policy.may(reader(request), "case.reopen", case),
        "place": place_words(case) if case else "",
        "earlier": list(report.callbacks.select_related("recorded_by")) if report else [],
        "reason": REASON,
        "view": request.GET.get("view", ""),
        "area": request.GET.get("area", ""),
        "subdistricts": subdistricts(),
        "tiles": _today(reader(request)),
        "keys": (
            ("y 0", _("联系上、没联系上")),
            ("c d", _("联系过、没联系")),
            ("s u", _("已解决、未解决")),
            ("5 4 3 2 1", _("满意度")),
            ("Ctrl+Enter", _("保存，下一位")),
        ),
    }


def _today(user: User) -> list[dict[str, Any]]:
    """What today's calls on the reader's cases brought; numbers that can be opened open their answers."""
    start = day_start(timezone.localdate())
    today = Q(recorded_at__gte=start)
    seen = policy.cases_for(user)
    if seen.query.where:
        today &= Q(case__in=seen.values("pk"))
    tried = Callback.objects.filter(today, recorded_by__isnull=False).aggregate(
        n=Count("pk"), missed=Count("pk", filter=Q(answered=False))
    )
    answers = (
        latest_answers()
        .filter(today)
        .aggregate(
            **{code: Count("pk", filter=SAID[code][1]) for code in ("answered", "unsolved", "dissatisfied")}
        )
    )
    left = CaseFilter(status="closed", is_="unsolved", closed="this-month")
    opened = reverse("desk:answers") + "?recorded=today&said="
    return [
        {"title": _("今天打出"), "value": tried["n"], "unit": _("次")},
        {"title": _("没联系上"), "value": tried["missed"], "unit": _("次")},
        {
            "title": _("有效回访"),
            "value": answers["answered"],
            "url": f"{opened}answered",
            "colour": "accent",
        },
        {
            "title": _("未解决"),
            "value": answers["unsolved"],
            "url": f"{opened}unsolved",
            "colour": "red" if answers["unsolved"] else "",
        },
        {
            "title": _("不满意"),
            "value": answers["dissatisfied"],
            "url": f"{opened}dissatisfied",
            "colour": "yellow" if answers["dissatisfied"] else "",
        },
        {
            "title": _("本月未解决、未重办"),
            "value": left.apply(policy.cases_for(user)).count(),
            "url": left.url(),
        },
    ]
