"""All addresses. Each floor declares its own in its `urls.py`; the prefix names the audience."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("i18n/", include("django.conf.urls.i18n"))]
urlpatterns += [
    path("", include(f"huying.{floor}.urls"))
    for floor in settings.FLOORS
    if find_spec(f"huying.{floor}.urls")
]
