"""The pages of the loop, by audience. Each audience keeps its own addresses beside its views."""

from django.urls import include, path

# The audiences of the loop.
_AUDIENCES = ("portal", "desk", "field")

urlpatterns = [path("", include(f"huying.cases.views.{audience}.urls")) for audience in _AUDIENCES]
