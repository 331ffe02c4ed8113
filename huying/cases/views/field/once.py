"""Exactly once: a form that arrives again, because its answer was lost, gets its first outcome and does nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import Case, Status, SyncReceipt
from huying.cases.views.field.access import worker
from huying.cases.views.field.answers import OUTCOME, answered, from_script
from huying.core.errors import Conflict, Refusal
from huying.core.photo_links import photo_url
from huying.people.models import User

View = TypeVar("View", bound=Callable[..., HttpResponse])
# What the phone shows side by side with its own version instead of an error page.
_CONFLICTS = (403, 409)
_PHOTOS_SHOWN = 4
# A phone sends again until it is answered, so a receipt must outlive every form that may still come. A form of three
# months ago speaks of a street that looks different today: its sender looks at it once more, and the receipt may go.
LONGEST_IN_OUTBOX = dt.timedelta(days=90)
# Between the server's clock and the phone's way of counting the age.
_MARGIN = dt.timedelta(days=1)


def sent_once(kind: str) -> Callable[[View], View]:
    """Decorator of a view that answers with `accepted`; `kind` stands in the receipt. Behind a guard."""

    def decorate(view: View) -> View:
        @wraps(view)
        def once(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.method != "POST":
                return view(request, *args, **kwargs)
            if (refused := _broken_off(request) or _of_another(request)) is not None:
                return refused
            try:
                _require_fresh(request)
                return _claimed(request, kind, lambda: view(request, *args, **kwargs))
            except (Refusal, Http404) as refusal:
                if not from_script(request) or getattr(refusal, "status", 404) not in (*_CONFLICTS, 404):
                    raise
                number = kwargs.get("number")
                return conflict(request, refusal, number if isinstance(number, str) else "")

        return once  # type: ignore[return-value]

    return decorate


def _broken_off(request: HttpRequest) -> HttpResponse | None:
    """A request whose connection ended early may parse as a shorter form: without the photo it was made for."""
    parts = request.headers.get("X-Work-Parts", "")
    if not parts:
        return None
    arrived = sum(len(values) for data in (request.POST, request.FILES) for _name, values in data.lists())
    if "whole" in request.POST and str(arrived) == parts:
        return None
    return JsonResponse({"sentence": _("没有收全，请重新发送。")}, status=408)


def _of_another(request: HttpRequest) -> HttpResponse | None:
    """A phone that changed hands while it was sending: what one person filled in is not sent as another's."""
    owner = request.headers.get("X-Work-User", "")
    if not owner or owner == str(worker(request).pk):
        return None
    return JsonResponse({"sentence": _("这件是另一位同事填的，请由本人登录后发送。")}, status=401)


def _require_fresh(request: HttpRequest) -> None:
    """Refuse what has lain on the phone for so long that its receipt may be gone; the person decides then."""
    age = request.headers.get("X-Work-Age", "")
    if age.isascii() and age.isdecimal() and int(age[:12]) > LONGEST_IN_OUTBOX.total_seconds():
        raise Conflict(
            _("这件在手机里放了 %d 天以上，没有发送。请看看现在的情况，需要时重新填写。")
            % LONGEST_IN_OUTBOX.days
        )


def forget_receipts() -> int:
    """Delete the receipts of forms that no phone may send again. Returns how many."""
    before = timezone.now() - LONGEST_IN_OUTBOX - _MARGIN
    return SyncReceipt.objects.filter(at__lt=before).delete()[0]


def client_id_of(request: HttpRequest) -> uuid.UUID | None:
    """The id that the phone gave this form; None where there is none or it is nonsense."""
    try:
        return uuid.UUID(request.POST.get("client_id", ""))
    except ValueError:
        return None


def _claimed(request: HttpRequest, kind: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    client_id = client_id_of(request)
    if client_id is None:
        return act()
    user = worker(request)
    with transaction.atomic():
        try:
            with transaction.atomic():
                # A second request with this id waits here until the first one has ended.
                receipt = SyncReceipt.objects.create(
                    user=user, client_id=client_id, kind=kind, at=timezone.now()
                )
        except IntegrityError:
            return answered(request, _first_outcome(user, client_id, kind))
        answer = act()
        outcome = request.META.get(OUTCOME)
        if outcome is None:
            # Refused inside the form: its photos stay, the id is free for the form that is mended.
            receipt.delete()
        else:
            SyncReceipt.objects.filter(pk=receipt.pk).update(outcome=outcome)
    return answer


def _first_outcome(user: User, client_id: uuid.UUID, kind: str) -> dict[str, str]:
    known = SyncReceipt.objects.filter(user=user, client_id=client_id).first()
    if known is None or known.kind != kind:
        raise Refusal(_("这份表单的编号已经用在别处。请刷新页面后重新填写。"))
    return known.outcome


def conflict(request: HttpRequest, refusal: Exception, number: str) -> JsonResponse:
    """What stands in the way, and the case as it is now where the reader may see it."""
    status = getattr(refusal, "status", 404)
    case = policy.cases_for(worker(request)).filter(number=number).first() if number else None
    sentence = str(refusal) or _("已经没有这个案件，或者它不再由您负责。")
    return JsonResponse({"sentence": sentence, "now": _present(case) if case else None}, status=status)


def _present(case: Case) -> dict[str, object]:
    """The case in the words of its page: status, who did it and when, the answer, what was photographed."""
    from django.urls import reverse

    from huying.cases.story import story_for_staff

    last = story_for_staff(case)[-1]
    files = case.files.exclude(role="document").select_related("file").order_by("-pk")[:_PHOTOS_SHOWN]
    return {
        "number": case.number,
        "title": case.title,
        "status": str(Status(case.status).label),
        "last": last.title,
        "who": last.who,
        "at": timezone.localtime(last.at).strftime("%Y-%m-%d %H:%M"),
        "words": last.text,
        "answer": case.answer,
        "photos": [photo_url(row.file, small=True) for row in files],
        "url": reverse("field:task", args=[case.number]),
        "note_url": reverse("field:note", args=[case.number]),
    }
