"""Addresses of labels. The portal's share its namespace: `cases/views/portal/urls.py` takes them in."""

from django.urls import path

from huying.registry.views.portal import scan

PORTAL = [
    path("i/", scan.find, name="find-label"),
    path("i/<str:label>/", scan.scan, name="scan"),
]
