"""Forwarding under /desk/forwarding/."""

from django.urls import path

from huying.integrations.forwarding import views

app_name = "forwarding"
urlpatterns = [
    path("desk/forwarding/", views.Forwardings.as_view(), name="list"),
    path("desk/forwarding/<int:pk>/", views.detail, name="detail"),
    path("desk/forwarding/<int:pk>/retry/", views.retry, name="retry"),
    path("desk/forwarding/<int:pk>/withdrawal/", views.withdraw, name="withdraw"),
    path("desk/forwarding/partners/", views.partners, name="partners"),
    path("desk/forwarding/partners/add/", views.edit_partner, name="add-partner"),
    path("desk/forwarding/partners/<int:pk>/", views.edit_partner, name="partner"),
    path("desk/forwarding/partners/<int:pk>/categories/", views.add_route, name="add-route"),
    path("desk/forwarding/partners/<int:pk>/pause/", views.pause, name="pause"),
    path("desk/forwarding/partners/<int:pk>/query/", views.ask_now, name="ask-now"),
    path("desk/forwarding/categories/<int:pk>/removal/", views.remove_route, name="remove-route"),
]
