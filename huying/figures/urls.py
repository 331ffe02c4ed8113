"""Addresses of figures: what is counted, and the rows behind it."""

from django.urls import URLPattern, path

from huying.figures.appraisals.urls import urlpatterns as appraisals
from huying.figures.briefs.urls import urlpatterns as briefs
from huying.figures.points.urls import urlpatterns as points
from huying.figures.reports.urls import urlpatterns as reports
from huying.figures.statements import views as statements
from huying.figures.views.desk import checks, figures, published

app_name = "figures"
urlpatterns: list[URLPattern] = [
    *briefs,
    *appraisals,
    *points,
    *reports,
    path("desk/figures/", figures.figures, name="figures"),
    path("desk/figures/checks/", checks.checks, name="checks"),
    path("desk/figures/published/", published.Published.as_view(), name="published-list"),
    path("desk/figures/statements/", statements.Statements.as_view(), name="statements"),
    path("desk/figures/statements/compare/", statements.compare_again, name="compare-statements"),
    path("desk/figures/statements/<str:code>/", statements.statement, name="statement"),
    path("desk/figures/<slug:code>/", figures.figure_page, name="figure"),
    path("desk/figures/<slug:code>/publish/", published.publish_figure, name="publish"),
    path("figures/p/<str:token>/", published.published, name="published"),
    path("figures/p/<str:token>/qr.svg", published.qr, name="published-qr"),
]
