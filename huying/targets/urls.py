"""Addresses of what the district has promised: programmes, targets, projects."""

from huying.targets.programmes.urls import urlpatterns as programmes
from huying.targets.projects.urls import urlpatterns as projects

app_name = "targets"
urlpatterns = [
    *programmes,
    *projects,
]
