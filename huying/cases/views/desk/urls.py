"""Addresses of the desk."""

from django.urls import path

from huying.cases.views.desk import case, cases

app_name = "desk"
urlpatterns = [
    path("desk/search/", cases.search, name="search"),
    path("desk/cases/", cases.CaseList.as_view(), name="cases"),
    path("desk/cases/<str:number>/", case.show, name="case"),
    path("desk/filters/", cases.save_filter, name="save-filter"),
    path("desk/filters/<int:pk>/delete/", cases.drop_filter, name="drop-filter"),
]
