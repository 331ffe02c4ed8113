"""Entries of one target from and to spreadsheets."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.sheets import read_table
from huying.core.spreadsheets import export_xlsx
from huying.people.guards import requires, signed_in
from huying.targets.programmes.forms import SheetForm
from huying.targets.programmes.importing import OUTCOMES, apply_rows, headings, made_by, plan_rows
from huying.targets.programmes.policy import ENTER, entries_for, require
from huying.targets.programmes.views.programme import target_for

MOST_SHOWN = 300


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(ENTER)
def upload(request: HttpRequest, programme: str, code: str) -> HttpResponse:
    """GET shows the form; POST shows what each row would do, or enters them for approval."""
    user, target = signed_in(request), target_for(request, programme, code)
    require(user, ENTER, target)
    if target.figure:
        raise Http404(_("这个目标按台账记录自动统计，不用填报。"))
    form = SheetForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "target": target, "columns": headings(target)}
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > settings.MAX_UPLOAD_BYTES:
                raise Refusal(_("文件太大。请拆成几个再导入。"), field="file")
            plans = plan_rows(target, read_table(file.name, file.read()))
            context["plans"] = plans[:MOST_SHOWN]
            context["counts"] = [
                (str(title), sum(plan.outcome == outcome for plan in plans))
                for outcome, title in OUTCOMES.items()
            ]
            if form.cleaned_data["go"]:
                apply_rows(target, plans, actor=user)
                context["done"] = True
        except NotAllowed:
            raise
        except Refusal as refusal:
            form.add_error("file", str(refusal))
        else:
            status = 200
    return render(request, "targets/programmes/import.html", context, status=status)


@require_safe
@requires(ENTER)
def empty(request: HttpRequest, programme: str, code: str) -> Any:
    """The table with its headings, and the approved entries there are where `?rows=yes`."""
    user, target = signed_in(request), target_for(request, programme, code)
    require(user, ENTER, target)
    rows = (
        entries_for(user)
        .filter(target=target, status="approved")
        .select_related("area")
        .order_by("day", "pk")
    )
    shown = rows.defer("area__boundary") if request.GET.get("rows") else []
    return export_xlsx(str(target), made_by(target), shown)
