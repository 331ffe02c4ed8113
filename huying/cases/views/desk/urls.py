"""Addresses of the desk."""

from django.urls import path

from huying.cases.views.desk import act, callbacks, case, cases, queue

app_name = "desk"
urlpatterns = [
    path("desk/search/", cases.search, name="search"),
    path("desk/queue/", queue.Queue.as_view(), name="queue"),
    path("desk/queue/tabs/", queue.queue_tabs, name="queue-tabs"),
    path("desk/queue/points.json", queue.queue_points, name="queue-points"),
    path("desk/queue/dispatch/", queue.bulk_dispatch, name="queue-dispatch"),
    path("desk/queue/merge/", queue.bulk_merge, name="queue-merge"),
    path("desk/queue/urge/", queue.bulk_urge, name="queue-urge"),
    path("desk/cases/", cases.CaseList.as_view(), name="cases"),
    path("desk/cases/<str:number>/", case.show, name="case"),
    path("desk/cases/<str:number>/points.json", case.points, name="case-points"),
    path("desk/cases/<str:number>/reports/<str:report_number>/contact/", case.contact, name="contact"),
    path("desk/cases/<str:number>/reports/<str:report_number>/others/", case.caller, name="caller"),
    path("desk/cases/<str:number>/<str:verb>/", act.act, name="act"),
    path("desk/answers/", callbacks.AnswerList.as_view(), name="answers"),
    path("desk/filters/", cases.save_filter, name="save-filter"),
    path("desk/filters/<int:pk>/delete/", cases.drop_filter, name="drop-filter"),
]
