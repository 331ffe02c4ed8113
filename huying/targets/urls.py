"""Addresses of what the district has promised: programmes, targets, projects."""

from django.urls import URLPattern

app_name = "targets"
urlpatterns: list[URLPattern] = []
