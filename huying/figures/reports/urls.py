"""Addresses of meeting packs."""

from django.urls import URLPattern, path

from huying.figures.reports import views

urlpatterns: list[URLPattern] = [
    path("desk/meeting-packs/", views.packs, name="meeting-packs"),
    path("desk/meeting-packs/<str:token>/", views.pack_page, name="meeting-pack"),
    path("desk/meeting-packs/<str:token>/pack.zip", views.pack_file, name="meeting-pack-file"),
]
