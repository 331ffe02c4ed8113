"""The API: one address per thing, put together from the routers of the floors."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from huying.cases.api import ROUTERS as CASES
from huying.core.api import install, once
from huying.core.api.problems import problem
from huying.core.errors import Refusal
from huying.core.limits import count_attempt
from huying.figures.api import router as figures
from huying.figures.appraisals.api import router as appraisals
from huying.figures.briefs.api import router as briefs
from huying.inspections.api import ROUTERS as INSPECTIONS
from huying.integrations.webhooks.api import router as webhooks
from huying.papers.api import router as papers
from huying.people.api import ROUTERS as PEOPLE
from huying.people.api import SessionAuth, TokenAuth
from huying.people.signin import client_address
from huying.places.api import router as places
from huying.registry.api import router as registers
from huying.targets.programmes.api import router as targets
from huying.targets.projects.api import router as projects

PER_MINUTE = 600
ABOUT = """\
Everything that the desk can do, over the same forms and actions.

- Send a token: `Authorization: Bearer hy_…`. It may do at most what its account may do.
- `Idempotency-Key` on any POST: the same request sent again is answered again, not done again.
- `ETag` and `If-Match`: a case that changed since you read it is not changed blindly (412).
- Lists come in pages: send `next` as `after`.
- Errors are problem details (RFC 9457), in the language of `Accept-Language`.
"""


class _Api(NinjaAPI):
    """As Ninja's, but described once: that takes most of a second, and operations don't change while it runs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._described: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._described:
            self._described[prefix] = super().get_openapi_schema(path_prefix=prefix)
        return self._described[prefix]


api = _Api(
    title="Huying",
    version="1",
    description=ABOUT,
    urls_namespace="api",
    docs_url=None,
    auth=[TokenAuth(), SessionAuth()],
)
install(api)


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problem(api, request, refusal.status, str(refusal))


def _counted(view: Any) -> Any:
    """At most so many requests a minute for one credential."""

    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        who = (
            request.headers.get("Authorization")
            or request.COOKIES.get("sessionid", "")
            or client_address(request)
        )
        try:
            count_attempt("api", who, most=PER_MINUTE, within=timedelta(minutes=1))
        except Refusal as refusal:
            return api.on_exception(request, refusal)
        return view(request, *args, **kwargs)  # type: ignore[no-any-return]

    return limited


api.add_decorator(once(_refused), mode="view")
api.add_decorator(_counted, mode="view")
for router in (
    *CASES, appraisals, briefs, figures, *INSPECTIONS, papers, *PEOPLE, places, projects, registers, targets, webhooks,
):  # fmt: skip
    api.add_router("", router)


def description() -> str:
    """The OpenAPI 3.1 description, as it is stored in docs/openapi.json."""
    found = api.get_openapi_schema(path_prefix="/api/v1/")
    return json.dumps(found, default=str, ensure_ascii=False, indent=1) + "\n"
