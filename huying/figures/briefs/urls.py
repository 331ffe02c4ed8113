"""Addresses of briefs, and of the numbers of an issued paper."""

from django.urls import URLPattern, path

from huying.figures.briefs import views

urlpatterns: list[URLPattern] = [
    path("desk/briefs/", views.briefs, name="briefs"),
    path("desk/briefs/runs/<str:token>/", views.run_page, name="brief-run"),
    path("desk/briefs/runs/<str:token>/preview/", views.preview, name="brief-preview"),
    path("desk/briefs/runs/<str:token>/save/", views.save, name="brief-save"),
    path("desk/briefs/runs/<str:token>/number/", views.settle_number, name="brief-number"),
    path("desk/briefs/runs/<str:token>/confirm/", views.confirm, name="brief-confirm"),
    path("desk/briefs/runs/<str:token>/english/", views.english, name="brief-english"),
    path("desk/briefs/runs/<str:token>/brief.<str:suffix>", views.download, name="brief-file"),
    path("desk/briefs/<slug:code>/", views.brief_page, name="brief"),
    path("figures/paper/<str:token>/", views.paper_numbers, name="paper-numbers"),
]
