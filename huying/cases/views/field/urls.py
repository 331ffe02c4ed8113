"""Addresses of the field."""

from django.urls import path

from huying.cases.views.field import home, me, offline, report, shifts, tasks, verbs, verify

app_name = "field"
urlpatterns = [
    path("field/", home.home, name="home"),
    path("field/tasks/<str:number>/", tasks.task, name="task"),
    path("field/tasks/<str:number>/call/", tasks.call, name="call"),
    path("field/tasks/<str:number>/take-up/", verbs.take_up, name="take-up"),
    path("field/tasks/<str:number>/return/", verbs.give_back, name="return"),
    path("field/tasks/<str:number>/handled/", verbs.handled, name="handled"),
    path("field/tasks/<str:number>/seen/", verbs.seen, name="seen"),
    path("field/tasks/<str:number>/help/", verbs.finish_help, name="help"),
    path("field/tasks/<str:number>/note/", verbs.note, name="note"),
    path("field/report/", report.report, name="report"),
    path("field/report/around/", report.around, name="around"),
    path("field/report/<str:number>/sent/", report.sent, name="sent"),
    path("field/shifts/", shifts.shifts, name="shifts"),
    path("field/shifts/<int:pk>/arrival/", shifts.arrive, name="arrive"),
    path("field/shifts/<int:pk>/handover/", shifts.hand_over, name="hand-over"),
    path("field/handovers/<int:pk>/", shifts.handover, name="handover"),
    path("field/handovers/<int:pk>/acceptance/", shifts.accept, name="accept-handover"),
    path("field/handovers/<int:pk>/refusal/", shifts.refuse, name="refuse-handover"),
    path("field/verify/", verify.home, name="verify"),
    path("field/verify/<str:register>/", verify.streets, name="verify-streets"),
    path("field/verify/<str:register>/streets/<str:street>/", verify.street, name="verify-street"),
    path("field/verify/<str:register>/streets/<str:street>/omitted/", verify.omitted, name="verify-omitted"),
    # Codes may hold a slash.
    path("field/verify/<str:register>/items/<path:code>/", verify.item, name="verify-item"),
    path("field/me/", me.me, name="me"),
    path("field/outbox/", offline.outbox, name="outbox"),
    path("field/session.json", offline.session, name="session"),
    path("field/day.json", offline.day, name="day"),
    path("field/offline/", offline.offline, name="offline"),
    path("field/sw.js", offline.worker_script, name="worker-script"),
    path("field/manifest.webmanifest", offline.manifest, name="manifest"),
    path("field/me/grids.geojson", me.grids, name="grids"),
]
