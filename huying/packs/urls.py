"""Tables from and to spreadsheets."""

from django.urls import path

from huying.packs.views import spreadsheets

app_name = "packs"
urlpatterns = [
    path("desk/import/<str:kind>/", spreadsheets.spreadsheet, name="import"),
    path("desk/export/<str:kind>/", spreadsheets.export, name="export"),
]
