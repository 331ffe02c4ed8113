from django.urls import path

from huying.integrations.netizen import imports, views

app_name = "netizen"
urlpatterns = [
    path("desk/netizen/", views.Messages.as_view(), name="list"),
    path("desk/netizen/add/", views.add, name="add"),
    path("desk/netizen/mailboxes/", views.mailboxes, name="mailboxes"),
    path("desk/netizen/mailboxes/add/", views.edit_mailbox, name="add-mailbox"),
    path("desk/netizen/mailboxes/<int:pk>/", views.edit_mailbox, name="mailbox"),
    path("desk/netizen/mailboxes/<int:pk>/fetch/", views.fetch_now, name="fetch"),
    *imports.MESSAGES.urls(),
    path("desk/netizen/<int:pk>/", views.show, name="message"),
    path("desk/netizen/<int:pk>/posted/", views.posted, name="posted"),
    path("desk/netizen/<int:pk>/again/", views.again, name="again"),
]
