"""All cases: the searchable list that every number of the cockpit opens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.cases import policy
from huying.cases.catalogue import catalogue, subdistricts
from huying.cases.filters import DUE, FLAGS, KEYS, CaseFilter, for_rows
from huying.cases.models import Case, CaseQuerySet, Category, Status
from huying.cases.views.desk.display import chain, clock_badge, marks, status_badge, title_cell
from huying.cases.views.desk.fields import Choice, Group, key_field
from huying.core.journal import log
from huying.core.models import SavedFilter
from huying.core.pages import Column, Filter, ListPage, Total, address
from huying.core.search import search_q
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, requires, signed_in

PAGE = "cases"


def topic_choices() -> list[Choice | Group]:
    """Topics as a list of two levels: each main topic can be chosen, and those below it."""
    found: list[Choice | Group] = []
    topics = catalogue().topics
    for root in topics.values():
        if root.parent is None:
            below: list[Choice] = [(t.code, str(t)) for t in topics.values() if t.parent == root.pk]
            found.append((str(root), [(root.code, _("%s（全部）") % root), *below]))
    return found


def department_choices() -> list[Choice]:
    """Departments that may lead; others are reached by address only."""
    return [
        (entry.code, str(entry)) for entry in catalogue().departments.values() if entry.active and entry.leads
    ]


def _ledger_choices() -> list[Choice]:
    return [(entry.code, str(entry)) for entry in catalogue().ledgers.values()]


def _flag_choices() -> list[Choice]:
    return [(code, title) for code, (title, _q) in FLAGS.items()]


# Shown at once, and behind 更多筛选.
FIRST = ("q", "ledger", "status", "due", "topic", "area", "department")


def _wishes() -> dict[str, dict[str, Any]]:
    return {
        "ledger": {"choices": _ledger_choices, "menu": True},
        "status": {"menu": True},
        "due": {"choices": lambda: list(DUE.items())},
        "topic": {"choices": topic_choices},
        "area": {"choices": subdistricts},
        "department": {"choices": department_choices},
        "channel": {"menu": True},
        "colour": {"menu": True},
        "is": {"choices": _flag_choices, "menu": True},
        "not": {"choices": _flag_choices, "menu": True},
        "category": {"choices": lambda: []},
        "handler": {"choices": lambda: []},
    }


def filter_of(name: str, now: dt.datetime | None = None) -> Filter:
    """A key of `CaseFilter` as a filter of a list page; `now` decides what is overdue."""
    key = KEYS[name]
    field: forms.Field
    if key.kind == "text":
        field = forms.CharField(
            label=key.title, required=False, max_length=200,
            widget=forms.SearchInput(attrs={"placeholder": gettext_lazy("编号、标题、内容、地址")}),
        )  # fmt: skip
    else:
        field = key_field(name, **_wishes().get(name, {}))

    def narrow(rows: Any, value: Any) -> Any:
        return CaseFilter(**{name: value}).apply(rows, now)

    return CaseFilterField(name, field, apply=narrow)


class CaseFilterField(Filter):
    """A filter whose chip speaks the words of its key."""

    def words(self, value: Any) -> str:
        return KEYS[self.name].words((value,) if isinstance(value, str) else tuple(value))


def _place(case: Case) -> str:
    found = chain(case)
    return " · ".join(part for part in (found[0][1] if found else "", case.address) if part)


def _category(case: Case) -> SafeString:
    return format_html('{}<span class="case-number">{}</span>', case.category, case.ledger)


COLUMNS = (
    Column("title", gettext_lazy("事项"), show=title_cell, css="cell--wide"),
    Column("number", gettext_lazy("编号"), css="cell--nowrap", shown=False),
    Column("status", gettext_lazy("状态"), lambda case: Status(case.status).label, status_badge),
    Column("clock", gettext_lazy("时限"), "due_at", clock_badge, sort="due_at", css="cell--nowrap"),
    Column("category", gettext_lazy("类别"), lambda case: str(case.category), _category, css="cell--kind"),
    Column("ledger", gettext_lazy("台账"), lambda case: str(case.ledger), shown=False),
    Column("place", gettext_lazy("地点"), _place, css="cell--place"),
    Column("department", gettext_lazy("责任单位"), lambda case: str(case.department or ""), css="cell--kind"),
    Column("handler", gettext_lazy("承办人"), lambda case: str(case.handler or ""), shown=False),
    Column("channel", gettext_lazy("渠道"), lambda case: case.get_channel_display(), shown=False),
    Column("reported_at", gettext_lazy("上报"), sort="reported_at", css="cell--nowrap"),
    Column("dispatched_at", gettext_lazy("派遣"), css="cell--nowrap", shown=False),
    Column("handled_at", gettext_lazy("处置"), css="cell--nowrap", shown=False),
    Column("closed_at", gettext_lazy("结案"), sort="closed_at", css="cell--nowrap", shown=False),
    Column("reports", gettext_lazy("诉求数"), "reports_count", css="number", shown=False),
    Column("returns", gettext_lazy("退单"), css="number", shown=False),
    Column("reworks", gettext_lazy("返工"), css="number", shown=False),
    Column("reopenings", gettext_lazy("重办"), css="number", shown=False),
    Column(
        "overdue",
        gettext_lazy("曾超期"),
        lambda case: _("是") if case.is_overdue() or case.overdue else "",
        shown=False,
    ),
    Column("marks", gettext_lazy("标记"), show=marks, export=False),
)


class CaseList(VerbRequired, ListPage):
    """Every case that the reader may see, filtered by the address."""

    verb = "case.view"
    title = gettext_lazy("全部案件")
    name = PAGE
    order = "-reported_at"
    columns = COLUMNS
    template_name = "cases/desk/cases.html"
    empty = {
        "icon": "list",
        "title": gettext_lazy("还没有案件"),
        "text": gettext_lazy("有人反映问题或网格员上报后，会出现在这里。"),
    }

    def get_queryset(self) -> CaseQuerySet:
        return for_rows(policy.cases_for(signed_in(self.request)))

    @cached_property
    def _filters(self) -> list[Filter]:
        moment = CaseFilter.from_query(self.request.GET).moment()
        found = [filter_of(name, moment) for name in KEYS]
        for each in found:
            if each.name == "category":
                each.field.widget.choices = self._category_choices
        return found

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def _category_choices(self) -> list[Choice]:
        """Categories of the one ledger that is chosen: all ledgers together have too many to choose from."""
        chosen = CaseFilter.from_query(self.request.GET).values.get("ledger", ())
        if len(chosen) != 1:
            return []
        rows = Category.objects.filter(ledger__code=chosen[0], active=True).only("code", "title", "title_en")
        return [(category.code, str(category)) for category in rows.order_by("code")]

    def count(self, rows: Any) -> Total:
        """How many; common words are counted by their index, which the page itself does without."""
        words = self.request.GET.get("q", "").strip()
        return super().count(
            rows.filter(search_q(words, vector="search", text="search_text")) if words else rows
        )

    def row_url(self, row: Case) -> str:
        return reverse("desk:case", args=[row.number])

    def saved_filters(self) -> Sequence[dict[str, Any]]:
        here = CaseFilter.from_query(self.request.GET)
        rows = SavedFilter.objects.filter(user=signed_in(self.request), page=PAGE).order_by("title")
        return [
            {
                "title": row.title,
                "url": f"{self.request.path}?{row.query}",
                "active": row.query == here.query(),
                "pk": row.pk,
            }
            for row in rows
        ]

    def exported(self, rows: Any) -> None:
        """Who took which list is on record: rows leave the house here."""
        log(
            signed_in(self.request), "case.list_exported", actor=signed_in(self.request),
            filter=CaseFilter.from_query(self.request.GET).query(),
        )  # fmt: skip

    def extra_context(self) -> dict[str, Any]:
        used = {each.name for each, _value in self.active}
        fields = {field.name: field for field in self.form}
        wrong = set(self.form.errors)
        more = [field for name, field in fields.items() if name not in FIRST and self._offered(name, used)]
        return {
            "first_fields": [fields[name] for name in FIRST],
            "more_fields": more,
            "more_open": any(field.name in used | wrong for field in more),
            "filter_query": CaseFilter.from_query(self.request.GET).query(),
            "search_words": self.request.GET.get("q", ""),
            "search_url": reverse("desk:cases"),
        }

    def _offered(self, name: str, used: set[str]) -> bool:
        if name in ("handler", "at"):
            return name in used
        if name == "category":
            return name in used or len(CaseFilter.from_query(self.request.GET).values.get("ledger", ())) == 1
        return True


class SavedFilterForm(forms.Form):
    """A name for the filters of the address."""

    title = forms.CharField(max_length=40)
    query = forms.CharField(max_length=1000, required=False)


@require_POST
@requires("case.view")
def save_filter(request: HttpRequest) -> HttpResponse:
    """Keep the list's filters under a name; the same name again replaces them."""
    form = SavedFilterForm(request.POST)
    page = request.POST.get("page") or PAGE
    target = reverse("desk:queue") if page == "queue" else reverse("desk:cases")
    if not form.is_valid():
        toast(request, _("请给常用筛选起个名字（最多 40 个字），再保存。"), level=40)
        return HttpResponseRedirect(f"{target}?{request.POST.get('query', '')}")
    from django.http import QueryDict

    query = CaseFilter.from_query(QueryDict(form.cleaned_data["query"])).query()
    SavedFilter.objects.update_or_create(
        user=signed_in(request), page=PAGE, title=form.cleaned_data["title"], defaults={"query": query}
    )
    toast(request, _("已保存为常用筛选「%s」。") % form.cleaned_data["title"])
    return HttpResponseRedirect(f"{target}?{query}")


@require_POST
@requires("case.view")
def drop_filter(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one of one's own saved filters."""
    saved = get_object_or_404(SavedFilter, pk=pk, user=signed_in(request))
    saved.delete()
    toast(request, _("已删除常用筛选「%s」。") % saved.title)
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("desk:cases")
    return HttpResponseRedirect(target)


@requires("case.view")
def search(request: HttpRequest) -> HttpResponse:
    """The box on top of every page: a case number opens the case, everything else the list."""
    words = request.GET.get("q", "").strip()
    case = policy.cases_for(signed_in(request)).filter(number=words).first() if words else None
    if case is not None:
        return HttpResponseRedirect(reverse("desk:case", args=[case.number]))
    return HttpResponseRedirect(CaseFilter(q=words or None).url())


__all__ = ["CaseList", "address", "drop_filter", "save_filter", "search"]
