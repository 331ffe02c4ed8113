"""The day on the phone: what it keeps for when there is no signal; the app, its service worker and its outbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.models import Case, CaseFile
from huying.cases.views.field import todo
from huying.cases.views.field.access import areas_of, in_the_field, worker
from huying.cases.views.field.choosing import catalogue_version, field_ledgers
from huying.cases.views.field.display import place_of
from huying.cases.views.field.report import outlines_for
from huying.cases.views.field.tasks import outlines_of
from huying.core.models import JournalEntry
from huying.core.photo_links import photo_url
from huying.core.templatetags.parts import THEME_COOKIE, TYPE_COOKIE
from huying.people.access import can
from huying.people.models import User

# What the field's pages load: all of these files are on the phone before it loses its signal.
SHELL = (
    "huying/css/", "huying/js/", "huying/icons.svg", "huying/mark.svg", "huying/cases/field/", "huying/community/",
    "huying/inspections/",
    "huying/people/rosters.css",
    "huying/cases/declared.js", "vendor/htmx/htmx.min.js", "vendor/leaflet/", "vendor/modern-normalize/",
)  # fmt: skip
_KINDS = (".css", ".js", ".svg", ".png", ".woff2", ".webmanifest")
# The forms that belong to what a task needs. Both steps of a task that is not signed for yet wait on the phone.
_FORMS = {
    "take_up": ("handled", "return"),
    "handle": ("handled", "return"),
    "see": ("seen",),
    "help": ("help",),
}
_PHOTOS_PER_TASK = 6

Page = tuple[str, str]
_more_pages: list[Callable[[User], Iterable[Page]]] = []


def register_pages(function: Callable[[User], Iterable[Page]]) -> None:
    """Other floors name pages that open without a signal: `function(user)` gives (address, version)."""
    if function not in _more_pages:
        _more_pages.append(function)


# --- the app -----------------------------------------------------------------------------------------------


@cache
def shell() -> tuple[str, ...]:
    """Addresses of all static files that the field needs."""
    names = {
        name for finder in finders.get_finders() for name, _storage in finder.list(["*.map"])
        if name.startswith(SHELL) and name.endswith(_KINDS)
    }  # fmt: skip
    return tuple(static(name) for name in sorted(names))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


@never_cache
@require_safe
def worker_script(request: HttpRequest) -> HttpResponse:
    """The service worker. It lies under /field/, so that it looks after these pages and no others."""
    assets = shell()
    facts = json.dumps({"version": _digest(assets), "assets": assets})
    scripts = [static(f"huying/cases/field/{name}.js") for name in ("outbox-core", "worker")]
    body = f"self.HUYING = {facts};\nimportScripts({json.dumps(scripts)[1:-1]});\n"
    return HttpResponse(body, content_type="text/javascript; charset=utf-8")


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What the phone shows on its home screen."""
    icons = [
        ("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"),
        ("icon-maskable-512.png", "512x512", "maskable"), ("icon.svg", "any", "any"),
    ]  # fmt: skip
    return JsonResponse(
        {
            "id": "/field/", "name": _("呼应现场"), "short_name": _("呼应"), "lang": get_language(),
            "start_url": reverse("field:home"), "scope": reverse("field:home"), "display": "standalone",
            "orientation": "portrait", "background_color": "#f4f6f5", "theme_color": "#0f5c5a",
            "icons": [
                {
                    "src": static(f"huying/cases/field/icons/{name}"), "sizes": sizes, "purpose": purpose,
                    "type": "image/svg+xml" if name.endswith("svg") else "image/png",
                }
                for name, sizes, purpose in icons
            ],
            "shortcuts": [
                {"name": _("上报"), "url": reverse("field:report")},
                {"name": _("待发件"), "url": reverse("field:outbox")},
            ],
        },
        content_type="application/manifest+json",
    )  # fmt: skip


# --- the outbox --------------------------------------------------------------------------------------------


@in_the_field
@never_cache
@require_safe
def session(request: HttpRequest) -> JsonResponse:
    """Who is signed in, and the token to post with: asked before anything of the outbox is sent."""
    return JsonResponse({"user": str(worker(request).pk), "csrf": get_token(request)})


@in_the_field
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """What waits on this phone; the script fills it from the phone's own storage."""
    return render(request, "cases/field/outbox.html")


@in_the_field
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Shown in place of a page that is not on the phone."""
    return render(request, "cases/field/offline.html")


# --- the day -----------------------------------------------------------------------------------------------


@in_the_field
@require_safe
def day(request: HttpRequest) -> HttpResponse:
    """Everything of the reader's day, by address and version; the phone fetches what it has not got yet."""
    user = worker(request)
    look = _digest(
        shell(), get_language(), request.COOKIES.get(TYPE_COOKIE), request.COOKIES.get(THEME_COOKIE),
        timezone.localdate(), str(user.pk), user.get_full_name(),
    )  # fmt: skip
    package = _package(user, look)
    body = json.dumps(package, ensure_ascii=False)
    etag = f'"{_digest(body)}"'
    answer = HttpResponse(body, content_type="application/json")
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    return get_conditional_response(request, etag=etag, response=answer) or answer


def _package(user: User, look: str) -> dict[str, Any]:
    related = ("category", "subdistrict", "area", "ledger", "department")
    cases = list(todo.needing(user).select_related(*related).defer("words", "search_text")[: todo.MOST])
    versions = _versions(cases)
    tasks = [_task(case, _digest(look, versions.get(case.pk), case.version)) for case in cases]
    state = _digest(look, [task["pages"] for task in tasks])
    pages = [*_own_pages(user, look, state), *(page for task in tasks for page in task["pages"])]
    pages += [page for function in _more_pages for page in function(user)]
    outlines = {outlines_of(case) for case in cases} | {outlines_for(user)}
    if areas_of(user):
        outlines.add(f"{reverse('field:grids')}?layer=administrative")
    return {
        "user": str(user.pk),
        "tasks": tasks,
        "ledgers": [{"code": ledger.code, "title": str(ledger)} for ledger in field_ledgers()],
        "pages": pages,
        "data": sorted(outlines),
        "images": _thumbnails(cases),
    }


def _own_pages(user: User, look: str, state: str) -> Iterator[Page]:
    home = reverse("field:home")
    for query in ("", "?tab=todo", "?tab=near", "?tab=reported", "?tab=done"):
        yield home + query, state
    for name in ("offline", "outbox", "me"):
        yield reverse(f"field:{name}"), look
    if can(user, "report.create"):
        ledgers, report = field_ledgers(), reverse("field:report")
        version = _digest(look, catalogue_version(), [ledger.declaration for ledger in ledgers])
        yield report, version
        for ledger in ledgers:
            yield f"{report}?ledger={ledger.code}", version


def _versions(cases: list[Case]) -> dict[int, int]:
    """The last entry of each case's journal: whatever happens to a case, it is written there."""
    rows = JournalEntry.objects.filter(kind="case", subject_id__in=[case.pk for case in cases])
    return dict(rows.values_list("subject_id").annotate(Max("pk")))


def _task(case: Case, version: str) -> dict[str, Any]:
    need = getattr(case, "need", "")
    names = ("task", *_FORMS.get(need, ()), "note")
    addresses = [reverse(f"field:{name}", args=[case.number]) for name in names]
    return {
        "number": case.number,
        "title": case.title,
        "place": place_of(case),
        "need": need,
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "lng": case.lng,
        "lat": case.lat,
        "gates": {step: list(gates) for step, gates in case.rules.gates.items()},
        "pages": [(address, version) for address in addresses],
    }


def _thumbnails(cases: list[Case]) -> list[str]:
    found: dict[int, list[str]] = {}
    files = CaseFile.objects.filter(case__in=cases).exclude(role=CaseFile.Role.DOCUMENT)
    for row in files.select_related("file").order_by("-pk"):
        addresses = found.setdefault(row.case_id, [])
        if len(addresses) < _PHOTOS_PER_TASK:
            addresses.append(photo_url(row.file, small=True))
    return [address for addresses in found.values() for address in addresses]
