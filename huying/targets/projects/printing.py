"""What meetings take along: the war map as one sheet (PDF), the ledger of projects as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import FileResponse, HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.spreadsheets import export_xlsx
from huying.papers.render import pdf_of_page
from huying.people.access import can
from huying.people.models import User
from huying.targets.projects.lookups import list_choices
from huying.targets.projects.models import WarMap
from huying.targets.projects.policy import VIEW
from huying.targets.projects.views.lists import Projects
from huying.targets.projects.views.war_map import chart_of

ALL = "all"
_STYLES = (
    "huying/css/tokens.css", "huying/targets/projects.css", "huying/targets/sheet.css", "huying/targets/wall-chart.css",
)  # fmt: skip


def war_map_pdf(found: WarMap, user: User) -> bytes:
    """The sheet as the page prints it, A3 across, with the tasks that this person sees.

    Raises Refusal where the machine lacks what PDF needs.
    """
    page = render_to_string("targets/projects/war_map_sheet.html", chart_of(user, found))
    styles = [Path(file).read_text(encoding="utf-8") for name in _STYLES if (file := finders.find(name))]
    return pdf_of_page(page, styles, base=settings.PUBLIC_URL)


def war_maps_for(user: User) -> list[tuple[str, str]]:
    """(code, title) of the war maps that this person may put into a meeting's material."""
    if not can(user, VIEW):
        return []
    return [(row.code, str(row)) for row in WarMap.objects.filter(active=True)]


def ledgers_for(user: User) -> list[tuple[str, str]]:
    """(code, title) of the ledgers of projects: all, and each list."""
    return [(ALL, _("全部重点项目")), *list_choices()] if can(user, VIEW) else []


def ledger(code: str, user: User) -> tuple[str, FileResponse]:
    """The title and the workbook of a ledger: every column of the list of projects, with what this person sees.

    Raises LookupError for a list that there is not.
    """
    title = dict(ledgers_for(user))[code]
    request = HttpRequest()
    request.user, request.method = user, "GET"
    request.GET = cast(Any, QueryDict("" if code == ALL else f"list={code}"))
    page = Projects()
    page.setup(request)
    columns: list[tuple[str, Any]] = [
        (str(each.title), each.of) for each in page.get_columns() if each.export
    ]
    notes = [(_("台账"), title), (_("数到"), f"{timezone.localtime():%Y-%m-%d %H:%M}")]
    return title, export_xlsx(title, columns, page.rows.order_by("code"), notes)
