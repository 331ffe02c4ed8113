"""Webhooks under /desk/webhooks/, for administrators."""

from django.urls import path

from huying.integrations.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("desk/webhooks/", views.Subscribers.as_view(), name="subscribers"),
    path("desk/webhooks/add/", views.add, name="add"),
    path("desk/webhooks/<int:pk>/", views.Log.as_view(), name="subscriber"),
    path("desk/webhooks/<int:pk>/secret/", views.rotate, name="rotate"),
    path("desk/webhooks/<int:pk>/test/", views.test, name="test"),
    path("desk/webhooks/<int:pk>/pause/", views.pause, name="pause"),
    path("desk/webhooks/<int:pk>/resumption/", views.resume, name="resume"),
    path("desk/webhooks/<int:pk>/replay/", views.replay, name="replay"),
    path("desk/webhooks/<int:pk>/<int:delivery_pk>/", views.delivery, name="delivery"),
]
