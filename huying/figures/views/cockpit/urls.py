"""Addresses of the cockpit."""

from django.urls import path

from huying.figures.views.cockpit import home, promises, taking

app_name = "cockpit"
urlpatterns = [
    path("cockpit/", home.home, name="home"),
    path("cockpit/promises/", promises.promises, name="promises"),
    path("cockpit/values/<slug:chart>/", taking.values, name="values"),
]
