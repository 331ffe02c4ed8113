"""Addresses of figures: what is counted, and the rows behind it."""

from django.urls import URLPattern

app_name = "figures"
urlpatterns: list[URLPattern] = []
