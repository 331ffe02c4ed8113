from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from huying.cases.views.portal import home, public, report, track
from huying.core.navigation import NavigationItem, register
from huying.registry.public_urls import PORTAL as LABELS

app_name = "portal"
urlpatterns = [
    path("", include(LABELS)),
    path("", home.home, name="home"),
    path("report/", report.report, name="report"),
    path("report/suggest/", report.suggest, name="suggest"),
    path("report/done/<slug:number>/<str:token>/", track.receipt, name="receipt"),
    path("report/done/<slug:number>/<str:token>/qr.svg", track.qr, name="qr"),
    path("track/", track.look_up, name="look-up"),
    path("t/<slug:number>/<str:token>/", track.track, name="track"),
    path("t/<slug:number>/<str:token>/words/", track.add, name="add"),
    path("t/<slug:number>/<str:token>/withdrawal/", track.withdraw, name="withdraw"),
    path("t/<slug:number>/<str:token>/rating/", track.rate, name="rate"),
    path("t/<slug:number>/<str:token>/telling/", track.telling, name="telling"),
    path("t/<slug:number>/<str:token>/reopening/", track.reopen, name="reopen"),
    path("public/", public.PublicList.as_view(), name="public"),
    path("public/map/", public.public_map, name="map"),
    path("public/clusters.json", public.clusters, name="clusters"),
    path("public/<slug:number>/", public.case, name="case"),
    path("privacy/", home.privacy, name="privacy"),
    path("accessibility/", home.accessibility, name="accessibility"),
]

register(
    NavigationItem(_("报问题"), "portal:report", "camera", audience="portal"),
    NavigationItem(_("查进度"), "portal:look-up", "search", audience="portal"),
    NavigationItem(_("公开台账"), "portal:public", "list", audience="portal"),
    NavigationItem(_("公告"), "notices:public-news", "message", audience="portal"),
    NavigationItem(_("地图"), "portal:map", "map", audience="portal"),
)
