"""Visits: /field/visits/ on the phone, /desk/visits/ for who looks after an area."""

from django.urls import path

from huying.community.views import desk, field

app_name = "community"
urlpatterns = [
    path("field/visits/", field.households, name="households"),
    path("field/visits/add/", field.add, name="add-household"),
    path("field/visits/<int:pk>/", field.household, name="household"),
    path("field/visits/<int:pk>/contact/", field.contact, name="household-contact"),
    path("field/visits/<int:pk>/promises/<int:promise_pk>/", field.keep, name="keep-promise"),
    path("desk/visits/", desk.Visits.as_view(), name="visits"),
]
