"""The pages of the loop, by audience. Each audience keeps its own addresses beside its views."""

from importlib.util import find_spec

from django.urls import include, path

_AUDIENCES = ("portal", "desk", "field", "cockpit")

urlpatterns = [
    path("", include(f"huying.cases.views.{audience}.urls"))
    for audience in _AUDIENCES
    if find_spec(f"huying.cases.views.{audience}") and find_spec(f"huying.cases.views.{audience}.urls")
]
