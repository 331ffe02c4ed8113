"""Below /open311/ nobody is answered with a page, whoever refused: a middleware, Django itself, or an error of ours."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from huying.integrations.open311.documents import TYPES, Fault, fault, format_of

PREFIX = "/open311/"


class ErrorDocumentMiddleware:
    """Turns every refusal that is not an error document yet into one, with the status that it has."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code >= 400
            and request.path.startswith(PREFIX)
            and response.get("Content-Type") not in TYPES.values()
        ):
            sentence = getattr(response, "sentence", "") or _sentence(response.status_code)
            document = fault(format_of(request.path), Fault(response.status_code, sentence))
            response.content = document.content
            response["Content-Type"] = document["Content-Type"]
            response["Content-Length"] = str(len(document.content))
        return response


def _sentence(status: int) -> str:
    if status == 404:
        return _("没有这个地址。从 /open311/discovery.xml 开始。")
    if status == 413:
        return _("内容太大了。")
    if status >= 500:
        return _("服务器出错了，已经记录。请稍后再试。")
    return _("这个请求无法处理，请检查地址和内容。")
