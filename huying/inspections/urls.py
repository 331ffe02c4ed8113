"""Addresses of inspections. A floor above the loop has a namespace of its own, at the desk and in the field."""

from django.urls import path

from huying.inspections.views.field import rounds

app_name = "inspections"
urlpatterns = [
    path("field/rounds/", rounds.overview, name="field-rounds"),
    path("field/rounds/done/<int:pk>/", rounds.made, name="field-made"),
    path("field/rounds/<slug:code>/", rounds.plan_places, name="field-plan"),
    path("field/rounds/<slug:code>/<slug:kind>/<int:pk>/", rounds.make, name="field-round"),
    path("field/checks/<slug:code>/<slug:kind>/<int:pk>/", rounds.check, name="field-check"),
]
