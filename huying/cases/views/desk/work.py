"""What the desks of department, checker, call-back and supervisor share: a list in piles (待签收, 已超期 ...).

Each pile has its count and its address; the buttons of a row open the forms of `verbs.VERBS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import policy
from huying.cases.filters import for_rows
from huying.cases.models import Case, CaseQuerySet
from huying.cases.views.desk.cases import filter_of
from huying.cases.views.desk.display import clock_badge, marks, place_words, status_badge, title_cell
from huying.cases.views.desk.verbs import VERBS
from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import icon
from huying.core.toasts import toast
from huying.people.guards import VerbRequired
from huying.people.models import User

MOST_AT_ONCE = 200  # rows of one bulk action


@dataclass(frozen=True)
class Pile:
    """One part of a desk's work. `rows` narrows the desk's cases; `verbs` are offered on each row."""

    code: str
    title: Promise
    rows: Callable[[User], Q]
    verbs: tuple[str, ...] = ()
    order: str = ""
    empty: Promise | str = ""
    icon: str = ""
    colour: str = ""


def reader(request: HttpRequest) -> User:
    """Who is signed in: the guard of every desk has seen to that."""
    return cast(User, request.user)


def back_to(request: HttpRequest, otherwise: str) -> str:
    """The address that a form names in `next`, when it is ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else otherwise


def verb_buttons(number: str, verbs: Sequence[str], here: str) -> SafeString:
    """Links that open the forms of these verbs in the dialog; without a script they are pages."""
    links = []
    for code in verbs:
        verb = VERBS[code]
        address = reverse("desk:act", args=[number, code])
        links.append((address, address, here, KEYS.get(code, ""), icon(verb.icon), verb.title))
    return format_html(
        '<div class="row-actions">{}</div>',
        format_html_join(
            "",
            '<a class="button button--small" href="{}" hx-get="{}?next={}" hx-target="#verb-body" data-key="{}">'
            "{}{}</a>",
            links,
        ),
    )


# One letter for a verb, the same on every desk.
KEYS: dict[str, str] = {
    "take_up": "t",
    "report_handled": "h",
    "return": "r",
    "assign": "a",
    "finish_assistance": "h",
    "resume": "t",
    "check": "p",
    "rework": "b",
    "close": "c",
    "urge": "u",
    "supervise": "s",
    "ask_extension": "e",
    "approve_extension": "p",
    "approve_parking": "p",
    "review_appeal": "p",
    "review_exclusion": "p",
    "refuse_extension": "b",
    "refuse_parking": "b",
    "refuse_appeal": "b",
    "refuse_exclusion": "b",
}


def title_and_place(case: Case) -> SafeString:
    """Title, number and place in one cell: beside a detail pane there is no room for more columns."""
    return format_html('{}<span class="case-where">{}</span>', title_cell(case), place_words(case))


def title_and_department(case: Case) -> SafeString:
    """The same for who looks over all departments."""
    return format_html('{}<span class="case-where">{}</span>', title_cell(case), case.department or "")


TITLE = Column("title", gettext_lazy("事项"), show=title_and_place, css="cell--title")
TITLE_AND_DEPARTMENT = Column("title", gettext_lazy("事项"), show=title_and_department, css="cell--title")
NUMBER = Column("number", gettext_lazy("编号"), css="cell--nowrap", shown=False)
STATUS = Column("status", gettext_lazy("状态"), lambda case: case.get_status_display(), status_badge)
CLOCK = Column("clock", gettext_lazy("时限"), "due_at", clock_badge, sort="due_at", css="cell--nowrap")
PLACE = Column("place", gettext_lazy("地点"), place_words, css="cell--place", shown=False)
DEPARTMENT = Column("department", gettext_lazy("责任单位"), lambda case: str(case.department or ""))
HANDLER = Column("handler", gettext_lazy("承办人"), lambda case: str(case.handler or ""))
LEDGER = Column("ledger", gettext_lazy("台账"), lambda case: str(case.ledger), shown=False)
CATEGORY = Column("category", gettext_lazy("类别"), lambda case: str(case.category), shown=False)
MARKS = Column("marks", gettext_lazy("标记"), marks, export=False)


def aside(column: Column) -> Column:
    """The same column, shown only to who chooses it: beside the detail pane there is room for five."""
    return replace(column, shown=False)


class PileList(VerbRequired, ListPage):
    """A desk: its piles as tabs with counts, one pile's rows below. The pile is in the address (`view`)."""

    piles: Sequence[Pile] = ()
    case_verb: str = "case.view"  # whose cases: `policy.cases_for(user, case_verb)`
    open_only: bool = True
    order = "due_at"
    template_name = "cases/desk/work.html"
    columns: Sequence[Column] = (
        TITLE,
        NUMBER,
        STATUS,
        CLOCK,
        PLACE,
        DEPARTMENT,
        HANDLER,
        LEDGER,
        CATEGORY,
        MARKS,
    )
    filter_names: ClassVar[tuple[str, ...]] = ("q", "ledger", "topic", "area")
    keys: ClassVar[Sequence[tuple[str, Any]]] = ()

    @cached_property
    def pile(self) -> Pile:
        """The pile in the address; the first one otherwise."""
        wanted = self.request.GET.get("view", "")
        return next((pile for pile in self.piles if pile.code == wanted), self.piles[0])

    def base(self) -> CaseQuerySet:
        """The cases that this desk works on."""
        cases = policy.cases_for(self.request.user, self.case_verb)
        return cases.open() if self.open_only else cases

    def get_queryset(self) -> CaseQuerySet:
        return for_rows(self.base().filter(self.pile.rows(reader(self.request))))

    @cached_property
    def sorting(self) -> str:
        asked = self.request.GET.get("sort", "")
        known = {column.sort for column in self.get_columns() if column.sort}
        return asked if asked.lstrip("-") in known else self.pile.order or self.order

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many cases lie in each pile: one query over the open ones."""
        user = reader(self.request)
        named = {f"n_{i}": Count("pk", filter=pile.rows(user)) for i, pile in enumerate(self.piles)}
        found = self.base().order_by().aggregate(**named)
        return {pile.code: found[f"n_{i}"] for i, pile in enumerate(self.piles)}

    def offered(self) -> Sequence[str]:
        """The verbs on the rows of this pile."""
        return self.pile.verbs

    def get_columns(self) -> Sequence[Column]:
        """The desk's columns; the buttons stand right after the clock, where they are seen without scrolling."""
        verbs = self.offered()
        if not verbs:
            return self.columns
        here = self.request.get_full_path()
        buttons = Column(
            "do", gettext_lazy("办理"), show=lambda case: verb_buttons(case.number, verbs, here), export=False
        )
        names = [column.name for column in self.columns]
        place = names.index("clock") + 1
        return (*self.columns[:place], buttons, *self.columns[place:])

    @cached_property
    def _filters(self) -> list[Filter]:
        return [filter_of(name) for name in self.filter_names]

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def row_url(self, row: Any) -> str:
        return reverse("desk:case", args=[row.number])

    def context(self) -> dict[str, Any]:
        context = super().context()
        # 清除条件 keeps to the pile.
        context["clear_url"] = f"{self.request.path}?view={self.pile.code}"
        return context

    def extra_context(self) -> dict[str, Any]:
        tabs = [
            {
                "title": pile.title,
                "url": f"{self.request.path}?view={pile.code}",
                "icon": pile.icon,
                "active": pile == self.pile,
                "count": self.counts[pile.code],
                "colour": pile.colour,
            }
            for pile in self.piles
        ]
        return {"tabs": tabs, "pile": self.pile, "pile_empty": self.pile.empty, "keys": self.keys}


def due_now() -> Q:
    """Running and past its deadline at this moment."""
    from huying.cases.filters import due_q

    return due_q("overdue", timezone.now())


def due_near() -> Q:
    """Running, not yet late, and already reminded."""
    from huying.cases.filters import due_q

    return due_q("near", timezone.now())


def chosen(request: HttpRequest, cases: CaseQuerySet) -> list[Case]:
    """The rows of a bulk action that the reader may see, oldest deadline first, at most `MOST_AT_ONCE`."""
    keys = [
        key for key in request.POST.getlist("selected") if key.isascii() and key.isdecimal() and len(key) < 19
    ]
    rows = cases.filter(pk__in=keys[:MOST_AT_ONCE]).order_by("due_at", "pk")
    return list(rows.select_related("ledger", "category", "department", "handler"))


def do_all(
    request: HttpRequest, cases: Sequence[Case], act: Callable[[Case], object], done: str, otherwise: str
) -> HttpResponse:
    """Do one thing with each case and say how many went through and why others did not.

    `done` takes the number. Each case is its own transaction: one refusal does not undo the others.
    """
    if not cases:
        toast(request, _("请先选中要办理的案件（按 x 选中），再点按钮。"), level=messages.WARNING)
        return HttpResponseRedirect(back_to(request, otherwise))
    refused: list[str] = []
    for case in cases:
        try:
            act(case)
        except NotAllowed as refusal:
            if len(cases) == 1:
                return render(request, "403.html", {"sentence": str(refusal)}, status=403)
            refused.append(f"{case.number}：{refusal}")
        except Refusal as refusal:
            refused.append(f"{case.number}：{refusal}")
    if len(refused) < len(cases):
        toast(request, done % (len(cases) - len(refused)))
    for sentence in refused[:5]:
        toast(request, sentence, level=messages.ERROR)
    if len(refused) > 5:
        toast(request, _("还有 %d 件没有办成，仍在列表里。") % (len(refused) - 5), level=messages.ERROR)
    return HttpResponseRedirect(back_to(request, otherwise))
