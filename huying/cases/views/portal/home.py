"""The first page, and the pages about the site itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from huying.cases.models import Case, Status
from huying.cases.views.portal.forms import LookUpForm
from huying.cases.views.portal.public import month_span
from huying.cases.views.portal.submission import hotline
from huying.places.district import current_district

COUNT_SECONDS = 300


@dataclass(frozen=True)
class Promise:
    """This month in numbers, counted from the public cases, with the addresses of their rows."""

    month: str
    reported: int
    closed: int
    on_time: int
    counted_at: object

    @property
    def number(self) -> int:
        """The month as a figure: 11."""
        return int(self.month[5:])

    @property
    def reported_url(self) -> str:
        return f"{reverse('portal:public')}?month={self.month}"

    @property
    def closed_url(self) -> str:
        return f"{reverse('portal:public')}?closed={self.month}"

    @property
    def on_time_url(self) -> str:
        return f"{self.closed_url}&on_time=1"


def this_month() -> Promise:
    """Counted at most every five minutes; the page says when."""
    today = timezone.localdate()
    month = f"{today:%Y-%m}"
    key = f"portal-promise:{month}"
    found: Promise | None = cache.get(key)
    if found is None:
        first, after = month_span(month)
        public = Case.objects.public()
        closed = public.filter(status=Status.CLOSED, closed_at__gte=first, closed_at__lt=after)
        found = Promise(
            month,
            public.filter(reported_at__gte=first, reported_at__lt=after).count(),
            closed.count(),
            closed.filter(overdue=False).count(),
            timezone.now(),
        )
        cache.set(key, found, COUNT_SECONDS)
    return found


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What one can do here, and what became of it this month."""
    context = {
        "promise": this_month(),
        "hotline": hotline(),
        "district": current_district(),
        "form": LookUpForm(auto_id="look-up-%s"),
    }
    return render(request, "cases/portal/home.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept, why, how long, and who sees it."""
    return render(
        request, "cases/portal/privacy.html", {"hotline": hotline(), "district": current_district()}
    )


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "cases/portal/accessibility.html", {"hotline": hotline()})
