"""Addresses of stored photos and documents."""

from django.urls import path

from huying.core.views import files

app_name = "files"
urlpatterns = [
    path("files/<int:pk>/<slug:sha8>-small.jpg", files.photo, {"small": True}, name="thumbnail"),
    path("files/<int:pk>/<slug:sha8>.jpg", files.photo, name="photo"),
    path("files/<int:pk>/<slug:sha8>", files.document, name="document"),
]
