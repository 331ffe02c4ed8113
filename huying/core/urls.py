"""Addresses of the house itself: how a reader wants the pages, and the page parts on show."""

from django.urls import path

from huying.core.views.preferences import preferences
from huying.core.views.styleguide import styleguide, styleguide_areas, styleguide_points

app_name = "core"
urlpatterns = [
    path("preferences/", preferences, name="preferences"),
    path("styleguide/", styleguide, name="styleguide"),
    path("styleguide/areas.geojson", styleguide_areas, name="styleguide-areas"),
    path("styleguide/points.json", styleguide_points, name="styleguide-points"),
]
