"""Duties: who answers for which topic in which area."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.people import actions
from huying.people.answers import duties_at, rivals
from huying.people.forms import AreaTreeField, DutyForm, NamedField, area_tree, topic_choices
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Department, Duty
from huying.people.policy import duties_for, reaches
from huying.people.story import story
from huying.people.topics import TopicName, topics
from huying.people.views.common import MANAGE_PEOPLE, act, form_page
from huying.places.models import Area


class Duties(VerbRequired, ListPage):
    """The duties in force, and those that ended."""

    verb = MANAGE_PEOPLE
    name = "duties"
    title = gettext_lazy("职责")
    lead = gettext_lazy("哪个区域的哪类事项由谁负责。同一事项，区域越小越优先。")
    template_name = "people/duties.html"
    order = "topic"

    @cached_property
    def names(self) -> Any:
        return topics()

    def topic_of(self, row: Duty) -> str:
        name = self.names.get(row.topic)
        if name is None:
            return row.topic
        parent = self.names.get(name.parent, TopicName(""))
        return f"{parent.title} › {name.title}" if parent.title else name.title

    def get_columns(self):
        return (
            Column("topic", gettext_lazy("事项"), value=self.topic_of, sort="topic"),
            Column("area", gettext_lazy("区域"), sort="area__code"),
            Column("department", gettext_lazy("责任单位"), sort="department__code"),
            Column("post", gettext_lazy("由岗位")),
            Column("user", gettext_lazy("由个人")),
            Column("starts_on", gettext_lazy("起"), css="cell--nowrap"),
            Column("ends_on", gettext_lazy("止"), css="cell--nowrap"),
        )

    def get_filters(self):
        mine = reader(self.request)
        departments = (
            Department.objects.filter(duties__in=duties_for(mine)).distinct().order_by("kind", "code")
        )
        return (
            Filter(
                "topic",
                forms.ChoiceField(label=_("事项"), choices=topic_choices()),
                apply=lambda rows, code: rows.filter(topic__in=self.below(code)),
            ),
            Filter(
                "department",
                forms.ModelChoiceField(
                    label=_("责任单位"), queryset=departments, to_field_name="code", empty_label=_("全部")
                ),
            ),
            Filter(
                "area",
                AreaTreeField(
                    label=_("区域"), queryset=area_tree(mine), to_field_name="code", empty_label=_("全部")
                ),
                apply=lambda rows, area: rows.filter(area__path__startswith=area.path),
            ),
            Filter("past", forms.BooleanField(label=_("含已结束")), apply=lambda rows, _value: rows),
        )

    def below(self, code: str) -> list[str]:
        return [code, *(child for child, name in self.names.items() if name.parent == code)]

    def get_queryset(self) -> QuerySet[Duty]:
        rows = duties_for(self.request.user).select_related("area", "department", "post", "user")
        if self.asked("past"):
            return rows
        return rows.filter(Q(ends_on=None) | Q(ends_on__gte=timezone.localdate()))

    def row_url(self, row: Duty) -> str:
        return reverse("people:duty", args=[row.pk])


class WhoForm(forms.Form):
    """A place and a topic."""

    area = NamedField(
        label=gettext_lazy("地方"),
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("街道、社区、小区或网格")}),
        error_messages={"required": gettext_lazy("请填写地方，例如“东苑社区”。")},
    )
    topic = forms.ChoiceField(label=gettext_lazy("事项"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["area"].rows = Area.objects.filter(valid_to=None)
        fields["topic"].choices = topic_choices()


@requires(MANAGE_PEOPLE, "case.view")
def who_answers(request: HttpRequest) -> HttpResponse:
    """Answers the question for one place and one topic, and says by which rule."""
    form = WhoForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "asked": False}
    if form.is_bound and form.is_valid():
        area, code = form.cleaned_data["area"], form.cleaned_data["topic"]
        found = duties_at(code, area)
        names = topics()
        context |= {
            "asked": True,
            "area": area,
            "topic": names[code].title if code in names else code,
            "duties": [
                (names[duty.topic].title if duty.topic in names else duty.topic, duty) for duty in found
            ],
            "best": found[0] if found else None,
            "rivals": rivals(found),
            "add_url": f"{reverse('people:add-duty')}?{urlencode({'topic': code, 'area': area.code})}"
            if reaches(request.user, MANAGE_PEOPLE, area.path)
            else "",
            "people": _people_at(area),
        }
    return render(request, "people/who_answers.html", context)


def _people_at(area: Area) -> Any:
    """Who holds a post for the area itself."""
    return area.post_holdings.on().filter(user__is_active=True).select_related("user", "post")[:30]


@requires(MANAGE_PEOPLE)
def duty(request: HttpRequest, pk: int) -> HttpResponse:
    """One duty, its story, and the button that ends it."""
    row = get_object_or_404(
        duties_for(request.user).select_related("area", "department", "post", "user"), pk=pk
    )
    name = topics().get(row.topic)
    context = {
        "duty": row,
        "topic": name.title if name else row.topic,
        "ended": bool(row.ends_on and row.ends_on <= timezone.localdate()),
        "events": story(row),
    }
    return render(request, "people/duty.html", context)


@requires(MANAGE_PEOPLE)
def add_duty(request: HttpRequest) -> HttpResponse:
    initial = {"topic": request.GET.get("topic"), "area": request.GET.get("area")}
    form = DutyForm(reader(request), request.POST or None, initial=initial)

    def save(data: dict[str, Any]) -> HttpResponse:
        row = actions.add_duty(actor=reader(request), **data)
        toast(
            request,
            _("已登记：%(area)s由%(department)s负责。") % {"area": row.area, "department": row.department},
        )
        return redirect("people:duty", row.pk)

    crumbs = [(_("职责"), reverse("people:duties"))]
    return form_page(request, form, save, title=_("登记职责"), crumbs=crumbs, cancel_url=crumbs[0][1])


@require_POST
@requires(MANAGE_PEOPLE)
def end_duty(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(duties_for(request.user).select_related("area"), pk=pk)
    done = _("职责到今天为止；以前按它派出的案件不变。")
    return act(
        request, lambda: actions.end_duty(row, actor=reader(request)), done, reverse("people:duty", args=[pk])
    )
