"""Projects from and to spreadsheets: what each row would do is shown first, wrong rows say what to do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from huying.core.errors import Refusal
from huying.core.sheets import read_table
from huying.core.spreadsheets import export_xlsx
from huying.people.guards import requires, signed_in
from huying.targets.projects.importing import COLUMNS, OUTCOMES, apply_rows, plan_rows
from huying.targets.projects.policy import MANAGE, projects_for, require_manage

MOST_SHOWN = 300


class ImportForm(forms.Form):
    """A table, to be looked at or brought in."""

    file = forms.FileField(
        label=gettext_lazy("文件"), widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text=gettext_lazy(".xlsx 或 .csv，第一行是列名，与导出的表格相同。"),
    )  # fmt: skip
    go = forms.BooleanField(label=gettext_lazy("直接导入（不勾就只看每一行会怎样）"), required=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def spreadsheet(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST shows what each row would do, or does it."""
    user = signed_in(request)
    require_manage(user)
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {
        "form": form, "title": _("项目：导入导出"), "columns": [str(column.heading) for column in COLUMNS],
        "crumbs": [(_("重点项目"), reverse("targets:projects"))],
    }  # fmt: skip
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > settings.MAX_UPLOAD_BYTES:
                raise Refusal(_("文件太大。请拆成几个再导入。"), field="file")
            plans = plan_rows(read_table(file.name, file.read()))
            done = form.cleaned_data["go"]
            counts = (
                apply_rows(plans, actor=user) if done
                else {code: sum(plan.outcome == code for plan in plans) for code in OUTCOMES}
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error("file", str(refusal))
        else:
            status = 200
            order = list(OUTCOMES)
            plans.sort(key=lambda plan: (order.index(plan.outcome), plan.row))
            context |= {
                "plans": plans[:MOST_SHOWN], "counts": [(str(OUTCOMES[code]), n) for code, n in counts.items()],
                "done": done, "more": max(len(plans) - MOST_SHOWN, 0), "wrong": counts["wrong"],
            }  # fmt: skip
    return render(request, "targets/projects/import.html", context, status=status)


@never_cache
@require_safe
@requires(MANAGE)
def export(request: HttpRequest) -> Any:
    """The table as `spreadsheet` reads it back."""
    rows = (
        projects_for(request.user)
        .select_related("area", "owner", "street", "leader", "officer")
        .order_by("code")
    )
    columns = [(str(column.heading), column.write) for column in COLUMNS]
    return export_xlsx(_("项目"), columns, rows.defer("area__boundary"))
