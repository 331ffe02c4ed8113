"""What the loop has told this person and their department: the bell of every desk page. How notices are worded."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from huying.cases import policy, telling
from huying.cases.models import Notice
from huying.core.paging import paginate
from huying.core.parts import part_of
from huying.core.toasts import toast
from huying.notices.news import unread_by
from huying.notices.outbox import LINK, unused
from huying.notices.texts import declared as declared_notices
from huying.notices.texts import fill, own_text, sms_segments
from huying.people.guards import reader, requires
from huying.people.models import User

_MOST_COUNTED = 99


# Whoever works at the desk is told something: of cases, or of projects.
READERS = ("case.view", "project.view")


def notices_for(user: User) -> QuerySet[Notice]:
    """Notices to this account, and to its department where it works for one, on cases it may see."""
    mine = Q(user=user)
    if user.department_id is not None:
        mine |= Q(department=user.department_id)
    return Notice.objects.filter(mine, case__in=policy.cases_for(user))


@requires(*READERS)
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


@requires(*READERS)
@never_cache
@require_GET
@part_of("desk:notices")
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with the number of new notices, fetched after the page so that no page waits for it."""
    found = notices_for(reader(request)).filter(read_at=None).values("pk")[: _MOST_COUNTED + 1]
    count = len(found) + unread_by(reader(request)).count()
    shown = f"{_MOST_COUNTED}+" if count > _MOST_COUNTED else str(count)
    return render(request, "cases/desk/_bell.html", {"count": count, "shown": shown})


@requires(*READERS)
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


# -- how notices read ----------------------------------------------------------------------------------------

_SAMPLE_TOKEN = "x" * 22  # as long as a real one: the link counts in a short message


def sample_values() -> dict[str, Any]:
    """A case that does not exist, to look at the words with."""
    soon = timezone.now() + dt.timedelta(days=2)
    due = telling.moment_text(soon)
    return {
        "number": "261118000018", "code": "261118000018", "main_code": "410403261117000042",
        "title": _("建设路路灯不亮"), "category": _("路灯不亮"), "department": _("城市管理局"),
        "officer": _("王队长"), "due": due, "new_due": due, "until": f"{soon:%Y-%m-%d}",
        "window": telling.moment_text(soon + dt.timedelta(days=15)), "reason": _("配件要从厂家调运。"),
        "answer": _("更换了灯泡和镇流器，已经亮了"),
    }  # fmt: skip


def _short(words: str) -> dict[str, Any]:
    length, segments = sms_segments(words)
    return {"words": words, "length": length, "segments": segments}


def _preview(code: str, link: str) -> dict[str, Any]:
    """One moment on each channel, in the language in force."""
    values = sample_values()
    if code in telling.TO_STAFF:
        desk = f"{settings.PUBLIC_URL}{reverse('desk:notices')}"
        usual = fill(str(telling.TO_STAFF[code]), {**values, "words": ""})
        group = telling.staff_text(code, "robot", {**values, "link": desk})
        mail = telling.staff_text(code, "email", {**values, "link": desk}, usual)
        text = telling.staff_text(code, "sms", {**values, "link": desk}, usual)
        return {"page": usual, "robot": group, "email": mail, "sms": _short(text)}
    page = own_text("moments", code, "page", "sms") or str(telling.TO_REPORTER.get(code, ""))
    sms = telling.reporter_words(code, "sms", values).replace(LINK, link)
    return {
        "page": fill(page, values),
        "sms": _short(sms) if sms else None,
        "email": telling.reporter_words(code, "email", values).replace(LINK, link),
        "subject": telling.reporter_subject(values["number"]),
    }


@requires("notices.manage")
@never_cache
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """Each notice as it will read on each channel, with a sample case; how many short messages it takes."""
    declared = set(declared_notices().get("moments") or ())
    moments = [*telling.TO_REPORTER, *sorted(declared - set(telling.TO_REPORTER))]
    chosen = request.GET.get("notice", "")
    if chosen not in moments and chosen not in telling.TO_STAFF:
        chosen = moments[0]
    link = f"{settings.PUBLIC_URL}{reverse('portal:track', args=['261118000018', _SAMPLE_TOKEN])}"
    languages = []
    for code, title in settings.LANGUAGES:
        with translation.override(code):
            languages.append((str(title), _preview(chosen, link)))
    context = {
        "chosen": chosen,
        "moments": [
            (code, own_text("moments", code, "page", "sms") or telling.TO_REPORTER.get(code, ""))
            for code in moments
        ],
        "codes": list(telling.TO_STAFF.items()), "languages": languages,
        "unused": unused(),
    }  # fmt: skip
    return render(request, "cases/desk/notice_preview.html", context)
