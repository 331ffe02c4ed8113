"""What the cockpit shows beside the cases: targets, projects, and the key figures that the pack chooses.

They change by the day, not by the minute, and are counted over rows. So they come in a part of their own after the
page, and each says as of when.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.tallies.reading import snapshot
from huying.core.parts import ASKED_BY, asked_as_part
from huying.figures import policy as figure_policy
from huying.figures.counting import Asked, Value, count, every_figure, span_of
from huying.figures.meaning import span_words
from huying.figures.rules import FigureRules
from huying.inspections.campaigns.rules import Span
from huying.people.access import can
from huying.people.guards import requires, signed_in
from huying.people.models import User
from huying.targets.programmes.display import Board, Line, boards
from huying.targets.programmes.policy import VIEW as TARGETS
from huying.targets.programmes.policy import programmes_for
from huying.targets.programmes.progress import Status
from huying.targets.projects.months import late_projects, month_in_hand
from huying.targets.projects.policy import VIEW as PROJECTS
from huying.targets.projects.policy import projects_for
from huying.targets.projects.rates import Rate, of_year, rate_of

VERB = "cockpit.view"
REMEMBERED_SECONDS = 60
KEY_FIGURES = 6
BEHIND_SHOWN = 4


@dataclass(frozen=True)
class Standing:
    """How a programme stands: how many promises (or targets) in each state, and the targets that are behind."""

    board: Board

    @property
    def url(self) -> str:
        return self.board.programme.get_absolute_url()

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """(state, its name, how many); the address with `?status=` shows them."""
        return [(code, str(Status(code).label), number) for code, _badge, number in self.board.tally()]

    @property
    def _behind(self) -> list[Line]:
        return [line for line in self.board.lines if line.progress.status == Status.BEHIND]

    @property
    def behind(self) -> list[Line]:
        return self._behind[:BEHIND_SHOWN]

    @property
    def more(self) -> int:
        """How many more are behind than are named."""
        return len(self._behind) - len(self.behind)


def standings(user: User, today: dt.date) -> list[Standing]:
    """The programmes of this year; where it has none yet, those of the last year that has."""
    programmes = [row for row in programmes_for(user).order_by("-last_day", "code") if row.first_day <= today]
    latest = max((row.last_day.year for row in programmes), default=0)
    return [Standing(board) for board in boards([row for row in programmes if row.last_day.year == latest])]


@dataclass(frozen=True)
class Works:
    """The year's projects: how many, how many began, invested of planned, whose update is late."""

    year: int
    rate: Rate
    month: dt.date
    late: int

    @property
    def late_url(self) -> str:
        return f"{reverse('targets:project-late')}?month={self.month:%Y-%m}"


def works(user: User, today: dt.date) -> Works | None:
    """None where no project has a plan for the year."""
    rows = of_year(projects_for(user), today.year)
    if not rows.exists():
        return None
    month = month_in_hand(today)
    rate = rate_of(rows, year=today.year, filters={})
    return Works(today.year, rate, month, late_projects(projects_for(user), month).count())


def key_figures(user: User, at: dt.datetime) -> list[tuple[Value, str]]:
    """The figures that the pack puts on the cockpit, in its order, and the days that each speaks of."""
    chosen = sorted((rules for rules in every_figure() if rules.cockpit), key=lambda rules: rules.cockpit)
    seen = [rules for rules in chosen if figure_policy.may_see(user, rules)]
    return [(count(rules, at=at), _days_of(rules, at)) for rules in seen[:KEY_FIGURES]]


def _days_of(rules: FigureRules, at: dt.datetime) -> str:
    """Short enough for a tile: 历年累计, 2023年; else the days."""
    days = span_of(rules, Asked(), at)
    if days.first is None:
        return _("历年累计")
    if days == Span(dt.date(days.first.year, 1, 1), dt.date(days.first.year, 12, 31)):
        return _("%(year)d年") % {"year": days.first.year}
    return span_words(days)


@require_safe
@never_cache
@requires(VERB)
def promises(request: HttpRequest) -> HttpResponse:
    """Targets, projects and key figures: as a part of the cockpit, or opened directly as a page of their own."""
    user = signed_in(request)
    key = f"cockpit-promises-{user.pk}-{get_language()}"
    context = cache.get_or_set(key, lambda: _context(user), REMEMBERED_SECONDS)
    name = "_promises" if asked_as_part(request) else "promises"
    response = render(request, f"figures/cockpit/{name}.html", context)
    patch_vary_headers(response, ASKED_BY)
    return response


def _context(user: User) -> dict[str, Any]:
    with snapshot():
        at = timezone.now()
        today = timezone.localdate(at)
        return {
            "at": at,
            "standings": standings(user, today) if can(user, TARGETS) else [],
            "works": works(user, today) if can(user, PROJECTS) else None,
            "figures": key_figures(user, at),
        }
