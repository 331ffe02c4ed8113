"""What the loop has told this person and their department: the bell of every desk page."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from huying.cases import policy
from huying.cases.models import Notice
from huying.core.paging import paginate
from huying.core.toasts import toast
from huying.notices.news import unread_by
from huying.people.guards import reader, requires
from huying.people.models import User

_MOST_COUNTED = 99


def notices_for(user: User) -> QuerySet[Notice]:
    """Notices to this account, and to its department where it works for one, on cases it may see."""
    mine = Q(user=user)
    if user.department_id is not None:
        mine |= Q(department=user.department_id)
    return Notice.objects.filter(mine, case__in=policy.cases_for(user))


@requires("case.view")
@never_cache
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """All of them, newest first; what is new stands out until it is marked read."""
    rows, pager = paginate(
        request, notices_for(reader(request)).select_related("case").order_by("-sent_at", "-pk")
    )
    unread = any(notice.read_at is None for notice in rows)
    return render(
        request,
        "cases/desk/notices.html",
        {
            "rows": rows,
            "pager": pager,
            "title": _("通知"),
            "unread": unread,
            "news": unread_by(reader(request))[:5],
        },
    )


@requires("case.view")
@never_cache
@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with the number of new notices, fetched after the page so that no page waits for it."""
    found = notices_for(reader(request)).filter(read_at=None).values("pk")[: _MOST_COUNTED + 1]
    count = len(found) + unread_by(reader(request)).count()
    shown = f"{_MOST_COUNTED}+" if count > _MOST_COUNTED else str(count)
    return render(request, "cases/desk/_bell.html", {"count": count, "shown": shown})


@requires("case.view")
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark everything up to the newest one that was shown as read; later ones stay new."""
    until = request.POST.get("until", "")
    waiting = notices_for(reader(request)).filter(read_at=None)
    if until.isascii() and until.isdigit() and len(until) < 19:
        waiting = waiting.filter(pk__lte=int(until))
    count = Notice.objects.filter(pk__in=waiting.values("pk")).update(read_at=timezone.now())
    toast(request, _("已读 %d 条。") % count)
    return redirect("desk:notices")
