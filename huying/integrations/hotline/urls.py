from django.urls import path

from huying.integrations.hotline import imports
from huying.integrations.hotline.views import desk, exchange

app_name = "hotline"
urlpatterns = [
    path("api/hotline/orders", exchange.orders, name="orders"),
    path("desk/hotline/", desk.Orders.as_view(), name="list"),
    path("desk/hotline/results.xlsx", imports.results, name="results"),
    path("desk/hotline/comparison/", desk.comparison, name="comparison"),
    path("desk/hotline/systems/", desk.systems, name="systems"),
    path("desk/hotline/systems/add/", desk.edit, name="add-system"),
    path("desk/hotline/systems/<slug:code>/", desk.edit, name="system"),
    path("desk/hotline/systems/<slug:code>/pause/", desk.pause, name="pause"),
    path("desk/hotline/systems/<slug:code>/compare/", desk.compare_now, name="compare"),
    *imports.ORDERS.urls(),
    *imports.CODES.urls(),
    path("desk/hotline/<int:pk>/", desk.show, name="order"),
    path("desk/hotline/<int:pk>/again/", desk.again, name="again"),
    path("desk/hotline/<int:pk>/return/", desk.give_back, name="return"),
    path("desk/hotline/<int:pk>/<int:sequence>/retry/", desk.retry, name="retry"),
    path("desk/hotline/<int:pk>/<int:sequence>/skip/", desk.skip, name="skip"),
]
