from django.urls import path

from huying.places import views

app_name = "places"
urlpatterns = [
    path("places/areas.geojson", views.areas, name="areas"),
    path("places/search", views.search, name="search"),
    path("places/at", views.at, name="at"),
]
