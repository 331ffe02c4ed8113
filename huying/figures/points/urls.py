"""Addresses of points for persons."""

from django.urls import URLPattern, path

from huying.figures.points.views import desk, field

urlpatterns: list[URLPattern] = [
    path("field/points/", field.mine, name="my-points"),
    path("desk/points/", desk.schemes, name="points-schemes"),
    path("desk/points/entries/<int:pk>/decision/", desk.decide_entry, name="points-decide-entry"),
    path("desk/points/tables/<int:pk>/publication/", desk.publish, name="points-publish"),
    path("desk/points/results/<int:pk>/appeals/", desk.appeal, name="points-appeal"),
    path("desk/points/appeals/<int:pk>/decision/", desk.decide_appeal, name="points-decide-appeal"),
    path("desk/points/redemptions/<int:pk>/withdrawal/", desk.take_back, name="points-take-back"),
    path("desk/points/<slug:code>/", desk.scheme_page, name="points"),
    path("desk/points/<slug:code>/entries/", desk.enter, name="points-enter"),
    path("desk/points/<slug:code>/announcement/", desk.announce, name="points-announce"),
    path("desk/points/<slug:code>/<int:pk>/", desk.person_page, name="points-person"),
    path("desk/points/<slug:code>/<int:pk>/redemptions/", desk.redeem, name="points-redeem"),
]
