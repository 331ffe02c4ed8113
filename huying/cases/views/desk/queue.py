"""The dispatcher's queue: what waits, who should have it and why, decided in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.messages import SUCCESS, WARNING
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from huying.cases import actions, policy
from huying.cases.filters import KEYS, CaseFilter, due_q, for_rows
from huying.cases.models import OPEN, Case, CaseQuerySet, Status
from huying.cases.references import with_references
from huying.cases.story import story_for_staff
from huying.cases.suggest import Responsible, likely_duplicates, responsible_for, responsible_for_many
from huying.cases.views.desk.case import head_context
from huying.cases.views.desk.cases import filter_of
from huying.cases.views.desk.display import (
    case_point,
    chain,
    clock_badge,
    marks,
    metres_words,
    status_badge,
    title_cell,
    waiting,
)
from huying.core.errors import Refusal
from huying.core.masking import mask_name, mask_phone
from huying.core.pages import Column, Filter, ListPage
from huying.core.paging import COUNT_CAP, Total
from huying.core.parts import part_of
from huying.core.toasts import toast
from huying.people.access import can
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import User

VERB = "desk.dispatcher"
MOST_AT_ONCE = 100
NAMED_AT_MOST = 5  # cases that a result names one by one


@dataclass(frozen=True)
class Tab:
    """One pile of the queue: which open cases, in which order."""

    code: str
    title: Promise
    holds: Callable[[Any], Q]  # of the present moment
    order: str


TABS: dict[str, Tab] = {
    tab.code: tab
    for tab in (
        Tab("new", gettext_lazy("待受理"), lambda now: Q(status=Status.REPORTED), "reported_at"),
        Tab(
            "dispatch",
            gettext_lazy("待派遣"),
            lambda now: Q(status=Status.FILED, needs_arbitration=False),
            "reported_at",
        ),
        Tab(
            "arbitrate",
            gettext_lazy("退单待裁定"),
            lambda now: Q(status=Status.FILED, needs_arbitration=True),
            "reported_at",
        ),
        Tab("near", gettext_lazy("快到期"), lambda now: due_q("near", now), "due_at"),
        Tab("overdue", gettext_lazy("已超期"), lambda now: due_q("overdue", now), "due_at"),
        Tab("open", gettext_lazy("全部在办"), lambda now: Q(status__in=OPEN), "-reported_at"),
    )
}
SUGGESTED_IN = ("new", "dispatch", "arbitrate")
FIRST = ("q", "ledger", "topic", "area", "department")
# The tabs decide the status.
KEYS_HERE = tuple(name for name in KEYS if name not in ("status", "handler", "category"))


def queue_cases(user: User) -> CaseQuerySet:
    """The cases that this dispatcher is responsible for."""
    return policy.cases_for(user, "case.dispatch")


def _suggested(row: Case) -> SafeString | str:
    """The department with the sentence that says why; what is uncertain says so."""
    if row.status not in (Status.REPORTED, Status.FILED):
        return format_html(
            '<b>{}</b><span class="case-number">{}</span>', row.department or "—", row.handler or ""
        )
    if row.returns:
        return format_html(
            '<b>{}</b><span class="case-number">{}</span>', row.department or "—", _("已退单，请看理由再定")
        )
    found: Responsible = row.suggestion  # type: ignore[attr-defined]
    if found.department is None:
        return format_html('<span class="uncertain">{}</span>', found.why)
    title = found.department if not found.others else _("%s 等") % found.department
    return format_html('<b>{}</b><span class="case-number">{}</span>', title, found.why)


def _where(row: Case) -> str:
    found = chain(row)
    return " · ".join(part for part in (found[0][1] if found else "", row.address) if part)


def _time(row: Case) -> SafeString | str:
    return clock_badge(row) or waiting(row)


COLUMNS = (
    Column("title", gettext_lazy("事项"), show=title_cell, css="cell--wide"),
    Column("clock", gettext_lazy("时限"), "due_at", _time, sort="due_at", css="cell--nowrap"),
    Column("status", gettext_lazy("状态"), lambda case: Status(case.status).label, status_badge),
    Column("category", gettext_lazy("类别"), lambda case: str(case.category)),
    Column("place", gettext_lazy("地点"), _where, css="cell--place"),
    Column(
        "department",
        gettext_lazy("责任单位和理由"),
        lambda row: _plain_suggestion(row),
        _suggested,
        css="cell--why",
    ),
    Column("reported_at", gettext_lazy("上报"), sort="reported_at", css="cell--nowrap", shown=False),
    Column("marks", gettext_lazy("标记"), show=marks, export=False),
)


def _plain_suggestion(row: Case) -> str:
    if row.status not in (Status.REPORTED, Status.FILED):
        return str(row.department or "")
    found: Responsible = getattr(row, "suggestion", None) or responsible_for(row)  # an export has no pages
    return str(found.department or "")


class Queue(VerbRequired, ListPage):
    """The queue, one tab at a time."""

    verb = VERB
    permission = "case.dispatch"
    title = gettext_lazy("派遣台")
    name = "queue"
    detail = "case-pane"
    page_size = 30  # more than a screen holds; each row shows its reason
    columns = COLUMNS
    template_name = "cases/desk/queue.html"
    empty = {
        "icon": "check-circle",
        "title": gettext_lazy("这里没有要处理的"),
        "text": gettext_lazy("新案件到了，数字会自己变。"),
    }

    @cached_property
    def tab(self) -> Tab:
        """The tab of the address; the first one that has something is a good start, but counting it costs: 待派遣."""
        return TABS.get(self.request.GET.get("tab", ""), TABS["dispatch"])

    @property
    def order(self) -> str:  # type: ignore[override]
        return self.tab.order

    @cached_property
    def bulk_actions(self) -> Sequence[dict[str, Any]]:  # type: ignore[override]
        found: list[dict[str, Any]] = [
            {
                "title": _("按建议派遣"),
                "url": reverse("desk:queue-dispatch"),
                "icon": "send",
                "key": "d",
                "strong": True,
            },
            {"title": _("并单"), "url": reverse("desk:queue-merge"), "icon": "merge", "key": "m"},
        ]
        urge = {"title": _("催办"), "url": reverse("desk:queue-urge"), "icon": "bell", "key": "u"}
        return [urge, found[1]] if self.tab.code in ("near", "overdue") else [*found, urge]

    def get_queryset(self) -> CaseQuerySet:
        now = timezone.now()
        rows = policy.cases_for(signed_in(self.request), self.permission).filter(self.tab.holds(now))
        return for_rows(rows).prefetch_related("item__owner")

    @cached_property
    def _filters(self) -> list[Filter]:
        return [filter_of(name) for name in KEYS_HERE]

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def row_url(self, row: Case) -> str:
        return reverse("desk:case", args=[row.number])

    def context(self) -> dict[str, Any]:
        context = super().context()
        return context | {"queue_map": {"id": "queue-map", "points_url": self._points_url()}}

    def prepare_rows(self, rows: list[Case]) -> None:
        """Suggestions for the whole page at once."""
        waiting_rows = [row for row in rows if row.status in (Status.REPORTED, Status.FILED)]
        found = responsible_for_many(waiting_rows)
        for row in waiting_rows:
            row.suggestion = found[row.pk]  # type: ignore[attr-defined]

    def _points_url(self) -> str:
        query = self.request.GET.copy()
        query["tab"] = self.tab.code
        return f"{reverse('desk:queue-points')}?{query.urlencode()}"

    def extra_context(self) -> dict[str, Any]:
        fields = {field.name: field for field in self.form}
        used = {each.name for each, _value in self.active}
        more = [field for name, field in fields.items() if name not in FIRST]
        return {
            "tab": self.tab,
            "tabs": tabs(self.request, counted=False),
            "tabs_url": f"{reverse('desk:queue-tabs')}?{self.request.GET.urlencode()}",
            "first_fields": [fields[name] for name in FIRST],
            "more_fields": more,
            "more_open": any(field.name in used or field.errors for field in more),
            "keys": [
                ("d", _("按建议派遣（选中了几条就一起派）")),
                ("e", _("自己选单位派遣")),
                ("m", _("并单")),
                ("u", _("催办")),
                ("f", _("受理")),
            ],
        }


def _tab_url(request: HttpRequest, code: str) -> str:
    params = request.GET.copy()
    for name in ("after", "before", "page", "export", "hide", "sort", "tab"):
        params.pop(name, None)
    params["tab"] = code
    return f"{reverse('desk:queue')}?{params.urlencode()}"


def tabs(request: HttpRequest, *, counted: bool) -> list[dict[str, Any]]:
    """The tabs with their numbers; one pass over the open cases counts all."""
    here = TABS.get(request.GET.get("tab", ""), TABS["dispatch"]).code
    numbers: dict[str, int] = {}
    if counted:
        now = timezone.now()
        rows = (
            CaseFilter.from_query(request.GET)
            .with_(status=None)
            .apply(queue_cases(signed_in(request)).open(), now)
        )
        numbers = rows.order_by().aggregate(
            **{f"n_{tab.code}": Count("pk", filter=tab.holds(now)) for tab in TABS.values()}
        )
    return [
        {
            "title": tab.title, "url": _tab_url(request, tab.code), "active": tab.code == here, "code": tab.code,
            "count": _number(numbers.get(f"n_{tab.code}")),
        }
        for tab in TABS.values()
    ]  # fmt: skip


def _number(count: int | None) -> Total | None:
    return None if count is None else Total(min(count, COUNT_CAP), count > COUNT_CAP)


@require_GET
@requires(VERB)
@part_of("desk:queue")
def queue_tabs(request: HttpRequest) -> HttpResponse:
    """The tabs alone, asked for every half minute."""
    return render(
        request, "cases/desk/_queue_tabs.html",
        {"tabs": tabs(request, counted=True), "tabs_url": request.get_full_path(), "counted": True},
    )  # fmt: skip


@require_GET
@requires(VERB, "case.file")
def queue_points(request: HttpRequest) -> JsonResponse:
    """The first 500 points of the tab for the map; who only files sees what waits for that."""
    now = timezone.now()
    files_only = not can(signed_in(request), VERB)
    tab = TABS["new"] if files_only else TABS.get(request.GET.get("tab", ""), TABS["dispatch"])
    among = policy.cases_for(signed_in(request), "case.file" if files_only else "case.dispatch")
    wanted = CaseFilter.from_query(request.GET).with_(status=None)
    rows = wanted.apply(among.filter(tab.holds(now)), now)
    rows = rows.filter(lng__isnull=False, lat__isnull=False).only(
        "number", "title", "lng", "lat", "status", "parked_at", "due_at", "returns", "reopenings"
    )
    return JsonResponse({"points": [case_point(case, now) for case in rows.order_by(tab.order)[:500]]})


def pane_context(case: Case, user: User) -> dict[str, Any]:
    """One case beside the list: enough to decide."""
    context = head_context(case, user)
    open_verbs = {verb.code for verb in context["verbs"]}
    suggestion = responsible_for(case) if case.status in (Status.REPORTED, Status.FILED) else None
    returned = case.case_returns.select_related("department", "suggested").last() if case.returns else None
    near = likely_duplicates(case, policy.cases_for(user)) if case.is_open else []
    reports = list(case.reports.all()[:5])
    return {
        **context,
        "stay": "1",
        "suggestion": suggestion,
        # A returned case wants a look at the reason: sending it back by the same rule would make it wander.
        "can_dispatch": "dispatch" in open_verbs
        and returned is None
        and bool(suggestion and suggestion.department),
        "can_file": "file" in open_verbs,
        "returned": returned,
        "duplicates": [
            {"case": other, "distance": metres_words(metres), "badge": status_badge(other)}
            for other, metres in near
        ],
        "can_merge": "merge" in open_verbs,
        "contacts": [
            " ".join(filter(None, (mask_name(r.name), mask_phone(r.phone))))
            for r in reports
            if r.name or r.phone
        ],
        "events": list(reversed(story_for_staff(case)))[:3],
        "due": case.category.limit_words,
    }


# --- several at once -----------------------------------------------------------------------------------


def selected(request: HttpRequest, among: CaseQuerySet) -> list[Case]:
    """The marked cases among these, oldest first."""
    keys = [key for key in request.POST.getlist("selected") if key.isascii() and key.isdecimal()][
        :MOST_AT_ONCE
    ]
    cases = among.filter(pk__in=keys).select_related("handler", "item__owner").defer("search", "search_text")
    return list(with_references(cases).order_by("reported_at", "pk"))


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("desk:queue")
    return HttpResponseRedirect(target)


def said(done: int, done_words: str, left_words: str, left: Iterable[tuple[Case, str]]) -> tuple[str, int]:
    """「派出 12 件；2 件没有派：…」 with the reason of each one left, and how loudly to say it."""
    left = list(left)
    if not left:
        return done_words % done, SUCCESS
    named = "；".join(f"{case.title}（{why.rstrip('。')}）" for case, why in left[:NAMED_AT_MOST])
    more = _("等") if len(left) > NAMED_AT_MOST else ""
    head = (done_words % done).rstrip("。") if done else ""
    tail = left_words % {"n": len(left), "named": named + more}
    return "；".join(part for part in (head, tail) if part), WARNING


def _none_marked(request: HttpRequest) -> HttpResponse:
    toast(request, _("没有选中案件。请先按 x 或点方框选中，再操作。"), level=WARNING)
    return _back(request)


@require_POST
@requires(VERB)
def bulk_dispatch(request: HttpRequest) -> HttpResponse:
    """Each marked case to its own suggested department; where there is no certain one, it stays and is named."""
    cases = selected(request, queue_cases(signed_in(request)))
    if not cases:
        return _none_marked(request)
    found = responsible_for_many(cases)
    done, left = 0, []
    for case in cases:
        suggestion = found[case.pk]
        if suggestion.department is None:
            left.append((case, suggestion.why))
        elif suggestion.others:
            left.append((case, _("同一区域有多个责任单位，请人工选择")))
        elif case.returns:
            left.append((case, _("退过单，请看过退单理由再派")))
        else:
            try:
                actions.dispatch_case(case, department=suggestion.department, actor=signed_in(request))
                done += 1
            except Refusal as refusal:
                left.append((case, str(refusal)))
    words, level = said(done, _("派出 %d 件。"), _("%(n)d 件没有派：%(named)s"), left)
    toast(request, words, level=level)
    return _back(request)


@require_POST
@requires(VERB)
def bulk_urge(request: HttpRequest) -> HttpResponse:
    """Urge the department of each marked case."""
    cases = selected(request, queue_cases(signed_in(request)))
    if not cases:
        return _none_marked(request)
    done, left = 0, []
    for case in cases:
        try:
            if case.status not in (Status.DISPATCHED, Status.HANDLING):
                raise Refusal(_("案件没有在办的责任单位，不用催办。"))
            actions.urge_case(case, actor=signed_in(request))
            done += 1
        except Refusal as refusal:
            left.append((case, str(refusal)))
    words, level = said(done, _("催办 %d 件。"), _("%(n)d 件没有催办：%(named)s"), left)
    toast(request, words, level=level)
    return _back(request)


@require_POST
@requires(VERB)
def bulk_merge(request: HttpRequest) -> HttpResponse:
    """Join the marked cases: first shown side by side to choose the one that stays, then done."""
    cases = selected(request, queue_cases(signed_in(request)))
    if len(cases) < 2:
        toast(request, _("并单要选中两个以上案件。"), level=WARNING)
        return _back(request)
    chosen = request.POST.get("main", "")
    main = next((case for case in cases if str(case.pk) == chosen), None)
    context = {
        "rows": [
            {"case": case, "badge": status_badge(case), "clock": clock_badge(case), "place": _where(case)}
            for case in cases
        ],
        "main": main or _likely_main(cases),
        "next": request.POST.get("next", ""),
        "reason": request.POST.get("reason", ""),
    }
    if main is None or not request.POST.get("confirmed"):
        return render(request, "cases/desk/merge.html", context)
    others = [case for case in cases if case.pk != main.pk]
    try:
        actions.merge_cases(
            main, others, actor=signed_in(request), reason=request.POST.get("reason", "")[:500]
        )
    except Refusal as refusal:
        return render(
            request, "cases/desk/merge.html", {**context, "sentence": str(refusal)}, status=refusal.status
        )
    toast(
        request,
        _("已把 %(n)d 件并入 %(number)s「%(title)s」。")
        % {"n": len(others), "number": main.number, "title": main.title},
    )
    return _back(request)


def _likely_main(cases: Sequence[Case]) -> Case:
    """The case that is furthest on its way; among equals the first reported."""
    order = list(OPEN)
    return max(
        cases,
        key=lambda case: (
            order.index(Status(case.status)) if case.is_open else -1,
            -case.reported_at.timestamp(),
        ),
    )
