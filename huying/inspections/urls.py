"""Addresses of inspections. A floor above the loop has a namespace of its own, at the desk and in the field."""

from django.urls import path

from huying.inspections.views.desk import compliance, draws, duties, plans, standards
from huying.inspections.views.field import here, rounds

app_name = "inspections"
urlpatterns = [
    path("desk/standards/", standards.standards, name="standards"),
    path("desk/standards/<slug:code>/", standards.standard, name="standard"),
    path("desk/standards/<slug:code>/checklist/", standards.checklist, name="checklist"),
    path("desk/plans/", plans.plans, name="plans"),
    path("desk/plans/<slug:code>/", plans.plan, name="plan"),
    path("desk/plans/<slug:code>/points.json", plans.points, name="plan-points"),
    path("desk/plans/<slug:code>/draw/", draws.draw_page, name="draw-plan"),
    path("desk/draws/", draws.Draws.as_view(), name="draws"),
    path("desk/draws/<int:pk>/", draws.draw, name="draw"),
    path("field/here/", here.find, name="field-scan"),
    path("field/here/<str:label>/", here.here, name="field-here"),
    path("desk/duties/", duties.today, name="duties"),
    path("desk/duties/compliance/", compliance.compliance, name="duties-compliance"),
    path("desk/duties/days/", duties.Days.as_view(), name="duties-days"),
    path("desk/duties/visits/", duties.Visits.as_view(), name="duties-visits"),
    path("desk/duties/plans/<slug:code>/", duties.PlanToday.as_view(), name="duties-plan"),
    path("desk/duties/plans/<slug:code>/points.json", duties.points, name="duties-points"),
    path("desk/duties/plans/<slug:code>/<slug:kind>/<int:pk>/", duties.place, name="duties-place"),
    path("field/rounds/", rounds.overview, name="field-rounds"),
    path("field/rounds/done/<int:pk>/", rounds.made, name="field-made"),
    path("field/rounds/<slug:code>/", rounds.plan_places, name="field-plan"),
    path("field/rounds/<slug:code>/<slug:kind>/<int:pk>/", rounds.make, name="field-round"),
    path("field/checks/<slug:code>/<slug:kind>/<int:pk>/", rounds.check, name="field-check"),
]
