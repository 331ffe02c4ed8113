"""Looking back (回头看): draw a sample of what was struck off, look again, record what was found."""

from __future__ import annotations

import math
from typing import Any, cast

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import actions, policy
from huying.cases.catalogue import catalogue, subdistricts
from huying.cases.filters import period
from huying.cases.models import Ledger, LookBack, LookBackTask, Status
from huying.cases.views.desk.display import place_words, title_cell
from huying.cases.views.desk.work import back_to, reader
from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, requires
from huying.places.models import Area

VERB = "case.look_back"


def _days() -> dict[str, str]:
    first, last = period("last-month", timezone.localdate())
    return {"closed_from": f"{first}", "closed_to": f"{last}"}


class DrawForm(forms.Form):
    """What is drawn: ledger, area, period, how many or which share, and the seed."""

    ledger = forms.ChoiceField(label=gettext_lazy("台账"), required=False)
    area = forms.ChoiceField(label=gettext_lazy("街道"), required=False)
    closed_from = forms.DateField(
        label=gettext_lazy("结案起"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    closed_to = forms.DateField(
        label=gettext_lazy("结案止"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    size = forms.IntegerField(
        label=gettext_lazy("抽多少件"),
        min_value=1,
        max_value=2000,
        required=False,
        help_text=gettext_lazy("填件数，或在右边填比例。"),
    )
    share = forms.DecimalField(
        label=gettext_lazy("或抽百分之几"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        required=False,
        help_text=gettext_lazy("不填时按台账规定的比例；不足一件按一件抽。"),
    )
    seed = forms.CharField(
        label=gettext_lazy("随机种子"),
        max_length=40,
        help_text=gettext_lazy("例如当众摇出的数字。同样的种子抽出同样的案件，谁都能核对。"),
        error_messages={"required": gettext_lazy("请填写随机种子（例如当天摇出的数字），便于事后核对。")},
    )
    title = forms.CharField(label=gettext_lazy("名称"), max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["ledger"]).choices = [
            ("", _("全部台账")),
            *((e.code, str(e)) for e in catalogue().ledgers.values()),
        ]
        cast(forms.ChoiceField, self.fields["area"]).choices = [("", _("全区")), *subdistricts()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("size") and data.get("share"):
            self.add_error("share", _("件数和比例只填一个。"))
        return data


class LookBackList(VerbRequired, ListPage):
    """Every draw with its progress, and the form of the next one."""

    verb = VERB
    title = gettext_lazy("回头看")
    lead = gettext_lazy("从已结案件里随机抽取，由别人再看一次；没有办好的当场重办。")
    name = "look-backs"
    order = "-drawn_at"
    template_name = "cases/desk/look_backs.html"
    columns = (
        Column("title", gettext_lazy("名称"), css="cell--wide"),
        Column("ledger", gettext_lazy("台账"), lambda row: str(row.ledger or _("全部台账"))),
        Column("area", gettext_lazy("区域"), lambda row: str(row.area or _("全区"))),
        Column(
            "size",
            gettext_lazy("抽取"),
            lambda row: _("%(n)d / %(of)d 件") % {"n": row.size, "of": row.population},
        ),
        Column("done", gettext_lazy("已看"), css="number"),
        Column("failed", gettext_lazy("没办好"), css="number"),
        Column("drawn_at", gettext_lazy("抽取时间"), sort="drawn_at", css="cell--nowrap"),
        Column("drawn_by", gettext_lazy("抽取人"), lambda row: str(row.drawn_by or "")),
    )
    empty = {
        "icon": "search",
        "title": gettext_lazy("还没有抽过"),
        "text": gettext_lazy("在上面填写范围和随机种子，抽取第一批。"),
    }
    draw_form: DrawForm | None = None

    def get_queryset(self) -> QuerySet[LookBack]:
        return looks_for(reader(self.request)).annotate(
            done=Count("tasks", filter=Q(tasks__passed__isnull=False)),
            failed=Count("tasks", filter=Q(tasks__passed=False)),
        )

    def row_url(self, row: LookBack) -> str:
        return reverse("desk:look-back", args=[row.pk])

    def extra_context(self) -> dict[str, Any]:
        return {"draw_form": self.draw_form or DrawForm(initial=_days())}

    def post(self, request: HttpRequest) -> HttpResponse:
        """Draw. What was typed stays when it is refused."""
        form = self.draw_form = DrawForm(request.POST)
        if form.is_valid():
            try:
                look = draw(request, form.cleaned_data)
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                words = _("从 %(of)d 件里抽出 %(n)d 件。") % {"of": look.population, "n": look.size}
                toast(request, words)
                return HttpResponseRedirect(reverse("desk:look-back", args=[look.pk]))
        return render(request, self.template_name, self.context(), status=422)


def looks_for(user: Any) -> QuerySet[LookBack]:
    """The draws that contain cases which the reader may look at again, newest first."""
    rows = LookBack.objects.select_related("ledger", "area", "drawn_by").defer("area__boundary")
    seen = policy.cases_for(user, VERB)
    if not seen.query.where:
        return rows
    tasks = LookBackTask.objects.filter(case__in=seen.values("pk"))
    return rows.filter(Q(drawn_by=user) | Q(pk__in=tasks.values("look_back")))


def draw(request: HttpRequest, data: dict[str, Any]) -> LookBack:
    """Draw by the cleaned values of a `DrawForm`."""
    ledger = Ledger.objects.filter(code=data["ledger"]).first() if data["ledger"] else None
    area = Area.objects.filter(code=data["area"]).first() if data["area"] else None
    return actions.draw_look_back(
        actor=reader(request),
        closed_from=data["closed_from"],
        closed_to=data["closed_to"],
        seed=data["seed"],
        size=data["size"] or _share_of(reader(request), data, ledger, area),
        ledger=ledger,
        area=area,
        title=data["title"],
    )


def _share_of(user: Any, data: dict[str, Any], ledger: Ledger | None, area: Area | None) -> int:
    """The share of the closed cases of the range, rounded up; the ledger's own share where none is given."""
    share = float(data["share"] or 0) / 100 or (float(ledger.rules.look_back_share) if ledger else 0)
    if not share:
        raise Refusal(_("请填写抽多少件，或抽百分之几。"), field="size")
    among = policy.cases_for(user, VERB).filter(
        status=Status.CLOSED, closed_at__date__range=(data["closed_from"], data["closed_to"])
    )
    if ledger is not None:
        among = among.filter(ledger=ledger)
    if area is not None:
        among = among.filter(area_path__startswith=area.path)
    # The float of 10 % of 30 is 3.0000000000000004: round before rounding up.
    return max(1, math.ceil(round(among.count() * share, 6)))


def verdict_badge(task: LookBackTask) -> SafeString:
    """What was found, as colour and word."""
    if task.passed is None:
        return badge(_("待看"), "blue", "clock")
    return badge(_("办好了"), "green", "check") if task.passed else badge(_("没办好，已重办"), "red", "alert")


class TaskList(VerbRequired, ListPage):
    """Cases to look at again, of all draws, within the reader's area."""

    verb = VERB
    title = gettext_lazy("回头看任务")
    name = "look-tasks"
    order = "pk"
    template_name = "cases/desk/look_tasks.html"
    columns = (
        Column(
            "case",
            gettext_lazy("事项"),
            lambda t: t.case.title,
            lambda t: title_cell(t.case),
            css="cell--wide",
        ),
        Column("number", gettext_lazy("编号"), "case.number", shown=False),
        Column("place", gettext_lazy("地点"), lambda t: place_words(t.case), css="cell--place"),
        Column("department", gettext_lazy("责任单位"), lambda t: str(t.case.department or "")),
        Column("closed_at", gettext_lazy("结案"), lambda t: t.case.closed_at, css="cell--nowrap"),
        Column("answer", gettext_lazy("处置结果"), lambda t: t.case.answer, css="cell--wide"),
        Column("look_back", gettext_lazy("批次"), lambda t: str(t.look_back), shown=False),
        Column("verdict", gettext_lazy("结果"), lambda t: _verdict_words(t), verdict_badge),
        Column("words", gettext_lazy("情况")),
    )
    empty = {
        "icon": "check-circle",
        "title": gettext_lazy("没有要回头看的案件"),
        "text": gettext_lazy("督查员抽取以后，您负责区域内的案件会出现在这里。"),
    }

    def get_queryset(self) -> QuerySet[LookBackTask]:
        return tasks_for(reader(self.request)).order_by("pk")

    def get_filters(self) -> list[Filter]:
        choices = [("", _("全部")), ("waiting", _("待看")), ("passed", _("办好了")), ("failed", _("没办好"))]
        return [
            Filter("result", forms.ChoiceField(label=_("结果"), choices=choices), apply=_by_result),
            Filter(
                "area",
                forms.ChoiceField(label=_("街道"), choices=[("", _("全部")), *subdistricts()]),
                lookup="case__subdistrict__code",
            ),
        ]

    def row_url(self, row: LookBackTask) -> str:
        return reverse("desk:look-task", args=[row.pk])


def _verdict_words(task: LookBackTask) -> str:
    return _("待看") if task.passed is None else _("办好了") if task.passed else _("没办好")


def _by_result(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(passed={"waiting": None, "passed": True, "failed": False}[value])


def tasks_for(user: Any) -> QuerySet[LookBackTask]:
    """The tasks on cases that the reader may look at again."""
    rows = LookBackTask.objects.select_related(
        "case__department", "case__subdistrict", "case__ledger", "case__category", "look_back", "done_by"
    ).defer("case__subdistrict__boundary", "case__search", "case__search_text")
    seen = policy.cases_for(user, VERB)
    return rows.filter(case__in=seen.values("pk")) if seen.query.where else rows


@requires(VERB)
def look_back(request: HttpRequest, pk: int) -> HttpResponse:
    """One draw: how it was drawn and how to draw it again by hand, its cases and how far it is."""
    look = looks_for(reader(request)).filter(pk=pk).first()
    if look is None:
        raise Http404(_("没有这次回头看，或者它不在您负责的区域内。"))
    tasks = list(tasks_for(reader(request)).filter(look_back=look).order_by("pk"))
    done = [task for task in tasks if task.passed is not None]
    context = {
        "look": look,
        "done": len(done),
        "failed": sum(task.passed is False for task in done),
        "tasks": [
            {"task": task, "badge": verdict_badge(task), "place": place_words(task.case)} for task in tasks
        ],
        "list_url": f"{reverse('desk:cases')}?closed_from={look.closed_from}&closed_to={look.closed_to}&status=closed"
        + (f"&ledger={look.ledger.code}" if look.ledger else "")
        + (f"&area={look.area.code}" if look.area else ""),
    }
    return render(request, "cases/desk/look_back.html", context)


class VerdictForm(forms.Form):
    """What was found."""

    passed = forms.ChoiceField(
        label=gettext_lazy("办好了吗"),
        widget=forms.RadioSelect,
        choices=[("yes", gettext_lazy("办好了")), ("no", gettext_lazy("没有办好，马上重办"))],
        error_messages={"required": gettext_lazy("请选择看到的情况。")},
    )
    words = forms.CharField(
        label=gettext_lazy("看到的情况"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("没有办好时必须写明问题（至少 5 个字），责任单位和反映人会看到重办。"),
    )


@requires(VERB)
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One case to look at again (GET) and what was found (POST); a failed one is handled again at once."""
    found = get_object_or_404(tasks_for(reader(request)), pk=pk)
    form, status = VerdictForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                passed = form.cleaned_data["passed"] == "yes"
                actions.record_look_back(
                    found, passed=passed, words=form.cleaned_data["words"], actor=reader(request)
                )
            except NotAllowed as refusal:
                return render(request, "403.html", {"sentence": str(refusal)}, status=403)
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
                status = refusal.status
            else:
                toast(request, _("已记录。") if passed else _("已记录，案件已重办。"))
                return HttpResponseRedirect(
                    back_to(request, reverse("desk:look-back", args=[found.look_back_id]))
                )
    context = {
        "task": found,
        "case": found.case,
        "form": form,
        "badge": verdict_badge(found),
        "place": place_words(found.case),
        "next": back_to(request, ""),
    }
    return render(request, "cases/desk/look_task.html", context, status=status)
