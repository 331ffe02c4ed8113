"""Errors as problem details (RFC 9457): a title, a sentence that says what to do, and the fields it is about."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from huying.core.errors import Conflict, Refusal
from huying.core.refusals import is_collision

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"


class FieldProblem(Schema):
    """One field of what was sent, and what is wrong with it."""

    field: str
    detail: str


class Problem(Schema):
    """What went wrong. `detail` is a sentence for people, in the language asked for by `Accept-Language`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


_TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Refused",
    429: "Too many requests",
    500: "Server error",
}


def problem(
    api: NinjaAPI, request: HttpRequest, status: int, detail: str, errors: list[dict[str, str]] | None = None
) -> HttpResponse:
    """An answer with problem details."""
    body: dict[str, Any] = {
        "type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status, "detail": detail,
        "errors": errors or [],
    }  # fmt: skip
    response = api.create_response(request, body, status=status)
    response["Content-Type"] = CONTENT_TYPE
    return response


PREFIX = "/api/"


class ProblemMiddleware:
    """Programs are never answered with a page: an error that no operation saw becomes a problem too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kind = response.get("Content-Type", "")
        if (
            not request.path.startswith(PREFIX)
            or response.status_code < 400
            or "json" in kind
            or "xml" in kind
        ):
            return response
        body: dict[str, Any] = {
            "type": "about:blank", "title": _TITLES.get(response.status_code, "Error"),
            "status": response.status_code, "errors": [],
            "detail": getattr(response, "sentence", "") or _sentence(response.status_code),
        }  # fmt: skip
        answer = JsonResponse(body, status=response.status_code, content_type=CONTENT_TYPE)
        for name in ("Allow", "Retry-After"):
            if name in response:
                answer[name] = response[name]
        return answer


def _sentence(status: int) -> str:
    known = {
        403: _("请带上有效的令牌；网页里的请求还要带上 CSRF 令牌。"),
        404: _("没有这个地址。接口说明在 /api/v1/openapi.json。"),
        405: _("这个地址不支持这种方法。"),
        413: _("内容太大了。"),
    }
    return known.get(status) or (
        _("服务器出错了，已经记录。请稍后再试。")
        if status >= 500
        else _("这个请求无法处理，请检查地址和内容。")
    )


def install(api: NinjaAPI) -> None:
    """Answer every error of this API as a problem."""

    def refusal(request: HttpRequest, error: Refusal) -> HttpResponse:
        field = [{"field": error.field, "detail": str(error)}] if error.field else []
        response = problem(api, request, error.status, str(error), field)
        if (until := getattr(error, "until", None)) is not None:
            response["Retry-After"] = until.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return response

    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        found = [
            {
                "field": ".".join(str(part) for part in one.get("loc", ())[1:]),
                "detail": str(one.get("msg", "")),
            }
            for one in error.errors
        ]
        return problem(api, request, 422, _("有字段填写不正确，请看 errors 里的说明。"), found)

    def unknown(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(api, request, 404, str(error) or _("没有这一项，或者它不在您负责的范围内。"))

    def unsigned(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        response = problem(api, request, 401, _("请带上有效的令牌：Authorization: Bearer hy_…"))
        response["WWW-Authenticate"] = "Bearer"
        return response

    def forbidden(request: HttpRequest, error: Exception) -> HttpResponse:
        return problem(api, request, 403, str(error) or _("您的岗位没有这项权限。"))

    def unread(request: HttpRequest, error: RawPostDataException) -> HttpResponse:
        return problem(api, request, 415, _("请用 JSON 提交：Content-Type: application/json。"))

    def http(request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(api, request, error.status_code, str(error))

    def collided(request: HttpRequest, error: OperationalError) -> HttpResponse:
        if not is_collision(error):
            raise error
        return refusal(request, Conflict(_("刚才有人同时在处理，这一步没有保存。请返回后再试一次。")))

    def broken(request: HttpRequest, error: Exception) -> HttpResponse:
        if settings.DEBUG:
            raise error
        log.exception("the API stumbled", extra={"path": request.path})
        return problem(api, request, 500, _("服务器出错了，已经记录。请稍后再试。"))

    for kind, handler in (
        (Refusal, refusal), (ValidationError, invalid), (Http404, unknown), (AuthenticationError, unsigned),
        (AuthorizationError, forbidden), (PermissionDenied, forbidden), (HttpError, http),
        (OperationalError, collided), (RawPostDataException, unread), (Exception, broken),
    ):  # fmt: skip
        api.add_exception_handler(kind, handler)  # type: ignore[arg-type]
