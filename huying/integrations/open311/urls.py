"""Open311 under /open311/, its keys under /desk/open311/."""

from django.urls import path, re_path

from huying.integrations.open311 import views
from huying.integrations.open311.desk import keys

app_name = "open311"
_FORMAT = r"\.(?P<format>xml|json)$"
urlpatterns = [
    re_path(rf"^open311/(?:v2/)?discovery{_FORMAT}", views.discovery, name="discovery"),
    re_path(rf"^open311/v2/services{_FORMAT}", views.service_list, name="services"),
    re_path(rf"^open311/v2/services/(?P<code>[^/]+){_FORMAT}", views.service_definition, name="service"),
    re_path(rf"^open311/v2/requests{_FORMAT}", views.request_list, name="requests"),
    re_path(rf"^open311/v2/requests/(?P<number>[^/]+){_FORMAT}", views.request_detail, name="request"),
    re_path(rf"^open311/v2/tokens/(?P<token>[^/]+){_FORMAT}", views.token_detail, name="token"),
    re_path(rf"^open311/v2/servicerequestupdates{_FORMAT}", views.update_list, name="updates"),
    path("open311/", views.unknown, name="unknown-root"),
    path("open311/<path:rest>", views.unknown, name="unknown"),
    path("desk/open311/", keys.Keys.as_view(), name="keys"),
    path("desk/open311/add/", keys.add, name="add-key"),
    path("desk/open311/<int:pk>/revocation/", keys.revoke, name="revoke-key"),
]
