"""Addresses of the cockpit."""

from django.urls import path

from huying.figures.views.cockpit import home

app_name = "cockpit"
urlpatterns = [path("cockpit/", home.home, name="home")]
