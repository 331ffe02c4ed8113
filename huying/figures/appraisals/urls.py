"""Addresses of appraisals and of all rankings."""

from django.urls import URLPattern, path

from huying.figures.appraisals import views

urlpatterns: list[URLPattern] = [
    path("desk/appraisals/", views.appraisals, name="appraisals"),
    path("desk/appraisals/appeals/<int:pk>/decision/", views.decide, name="appraisal-decide"),
    path("desk/appraisals/entries/<int:pk>/withdrawal/", views.withdraw, name="appraisal-withdraw-entry"),
    path("desk/appraisals/tables/<int:pk>/publication/", views.publish, name="appraisal-publish"),
    path("desk/appraisals/tables/<int:pk>/appeals/", views.appeal, name="appraisal-appeal"),
    path("desk/appraisals/<slug:code>/", views.appraisal, name="appraisal"),
    path("desk/appraisals/<slug:code>/entries/", views.enter, name="appraisal-enter"),
    path("desk/appraisals/<slug:code>/announcement/", views.announce, name="appraisal-announce"),
]
