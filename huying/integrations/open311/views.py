"""The addresses of GeoReport v2. Each answers in XML or JSON by its ending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from huying.cases.models import Report
from huying.core.api import once
from huying.core.errors import Refusal
from huying.core.limits import TooMany, count_attempt
from huying.integrations.open311 import posting, requests, services
from huying.integrations.open311.documents import Fault, document, fault, format_of, listing
from huying.integrations.open311.keys import key_of
from huying.integrations.open311.models import ApiKey
from huying.people.signin import client_address
from huying.places.district import current_district, region_code

READS_PER_MINUTE = 120
View = Callable[..., HttpResponse]


def jurisdiction() -> str:
    """The identifier of this district: its region code, as GB/T 2260 writes it."""
    return region_code()


def _refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    response = fault(format_of(request.path), Fault(refusal.status, str(refusal)))
    if isinstance(refusal, TooMany):
        response["Retry-After"] = http_date(refusal.until.timestamp())
    return response


def endpoint(*methods: str) -> Callable[[View], View]:
    """An address of the standard: method, jurisdiction and key checked; errors as documents; no cookies."""

    def decorate(view: View) -> View:
        @once(_refuse)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            sent = request.POST if request.method == "POST" else request.GET
            try:
                _check(request, sent, methods)
                return view(request, *args, key=_key(request, sent), **kwargs)
            except Fault as error:
                response = fault(format_of(request.path), error)
                if error.status == 405:
                    response["Allow"] = ", ".join(methods)
                return response
            except Refusal as refusal:
                return _refuse(request, refusal)

        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return answer(request, *args, **kwargs)

        return csrf_exempt(answered)

    return decorate


def _check(request: HttpRequest, sent: Any, methods: tuple[str, ...]) -> None:
    if request.method not in (*methods, "HEAD"):
        raise Fault(405, _("这个地址不支持 %s。") % request.method)
    asked = sent.get("jurisdiction_id") or request.GET.get("jurisdiction_id")
    if asked and asked != jurisdiction():
        raise Fault(404, _("没有 jurisdiction_id“%s”。") % asked[:60])
    count_attempt("open311", client_address(request), most=READS_PER_MINUTE, within=timedelta(minutes=1))


def _key(request: HttpRequest, sent: Any) -> ApiKey | None:
    secret = sent.get("api_key") or request.GET.get("api_key") or request.headers.get("X-Api-Key") or ""
    found = key_of(secret)
    if secret and found is None:
        raise Fault(403, _("api_key 不正确或已停用。"))
    if request.method != "POST":
        return found
    if found is None:
        raise Fault(403, _("提交需要 api_key，请向本区申请。"))
    if not found.may_post:
        raise Fault(403, _("这个 api_key 不能提交。"))
    count_attempt("open311-key", str(found.pk), most=found.per_hour, within=timedelta(hours=1))
    return found


@endpoint("GET")
def discovery(request: HttpRequest, format: str, *, key: ApiKey | None) -> HttpResponse:
    """Where the service is, in which forms, and whom to ask."""
    district = current_district()
    base = f"{settings.PUBLIC_URL}/open311/v2"
    return document(
        format,
        "discovery",
        {
            "changeset": "2026-11-20T00:00:00+08:00",
            "contact": f"{district or ''} {district.hotline if district else ''}".strip(),
            "key_service": _("申请 api_key 请联系本区热线。"),
            "endpoints": [
                {
                    "specification": "http://wiki.open311.org/GeoReport_v2",
                    "url": base,
                    "changeset": "2026-11-20T00:00:00+08:00",
                    "type": "test" if settings.DEMO else "production",
                    "formats": ["text/xml", "application/json"],
                }
            ],
        },
    )


@endpoint("GET")
def service_list(request: HttpRequest, format: str, *, key: ApiKey | None) -> HttpResponse:
    """What can be reported today."""
    return listing(format, "services", "service", [services.service(one) for one in services.offered()])


@endpoint("GET")
def service_definition(request: HttpRequest, code: str, format: str, *, key: ApiKey | None) -> HttpResponse:
    """What a service asks for."""
    category = services.category_of(code)
    return document(
        format,
        "service_definition",
        {"service_code": code, "attributes": services.attributes(category)},
    )


@endpoint("GET", "POST")
def request_list(request: HttpRequest, format: str, *, key: ApiKey | None) -> HttpResponse:
    """Read requests, or post one."""
    if request.method == "POST":
        assert key is not None
        return _post(request, format, key)
    rows = requests.asked(request.GET, key)
    return listing(format, "service_requests", "request", requests.page(request.GET, rows))


def _post(request: HttpRequest, format: str, key: ApiKey) -> HttpResponse:
    report = posting.post_request(request, key)
    track = settings.PUBLIC_URL + reverse("portal:track", args=[report.number, report.token])
    notice = _("已收到，编号 %(number)s。办理情况：%(track)s") % {"number": report.number, "track": track}
    row = {
        "service_request_id": report.case.number,
        "service_notice": notice,
        "account_id": report.open311.account_id or None,
    }
    response = listing(format, "service_requests", "request", [row])
    response.status_code = 201
    return response


@endpoint("GET")
def request_detail(request: HttpRequest, number: str, format: str, *, key: ApiKey | None) -> HttpResponse:
    """One request, or several by comma."""
    found = requests.page({}, requests.asked({"service_request_id": number}, key))
    if not found:
        raise Fault(404, _("没有 service_request_id“%s”，或者它不公开。") % number[:60])
    return listing(format, "service_requests", "request", found)


@endpoint("GET")
def token_detail(request: HttpRequest, token: str, format: str, *, key: ApiKey | None) -> HttpResponse:
    """The request that a token stands for: the secret part of the reporter's tracking link."""
    report = Report.objects.select_related("case").filter(token=token).first()
    if report is None:
        raise Fault(404, _("没有这个 token。"))
    row = {"service_request_id": report.case.number, "token": token}
    return listing(format, "service_requests", "request", [row])


@endpoint("GET", "POST")
def update_list(request: HttpRequest, format: str, *, key: ApiKey | None) -> HttpResponse:
    """What happened to requests; or a comment by whoever posted one."""
    if request.method == "POST":
        assert key is not None
        row = posting.add_comment(request, key)
        response = listing(format, "service_request_updates", "request_update", [row])
        response.status_code = 201
        return response
    rows = requests.updates(request.GET, key)
    return listing(format, "service_request_updates", "request_update", rows)


@csrf_exempt
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Anything else below /open311/: an error document too."""
    return fault(format_of(request.path), Fault(404, _("没有这个地址。从 /open311/discovery.xml 开始。")))
