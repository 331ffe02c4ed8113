"""The page parts on show, each in its states, drawn by the same templates that the pages use."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.templatetags.parts import badge, clock

AUDIENCES = {
    "portal": "base_portal.html",
    "desk": "base_desk.html",
    "field": "base_field.html",
    "cockpit": "base_cockpit.html",
}


class SampleForm(forms.Form):
    """Fields of every kind, to look at."""

    words = forms.CharField(
        label=gettext_lazy("发生了什么"),
        help_text=gettext_lazy("写清楚时间、地点和情况，越具体办得越快。"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=500,
    )
    phone = forms.RegexField(
        r"^1\d{10}$",
        label=gettext_lazy("手机号"),
        error_messages={"invalid": gettext_lazy("手机号是 11 位数字，请检查有没有多写或漏写。")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "numeric"}),
    )
    topic = forms.ChoiceField(
        label=gettext_lazy("类别"),
        choices=[
            ("heating", gettext_lazy("供热")),
            ("road", gettext_lazy("道路")),
            ("light", gettext_lazy("路灯")),
        ],
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("有没有危险"),
        choices=[("no", gettext_lazy("没有")), ("yes", gettext_lazy("有，可能伤人"))],
        widget=forms.RadioSelect,
    )
    seen_on = forms.DateField(
        label=gettext_lazy("发现日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    public = forms.BooleanField(label=gettext_lazy("办结后可以公开处置前后照片"), required=False)


def sample_list(request: HttpRequest) -> dict[str, Any]:
    """The context of parts/list.html, filled by hand."""
    now = timezone.now()
    cases = [
        (
            "W-2023-011902",
            _("人民路 128 号路灯不亮"),
            _("路灯"),
            _("处置中"),
            "accent",
            "play",
            timedelta(hours=3, minutes=20),
            12,
        ),
        (
            "W-2023-011897",
            _("大连路小区三号楼暖气不热"),
            _("供热"),
            _("待派遣"),
            "blue",
            "inbox",
            timedelta(minutes=45),
            8,
        ),
        (
            "W-2023-011871",
            _("市场三路井盖松动有异响"),
            _("窨井盖"),
            _("已退回"),
            "yellow",
            "return",
            timedelta(days=2, hours=4),
            96,
        ),
        (
            "W-2023-011820",
            _("海泊河边夜间施工噪声"),
            _("噪声"),
            _("处置中"),
            "accent",
            "play",
            -timedelta(days=1, hours=5),
            48,
        ),
        (
            "W-2023-011788",
            _("辽宁路人行道地砖破损"),
            _("道路"),
            _("待核查"),
            "green",
            "check-circle",
            timedelta(hours=20),
            40,
        ),
    ]

    class Head:
        def __init__(self, name: str, title: str, css: str = "", shown: bool = True) -> None:
            self.name, self.title, self.css, self.shown = name, title, css, shown

    heads = [
        Head("title", _("事项"), "cell--wide"),
        Head("number", _("编号"), "cell--nowrap"),
        Head("status", _("状态")),
        Head("topic", _("类别")),
        Head("clock", _("时限")),
        Head("reports", _("反映"), "number"),
    ]
    rows = [
        {
            "object": {"pk": number},
            "url": "#" + number,
            "css": "",
            "cells": list(
                zip(
                    heads,
                    [
                        title,
                        number,
                        badge(state, colour, icon),
                        topic,
                        clock(now + left, now - timedelta(hours=spent)),
                        len(title) % 4 + 1,
                    ],
                    strict=True,
                )
            ),
        }
        for number, title, topic, state, colour, icon, left, spent in cases
    ]
    actions = [
        {"title": _("派遣"), "url": "#", "icon": "send", "key": "d", "strong": True},
        {"title": _("并单"), "url": "#", "icon": "merge"},
    ]
    return {
        "page": {"name": "sample", "detail": "", "bulk_actions": actions, "empty": {}},
        "columns": [
            {
                "column": head,
                "url": f"?sort={head.name}" if head.name in ("number", "clock") else "",
                "aria": "ascending" if head.name == "clock" else "",
                "down": False,
            }
            for head in heads
        ],
        "rows": rows,
        "total": "10,000+",
        "sorting": "clock",
        "export_url": "?export=xlsx",
        "chips": [
            {"title": _("类别"), "words": _("供热、路灯"), "url": "#"},
            {"title": _("快到期"), "words": "", "url": "#"},
        ],
        "saved_filters": [
            {"title": _("新到"), "url": "#", "active": True, "count": 14},
            {"title": _("退回"), "url": "#", "count": 3},
            {"title": _("快到期"), "url": "#", "count": 9},
            {"title": _("已超时"), "url": "#", "count": 2},
        ],
        "pager": {"previous_url": "", "next_url": "?after=2"},
        "clear_url": request.path,
    }


def samples(request: HttpRequest) -> dict[str, Any]:
    """Made-up content for every part."""
    now = timezone.now()
    before = {"url": static("huying/sample-before.svg"), "at": now - timedelta(days=1)}
    after = {"url": static("huying/sample-after.svg"), "at": now - timedelta(hours=2)}
    card = {
        "url": "#",
        "number": "W-2023-011902",
        "title": _("人民路 128 号路灯不亮"),
        "place": _("大港街道 · 人民路 128 号门前"),
        "category": _("路灯"),
        "status": (_("处置中"), "accent", "play"),
        "due": now + timedelta(hours=3, minutes=20),
        "started": now - timedelta(hours=12),
        "who": _("区城市管理局"),
        "at": now - timedelta(hours=12),
        "reports": 3,
        "photo": before,
        "why": _("灯杆归区城市管理局所有，谁所有、谁负责。"),
        "distance": _("距您 350 米"),
    }
    late = {
        **card,
        "title": _("海泊河边夜间施工噪声"),
        "due": now - timedelta(days=2),
        "status": (_("已督办"), "red", "bell"),
        "photo": None,
        "why": "",
        "reports": 1,
        "distance": "",
        "category": _("噪声"),
        "number": "W-2023-011820",
    }
    events = [
        {
            "icon": "message",
            "title": _("您反映了这件事"),
            "at": now - timedelta(days=1, hours=3),
            "text": _("路灯不亮，晚上看不清台阶。"),
            "photos": [before],
        },
        {
            "icon": "send",
            "title": _("已派到区城市管理局"),
            "who": _("派遣员 李"),
            "at": now - timedelta(days=1, hours=2),
            "why": _("灯杆归区城市管理局所有，谁所有、谁负责。"),
        },
        {
            "icon": "return",
            "colour": "yellow",
            "title": _("退回一次"),
            "who": _("区城市管理局"),
            "at": now - timedelta(days=1),
            "text": _("理由：该灯杆属街道背街改造，未移交。"),
        },
        {
            "icon": "check-circle",
            "colour": "green",
            "title": _("报完成"),
            "who": _("照明班 王队长"),
            "at": now - timedelta(hours=2),
            "text": _("更换灯头一个，试亮正常。"),
            "photos": [after],
        },
        {
            "icon": "clock",
            "title": _("等待核查"),
            "who": _("督查员 赵"),
            "at": now - timedelta(hours=1),
            "current": True,
            "text": _("核查人与处置人不是同一人，今天 18:00 前完成。"),
        },
    ]
    tiles = [
        {
            "title": _("今日受理"),
            "value": "128",
            "unit": _("件"),
            "url": "#",
            "delta": _("比昨天多 12"),
            "delta_up": True,
            "colour": "accent",
        },
        {
            "title": _("按时办结率"),
            "value": "97.4",
            "unit": "%",
            "url": "#",
            "delta": _("升 0.6"),
            "delta_up": True,
            "delta_good": True,
            "colour": "green",
        },
        {
            "title": _("已超时"),
            "value": "9",
            "unit": _("件"),
            "url": "#",
            "delta": _("比昨天多 2"),
            "delta_up": True,
            "delta_good": False,
            "colour": "red",
        },
        {
            "title": _("重开"),
            "value": "3",
            "unit": _("件"),
            "url": "#",
            "delta": _("持平"),
            "colour": "yellow",
        },
        {
            "title": _("未解决"),
            "value": "5",
            "unit": _("件"),
            "url": "#",
            "note": _("本月回访 412 件"),
            "colour": "blue",
        },
        {
            "title": _("巡查井盖"),
            "value": "1,204",
            "unit": _("座"),
            "note": _("截至 11月3日"),
            "by_hand": _("人工填报"),
        },
    ]
    days = [_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")]
    chart = {
        "id": "chart-week",
        "title": _("一周受理与办结"),
        "kind": "line",
        "unit": _("件"),
        "labels": days,
        "label_title": _("日期"),
        "series": [
            {"name": _("受理"), "values": [132, 128, 141, 119, 150, 88, 76]},
            {"name": _("办结"), "values": [120, 131, 135, 122, 139, 94, 81]},
        ],
        "source": _("示例数字"),
        "until": f"{now:%Y-%m-%d}",
    }
    rows_chart = {
        "id": "chart-topic",
        "title": _("各类诉求"),
        "kind": "rows",
        "unit": _("件"),
        "label_title": _("类别"),
        "labels": [_("供热"), _("物业"), _("道路"), _("噪声"), _("供水")],
        "series": [{"name": _("本月"), "values": [657, 310, 204, 151, 96]}],
    }
    return {
        "now": now,
        "soon": now + timedelta(hours=3, minutes=20),
        "later": now + timedelta(days=2, hours=4),
        "past": now - timedelta(days=2),
        "begun": now - timedelta(hours=20),
        "just": now - timedelta(minutes=5),
        "before": before,
        "after": after,
        "card": card,
        "late": late,
        "events": events,
        "tiles": tiles,
        "chart": chart,
        "rows_chart": rows_chart,
        "form": SampleForm(auto_id="ok-%s", initial={"words": _("楼下路灯不亮三天了。")}),
        "wrong_form": SampleForm({"words": "", "phone": "138", "topic": "light"}, auto_id="wrong-%s"),
        "list": sample_list(request),
        "map_plain": {
            "id": "map-plain",
            "areas_url": reverse("core:styleguide-areas"),
            "clusters_url": reverse("core:styleguide-points"),
            "lng": 120.355,
            "lat": 36.085,
            "marker_title": card["place"],
        },
        "map_pick": {"id": "map-pick", "areas_url": reverse("core:styleguide-areas"), "picker": True},
        "map_values": {
            "id": "map-values",
            "areas_url": reverse("core:styleguide-areas"),
            "area_values": {"a": 12, "b": 31, "c": 8, "d": 54, "e": 23, "f": 40},
            "area_values_title": _("在办"),
            "unit": _("件"),
        },
        "steps": [_("照片"), _("位置"), _("描述"), _("提交")],
        "tabs": [
            {"title": _("全部"), "url": "#", "active": True, "count": 41},
            {"title": _("我的"), "url": "#", "count": 7},
            {"title": _("已办结"), "url": "#"},
        ],
        "crumbs": [(_("工作台"), "/desk/"), (_("派遣"), "")],
        "icons": ICONS,
        "colours": COLOURS,
    }


ICONS = [
    "home",
    "inbox",
    "list",
    "search",
    "filter",
    "plus",
    "check",
    "check-circle",
    "close",
    "close-circle",
    "clock",
    "bell",
    "alert",
    "overdue",
    "info",
    "question",
    "pause",
    "play",
    "pin",
    "map",
    "locate",
    "camera",
    "photo",
    "user",
    "users",
    "building",
    "phone",
    "message",
    "send",
    "return",
    "merge",
    "edit",
    "download",
    "upload",
    "print",
    "eye",
    "eye-off",
    "lock",
    "settings",
    "columns",
    "star",
    "chart",
    "document",
    "calendar",
    "link",
    "sort-up",
    "sort-down",
    "chevron-left",
    "chevron-right",
    "chevron-down",
    "more",
    "menu",
    "logout",
    "type",
    "globe",
    "sun",
    "moon",
    "keyboard",
    "offline",
    "qr",
    "shield",
    "scale",
    "arrow-up",
    "arrow-down",
    "arrow-right",
    "refresh",
    "trash",
    "save",
]
COLOURS = (
    "ground",
    "surface",
    "sunken",
    "ink",
    "ink-soft",
    "line",
    "line-strong",
    "accent",
    "accent-soft",
    "blue",
    "yellow",
    "red",
    "green",
)


def styleguide(request: HttpRequest) -> HttpResponse:
    """``?audience=`` portal, desk, field or cockpit shows the parts inside that frame; ``?toast=1`` shows a toast."""
    audience = request.GET.get("audience", "desk")
    if audience not in AUDIENCES:
        audience = "desk"
    if request.GET.get("toast"):
        messages.success(
            request,
            _("已派到蒲城街道执法中队，王队长负责，周四 18:00 前办结。"),
            extra_tags="undo:/styleguide/",
        )
        messages.error(request, _("照片没有上传成功：网络断开了。请连上网络后再点一次提交。"))
    sections = (
        ("colours", _("颜色"), "sun"),
        ("buttons", _("按钮"), "play"),
        ("states", _("状态与时限"), "clock"),
        ("forms", _("表单"), "edit"),
        ("lists", _("列表"), "list"),
        ("cases", _("事项"), "inbox"),
        ("numbers", _("数字与图表"), "chart"),
        ("maps", _("地图"), "map"),
        ("news", _("提示与进度"), "bell"),
    )
    navigation = [
        {
            "title": title,
            "url": f"#{code}",
            "icon": icon,
            "active": code == "colours",
            "count": 3 if code == "lists" else None,
            "section": _("页面组件") if code == "colours" else "",
        }
        for code, title, icon in sections
    ]
    if audience == "field":
        navigation = navigation[:4]
    return render(
        request,
        "core/styleguide.html",
        {
            **samples(request),
            "base_template": AUDIENCES[audience],
            "audience": audience,
            "audiences": list(AUDIENCES),
            "navigation": navigation,
            "sections": sections,
            "demo_data": True,
            "district_title": _("示例区"),
        },
    )


def styleguide_areas(request: HttpRequest) -> JsonResponse:
    """Six invented areas for the sample maps, so that they can be seen before any district is loaded."""
    shapes = []
    for place, code in enumerate("abcdef"):
        west, south = 120.33 + place % 3 * 0.02, 36.07 + place // 3 * 0.016
        ring = [
            [west, south],
            [west + 0.02, south + 0.002],
            [west + 0.02, south + 0.018],
            [west, south + 0.016],
            [west, south],
        ]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        shapes.append(
            {
                "type": "Feature",
                "properties": {"code": code, "title": _("示例街道 %s") % code.upper()},
                "geometry": geometry,
            }
        )
    return JsonResponse({"type": "FeatureCollection", "features": shapes})


def styleguide_points(request: HttpRequest) -> JsonResponse:
    """Clusters for the sample map."""
    found = [(120.342, 36.08, 37), (120.368, 36.085, 212), (120.352, 36.094, 1), (120.379, 36.078, 1)]
    return JsonResponse(
        {
            "clusters": [
                {"lng": lng, "lat": lat, "count": count, "title": _("示例"), "url": "#maps"}
                for lng, lat, count in found
            ]
        }
    )
