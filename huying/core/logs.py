"""Log lines that machines can read and that tell which request and which user they belong to.

A line never holds a query string or a full address: both may carry a name, a phone number or a secret link.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

log = logging.getLogger("huying.request")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
user_id: ContextVar[int | None] = ContextVar("user_id", default=None)

# What every LogRecord has; anything else was given by `extra=` and belongs into the line.
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "request", "status_code", "server_time"}
QUIET_PATHS = {"/healthz", "/readyz"}


def context(record: logging.LogRecord) -> dict[str, Any]:
    """Request, user and the extra fields of a record, without those that are empty."""
    extra = {name: value for name, value in vars(record).items() if name not in STANDARD}
    fields = {"request_id": request_id.get(), "user_id": user_id.get(), **extra}
    return {name: value for name, value in fields.items() if value is not None}


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **context(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        fields = " ".join(f"{name}={value}" for name, value in context(record).items())
        line = f"{moment} {record.levelname.lower():7} {record.name}: {record.getMessage()} {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class RequestLogMiddleware:
    """Gives each request an id, answers with it in `X-Request-ID`, and writes one line when it is done."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        tokens = request_id.set(uuid.uuid4().hex), user_id.set(None)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get() or ""
            # `user` is lazy: only a request that looked at it has paid for it, and only then is it known here.
            user = getattr(request, "_cached_user", None)
            user_id.set(user.pk if user is not None else None)
            if request.path not in QUIET_PATHS:
                self.write_line(request, response, (time.perf_counter() - started) * 1000)
            return response
        finally:
            request_id.reset(tokens[0])
            user_id.reset(tokens[1])

    def write_line(self, request: HttpRequest, response: HttpResponse, milliseconds: float) -> None:
        match = getattr(request, "resolver_match", None)
        fields = {
            "method": request.method,
            "route": match.route if match else None,
            "status": response.status_code,
            "ms": round(milliseconds, 1),
        }
        log.log(logging.ERROR if response.status_code >= 500 else logging.INFO, "request", extra=fields)
