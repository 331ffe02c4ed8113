"""Departments: list, one department, add, edit, retire."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.people import actions
from huying.people.forms import DepartmentForm
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Department, Duty
from huying.people.policy import departments_for
from huying.people.story import story
from huying.people.topics import topics
from huying.people.views.common import MANAGE_PEOPLE, act, form_page

MOST_STAFF_SHOWN = 200


class Departments(VerbRequired, ListPage):
    """Bureaus, street offices, utilities, property companies, communities."""

    verb = MANAGE_PEOPLE
    name = "departments"
    title = gettext_lazy("部门")
    lead = gettext_lazy("能承办事项的单位。社区和村只协办，不主办。")
    template_name = "people/departments.html"
    order = "code"
    columns = (
        Column("title", gettext_lazy("名称"), value=str, sort="title"),
        Column("kind", gettext_lazy("类别"), value=lambda row: row.get_kind_display(), sort="kind"),
        Column("parent", gettext_lazy("上级")),
        Column("area", gettext_lazy("区域")),
        Column("phone", gettext_lazy("电话"), css="cell--nowrap"),
        Column("staff_count", gettext_lazy("在用账号"), css="number"),
        Column("can_lead", gettext_lazy("可以主办")),
        Column("valid_to", gettext_lazy("停用日期"), css="cell--nowrap", shown=False),
        Column("code", gettext_lazy("代码"), sort="code", shown=False),
    )

    def get_filters(self):
        kinds = [("", gettext_lazy("全部")), *Department.Kind.choices]
        return (
            Filter(
                "q",
                forms.CharField(label=_("名称或代码"), widget=forms.TextInput(attrs={"type": "search"})),
                apply=lambda rows, words: rows.filter(Q(title__icontains=words) | Q(code__icontains=words)),
            ),
            Filter("kind", forms.ChoiceField(label=_("类别"), choices=kinds)),
            Filter(
                "retired",
                forms.BooleanField(label=_("含已停用")),
                apply=lambda rows, _value: rows,
            ),
        )

    def get_queryset(self) -> QuerySet[Department]:
        rows = departments_for(self.request.user).select_related("parent", "area")
        rows = rows.annotate(staff_count=Count("staff", filter=Q(staff__is_active=True)))
        return rows if self.asked("retired") else rows.filter(valid_to=None)

    def row_url(self, row: Department) -> str:
        return reverse("people:department", args=[row.code])


def _department(request: HttpRequest, code: str) -> Department:
    found = departments_for(request.user).select_related("parent", "area")
    return get_object_or_404(found, code=code)


@requires(MANAGE_PEOPLE)
def department(request: HttpRequest, code: str) -> HttpResponse:
    """One department: facts, people, what it answers for, what lies below it."""
    row = _department(request, code)
    staff = row.staff.filter(is_active=True).order_by("username")
    duties = Duty.objects.on().filter(department=row).select_related("area").order_by("topic", "area__path")
    names = topics()
    context: dict[str, Any] = {
        "department": row,
        "staff": staff.prefetch_related("grants")[:MOST_STAFF_SHOWN],
        "staff_total": staff.count(),
        "duties": [
            (names[duty.topic].title if duty.topic in names else duty.topic, duty) for duty in duties[:200]
        ],
        "duties_total": duties.count(),
        "children": row.children.filter(valid_to=None),
        "events": story(row),
    }
    return render(request, "people/department.html", context)


@requires(MANAGE_PEOPLE)
def add_department(request: HttpRequest) -> HttpResponse:
    form = DepartmentForm(reader(request), request.POST or None, initial={"can_lead": True})

    def save(data: dict[str, Any]) -> HttpResponse:
        row = actions.add_department(actor=reader(request), **data)
        toast(request, _("已新建部门“%s”。") % row)
        return redirect("people:department", row.code)

    crumbs = [(_("部门"), reverse("people:departments"))]
    return form_page(request, form, save, title=_("新建部门"), crumbs=crumbs, cancel_url=crumbs[0][1])


@requires(MANAGE_PEOPLE)
def edit_department(request: HttpRequest, code: str) -> HttpResponse:
    row = _department(request, code)
    # The form writes its values into its instance while validating; the action wants to see the old ones.
    form = DepartmentForm(reader(request), request.POST or None, instance=_department(request, code))
    here = reverse("people:department", args=[code])

    def save(data: dict[str, Any]) -> HttpResponse:
        actions.change_department(row, actor=reader(request), **data)
        toast(request, _("已保存。"))
        return redirect(here)

    crumbs = [(_("部门"), reverse("people:departments")), (str(row), here)]
    return form_page(request, form, save, title=_("修改部门"), crumbs=crumbs, cancel_url=here)


@require_POST
@requires(MANAGE_PEOPLE)
def retire_department(request: HttpRequest, code: str) -> HttpResponse:
    row = _department(request, code)
    here = reverse("people:department", args=[code])
    return act(
        request,
        lambda: actions.retire_department(row, actor=reader(request)),
        _("“%s”已停用，经办过的案件和记录不变。") % row,
        here,
    )
