"""All addresses. Each floor declares its own in its `urls.py`; the prefix names the audience."""

from django.urls import URLPattern, URLResolver, include, path

from huying.config.api import api
from huying.config.api_reference import reference

# The floors that have pages; what a register holds is shown by the floors above it so far.
_FLOORS = (
    "core",
    "places",
    "people",
    "notices",
    "papers",
    "cases",
    "community",
    "inspections",
    "targets",
    "figures",
    "integrations.forwarding",
    "integrations.hotline",
    "integrations.netizen",
    "integrations.open311",
    "integrations.webhooks",
    "packs",
)

# Pages that lie under addresses of their own inside a floor.
_MORE = ("core.files_urls", "people.signing.urls", "figures.views.cockpit.urls")

urlpatterns: list[URLPattern | URLResolver] = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/docs/", reference, name="api-reference"),
    path("api/v1/", api.urls),
]
urlpatterns += [path("", include(f"huying.{floor}.urls")) for floor in _FLOORS]
urlpatterns += [path("", include(f"huying.{more}")) for more in _MORE]
