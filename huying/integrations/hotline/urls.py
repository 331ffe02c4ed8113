from django.urls import path

from huying.integrations.hotline.views import exchange

app_name = "hotline"
urlpatterns = [
    path("api/hotline/orders", exchange.orders, name="orders"),
]
