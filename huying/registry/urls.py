"""Addresses of the registers. The desk's share its namespace: `cases/views/desk/urls.py` takes them in."""

from django.urls import path

from huying.registry.views.desk import forms, item, labels, lists, maps, overview, sheets, verification

DESK = [
    path("desk/registers/", overview.registers, name="registers"),
    path("desk/registers/items/", lists.AllItems.as_view(), name="items"),
    path("desk/registers/map/", maps.show, name="items-map"),
    path("desk/registers/map/points.json", maps.points, name="items-points"),
    path("desk/registers/<str:register>/", lists.Items.as_view(), name="register"),
    path("desk/registers/<str:register>/map/", maps.show, name="register-map"),
    path("desk/registers/<str:register>/points.json", maps.points, name="register-points"),
    path("desk/registers/<str:register>/add/", forms.add, name="add-item"),
    path("desk/registers/<str:register>/import/", sheets.upload, name="register-import"),
    path("desk/registers/<str:register>/import/empty.xlsx", sheets.empty, name="register-import-empty"),
    path("desk/registers/<str:register>/import/<int:pk>/", sheets.look, name="register-import-look"),
    path(
        "desk/registers/<str:register>/import/<int:pk>/progress/",
        sheets.progress,
        name="register-import-progress",
    ),
    path(
        "desk/registers/<str:register>/import/<int:pk>/errors.xlsx",
        sheets.result,
        name="register-import-result",
    ),
    path("desk/registers/<str:register>/labels/", labels.labels, name="register_labels"),
    path(
        "desk/registers/<str:register>/verification/",
        verification.Verifications.as_view(),
        name="verification",
    ),
    path("desk/registers/<str:register>/verification/rounds/", verification.start_round, name="start-round"),
    path(
        "desk/registers/<str:register>/verification/rounds/<int:pk>/end/",
        verification.end_round,
        name="end-round",
    ),
    # Codes may hold a slash, so what is done with a thing comes before its own page.
    path("desk/registers/<str:register>/items/<path:code>/change/", forms.change, name="change-item"),
    path("desk/registers/<str:register>/items/<path:code>/state/", item.state, name="item-state"),
    path("desk/registers/<str:register>/items/<path:code>/photos/", item.photos, name="item-photos"),
    path("desk/registers/<str:register>/items/<path:code>/private/", item.private, name="item-private"),
    path("desk/registers/<str:register>/items/<path:code>/files/<str:field>/", item.file, name="item-file"),
    path("desk/registers/<str:register>/items/<path:code>/", item.show, name="item"),
]
