"""The daily report of a topic, its meeting, and its season."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases import daily, policy
from huying.cases.actions.meeting import VERB, Resolution, record_meeting
from huying.cases.models import Category, Topic
from huying.cases.telling import moment_text
from huying.cases.views.desk.verb_forms import DepartmentField
from huying.cases.views.desk.verbs import department_options
from huying.core.errors import Refusal
from huying.core.spreadsheets import export_xlsx
from huying.core.toasts import toast
from huying.people.access import can
from huying.people.guards import reader, requires

DECISIONS = 5
FIRST_TOPIC = "heating"


def _topic(code: str) -> Topic:
    found = Topic.objects.filter(code=code, parent=None).first()
    if found is None:
        raise Http404(_("没有这个事项的日报。"))
    return found


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Http404(_("日期请写成 2023-11-20。")) from None
    if not 2000 <= day.year <= 2199 or day > timezone.localdate():
        raise Http404(_("还没有到这一天。"))
    return day


@requires("cockpit.view")
@require_safe
def today(request: HttpRequest, topic: str = FIRST_TOPIC) -> HttpResponse:
    """The newest report."""
    return redirect("desk:daily", _topic(topic).code, timezone.localdate().isoformat())


@requires("cockpit.view")
@require_safe
def show(request: HttpRequest, topic: str, day: str) -> Any:
    """One day; `?export=xlsx` for the tables."""
    found = daily.report_on(policy.cases_for(reader(request)), _topic(topic), _day(day))
    if request.GET.get("export"):
        return _export(found)
    before, last_year = found.on(found.day - dt.timedelta(days=1)), found.on(_year_before(found.day))
    new, everything = found.share()
    season = found.season()
    until = moment_text(found.until)
    context: dict[str, Any] = {
        "report": found, "title": _("%s日报") % found.topic, "until": until,
        "day_before": (found.day - dt.timedelta(days=1)).isoformat(),
        "day_after": (found.day + dt.timedelta(days=1)).isoformat() if found.day < timezone.localdate() else "",
        "tiles": [
            _tile(_("新增"), found.numbers["new"], before["new"], last_year["new"]),
            _tile(_("解决"), found.numbers["solved"], before["solved"], last_year["solved"]),
            _tile(_("未解决"), found.numbers["open"], before["open"], last_year["open"]),
            {"title": _("其中已超期"), "value": found.numbers["late"].value},
            {
                "title": _("占当天全部诉求"), "unit": "%" if everything else "",
                "value": f"{100 * new / everything:.0f}" if everything else "—", "note": f"{new} / {everything}",
            },
        ],
        "tables": [
            (_("按原因"), found.by_cause()), (_("按小区"), found.by_building()), (_("按换热站"), found.by_station()),
        ],
        "oldest": [(case, (found.until - case.reported_at).days) for case in found.oldest()],
        "meetings": found.meetings(), "may_record": can(request.user, VERB),
        "chart": {
            "id": "season", "title": _("这一季每天的情况"), "kind": "line", "unit": _("件"),
            "labels": [f"{day:%m-%d}" for day, *_rest in season], "until": until,
            "series": [
                {"name": _("新增"), "values": [n for _day, n, _s, _w in season]},
                {"name": _("解决"), "values": [s for _day, _n, s, _w in season]},
                {"name": _("未解决"), "values": [w for _day, _n, _s, w in season]},
            ],
        },
    }  # fmt: skip
    return render(request, "cases/desk/daily.html", context)


def _year_before(day: dt.date) -> dt.date:
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )


def _tile(title: str, now: daily.Counted, before: daily.Counted, last_year: daily.Counted) -> dict[str, Any]:
    note = _("前一天 %(before)d · 去年同日 %(year)d") % {"before": before.value, "year": last_year.value}
    return {"title": title, "value": now.value, "url": now.url, "note": note}


def _export(found: daily.DailyReport) -> HttpResponseBase:
    tables = (
        (_("原因"), found.by_cause()),
        (_("小区"), found.by_building()),
        (_("换热站"), found.by_station()),
    )
    rows = [(kind, row) for kind, table in tables for row in table]
    return export_xlsx(
        f"{found.topic}{found.day:%Y-%m-%d}",
        [
            (_("分组"), lambda pair: pair[0]), (_("名称"), lambda pair: pair[1].title),
            (_("新增"), lambda pair: pair[1].new.value), (_("解决"), lambda pair: pair[1].solved.value),
            (_("未解决"), lambda pair: pair[1].open.value),
        ],
        rows,
        notes=[
            (_("事项"), str(found.topic)), (_("日期"), f"{found.day:%Y-%m-%d}"), (_("截至"), moment_text(found.until)),
            *((name, str(found.numbers[key].value)) for key, name in (
                ("new", _("新增")), ("solved", _("解决")), ("open", _("未解决")), ("late", _("其中已超期")))),
        ],
    )  # fmt: skip


class MeetingForm(forms.Form):
    """Minutes and up to five decisions."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    time = forms.TimeField(
        label=gettext_lazy("时间"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": gettext_lazy("请填写开会时间。"), "invalid": gettext_lazy("时间写成 08:30。")},
    )  # fmt: skip
    chair = forms.CharField(
        label=gettext_lazy("主持"), max_length=60, error_messages={"required": gettext_lazy("请填写谁主持。")}
    )
    attendees = forms.CharField(
        label=gettext_lazy("参加"),
        max_length=500,
        error_messages={"required": gettext_lazy("请填写谁参加了。")},
    )
    minutes = forms.CharField(
        label=gettext_lazy("会议记录"), max_length=5000, widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("请写会议记录（至少 5 个字）。")},
    )  # fmt: skip

    def __init__(self, topic: Topic, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        under = Category.objects.filter(
            active=True, ledger__active=True, topic__in=[topic, *topic.children.all()]
        )
        # The first ledger that takes what a desk writes down and asks for no reporter.
        self.categories = {
            f"{c.ledger.code}.{c.code}": c
            for c in under.select_related("ledger")
            if "desk" in c.ledger.rules.channels and c.ledger.rules.contact != "required"
        }
        choices = [(key, f"{c} · {c.ledger}") for key, c in self.categories.items()]
        for number in range(1, DECISIONS + 1):
            self.fields[f"words_{number}"] = forms.CharField(
                label=_("决定 %d") % number,
                max_length=500,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"category_{number}"] = forms.ChoiceField(
                label=_("类别"), choices=[("", _("请选择")), *choices], required=False
            )
            self.fields[f"department_{number}"] = DepartmentField(label=_("责任单位"), required=False)

    def clean(self) -> dict[str, Any]:
        """A decision that was begun needs its category."""
        data = super().clean() or {}
        for number in range(1, DECISIONS + 1):
            if data.get(f"words_{number}") and not data.get(f"category_{number}"):
                self.add_error(f"category_{number}", _("请选择类别，这项决定才能立案督办。"))
        return data

    def resolutions(self) -> list[Resolution]:
        """The decisions that were filled in."""
        data = self.cleaned_data
        return [
            Resolution(
                data[f"words_{n}"], self.categories[data[f"category_{n}"]], data.get(f"department_{n}")
            )
            for n in range(1, DECISIONS + 1)
            if data.get(f"words_{n}")
        ]


@never_cache
@requires(VERB)
def meeting(request: HttpRequest, topic: str, day: str) -> HttpResponse:
    """Record the day's meeting."""
    about, on = _topic(topic), _day(day)
    now = timezone.localtime()
    form = MeetingForm(
        about, request.POST or None, initial={"client_id": uuid.uuid4(), "time": f"{now:%H:%M}"}
    )
    back = reverse("desk:daily", args=[about.code, on.isoformat()])
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = record_meeting(
                about, held_at=timezone.make_aware(dt.datetime.combine(on, data["time"])), chair=data["chair"],
                attendees=data["attendees"], minutes=data["minutes"], resolutions=form.resolutions(),
                actor=reader(request), client_id=data["client_id"],
            )  # fmt: skip
        except Refusal as refusal:
            name = {"held_at": "time"}.get(refusal.field or "", refusal.field)
            form.add_error(name if name in form.fields else None, str(refusal))
        else:
            toast(request, _("已记下，%d 项决定已立案。") % made.decisions.count())
            return redirect(back)
    leading, _helping = department_options()
    context = {
        "form": form, "title": _("记录专班会"), "cancel_url": back, "leading": leading,
        "crumbs": [(_("%s日报") % about, back)],
    }  # fmt: skip
    return render(request, "cases/desk/meeting.html", context, status=422 if form.errors else 200)
