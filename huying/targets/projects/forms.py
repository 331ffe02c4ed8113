"""What people type about projects. Amounts are in 万元; the choices are the pack's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.people.models import Department, User
from huying.people.roles import ROLES
from huying.places.models import Area
from huying.registry.views.desk.lists import area_choices, department_choices
from huying.targets.projects.models import Meeting, Permit, Project, ServiceSession
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.months import month_in_hand, months_between

_LEADING = [code for code, role in ROLES.items() if "paper.sign" in role.verbs]


def day_field(label: Any, *, required: bool = True, **more: Any) -> forms.DateField:
    """A day of the browser's own calendar."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, **more)


def wan_field(label: Any, *, required: bool = True, **more: Any) -> forms.DecimalField:
    """An amount in 万元."""
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"})
    return forms.DecimalField(
        label=label, required=required, max_digits=14, decimal_places=2, min_value=0, widget=widget, **more
    )


def text_field(
    label: Any, *, required: bool = True, rows: int = 4, longest: int = 2000, **more: Any
) -> forms.CharField:
    """Several lines."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows}),
        **more,
    )


def words_of_rules(name: str) -> Any:
    """Choices of the pack's words of one key."""
    return lambda: [(word.code, str(word)) for word in getattr(project_rules(), name).values()]


def optional(choices: Any) -> Any:
    """The choices, and before them that none is made."""
    return lambda: [("", "—"), *choices()]


def leaders() -> Any:
    """People who sign for the district: leaders in contact are chosen from them."""
    from huying.people.models import Grant

    granted = Grant.objects.on().filter(role__in=_LEADING, user__is_active=True).values("user")
    return User.objects.filter(pk__in=granted).order_by("pk")


def staff() -> Any:
    """People who may be a project's service officer."""
    from huying.people.models import Grant

    roles = [code for code, role in ROLES.items() if "project.update" in role.verbs]
    granted = Grant.objects.on().filter(role__in=roles, user__is_active=True).values("user")
    return User.objects.filter(pk__in=granted).select_related("department").order_by("department", "pk")


class _Person(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj}（{obj.department}）" if obj.department else str(obj)


class _Coded(forms.ChoiceField):
    """A row chosen by its code; cleans to the row or None."""

    def __init__(self, model: Any, choices: Any, **more: Any) -> None:
        super().__init__(choices=optional(choices), **more)
        self.model = model

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        return self.model.objects.filter(code=code).first() if code else None

    def prepare_value(self, value: Any) -> Any:
        return getattr(value, "code", value)


def department_field(label: Any, *, required: bool = False) -> _Coded:
    return _Coded(Department, department_choices, label=label, required=required)


def area_field(label: Any, *, required: bool = False) -> _Coded:
    return _Coded(Area, area_choices, label=label, required=required)


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]
    """Everything that is known of a project but how far it is."""

    kind = forms.ChoiceField(label=_("类别"), required=False, choices=optional(words_of_rules("kinds")))
    area = area_field(_("所在街道、社区"))
    owner = department_field(_("责任单位"))
    street = department_field(_("填报单位"))
    leader = _Person(label=_("联系领导"), required=False, queryset=User.objects.none())
    officer = _Person(label=_("首席服务员"), required=False, queryset=User.objects.none())

    class Meta:
        model = Project
        fields = (
            "title", "level", "kind", "industry", "builder", "about", "total_wan", "area", "address", "lng", "lat",
            "owner", "street", "leader", "officer", "planned_start", "planned_finish",
        )  # fmt: skip
        widgets = {
            "about": forms.Textarea(attrs={"rows": 4}),
            "planned_start": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "planned_finish": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "lng": forms.HiddenInput, "lat": forms.HiddenInput,
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["leader"].queryset, self.fields["officer"].queryset = leaders(), staff()  # type: ignore[attr-defined]
        if self.instance.pk is None:
            self.fields = {"code": forms.CharField(label=_("编号"), max_length=40), **self.fields}
        else:
            self.fields["seen"] = forms.IntegerField(widget=forms.HiddenInput, initial=self.instance.version)

    def values(self) -> dict[str, Any]:
        """What an action takes."""
        return {key: value for key, value in self.cleaned_data.items() if key not in ("seen", "code")}


class UpdateForm(forms.Form):
    """One month. The previous month stands beside it on the page."""

    month = forms.ChoiceField(label=_("月份"))
    done_wan = wan_field(_("本月完成投资（万元）"), help_text=_("只写这一个月的，不是累计。没有就写 0。"))
    words = text_field(_("本月进展"), rows=4, help_text=_("干到了哪一步，和上个月比多了什么。"))
    problems = text_field(_("存在问题"), rows=3, required=False, longest=1000)
    open_case = forms.BooleanField(label=_("把问题交给“万人助万企”台账，由首席服务员跟着办"), required=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = month_in_hand()
        first = max(project.updates_from or last, last.replace(year=last.year - 1))
        sent = set(project.updates.filter(version=1).values_list("month", flat=True))
        today = timezone.localdate().replace(day=1)
        open_months = [month for month in months_between(first, today) if month not in sent]
        self.fields["month"].choices = [  # type: ignore[attr-defined]
            (f"{month:%Y-%m}", f"{month:%Y-%m}") for month in reversed(open_months)
        ]
        self.initial.setdefault("month", f"{last:%Y-%m}")


class CorrectionForm(forms.Form):
    """Another version of a month."""

    done_wan = wan_field(_("本月完成投资（万元）"))
    words = text_field(_("本月进展"))
    problems = text_field(_("存在问题"), rows=3, required=False, longest=1000)
    reason = forms.CharField(label=_("为什么更正"), max_length=300)


class StateForm(forms.Form):
    """That it has begun, is in service, finished, stopped."""

    state = forms.ChoiceField(label=_("现在的状态"), widget=forms.RadioSelect)
    on = day_field(_("哪一天"))
    words = forms.CharField(label=_("说明"), required=False, max_length=300, help_text=_("停建要写明原因。"))


class UndoForm(forms.Form):
    """A state was said by mistake."""

    words = forms.CharField(label=_("为什么撤回"), max_length=300)


class ListForm(forms.Form):
    """Onto a list, or off it."""

    list = forms.ChoiceField(label=_("名单"))
    day = day_field(_("哪一天"), required=False)
    words = forms.CharField(label=_("说明"), required=False, max_length=200)


class PlanForm(forms.Form):
    """The year's plan."""

    year = forms.IntegerField(label=_("年度"), min_value=2000, max_value=2100)
    plan_wan = wan_field(_("年度计划投资（万元）"))
    words = forms.CharField(
        label=_("原因"), required=False, max_length=300, help_text=_("改已有的计划时要写。")
    )


class MilestoneForm(forms.Form):
    """A step that is planned."""

    title = forms.CharField(
        label=_("节点"), max_length=120, help_text=_("例如：主体封顶、设备进场、竣工验收。")
    )
    planned_on = day_field(_("计划完成"))


class ReachForm(forms.Form):
    """A step is done."""

    on = day_field(_("哪一天完成"))
    words = forms.CharField(label=_("完成情况"), required=False, max_length=300)
    evidence = forms.FileField(label=_("照片"), required=False)


class PermitForm(forms.Form):
    """How far a permit is."""

    kind = forms.ChoiceField(label=_("手续"), choices=words_of_rules("permits"))
    state = forms.ChoiceField(label=_("状态"), choices=Permit.State.choices)
    on = day_field(_("日期"), required=False)
    number = forms.CharField(label=_("文号"), required=False, max_length=60)


class VisitForm(forms.Form):
    """Somebody was on site."""

    leader = _Person(label=_("到现场的领导"), queryset=User.objects.none())
    visited_on = day_field(_("哪一天"))
    words = text_field(_("看了什么，协调了什么"), rows=3, required=False, longest=1000)
    photo_lng = forms.FloatField(widget=forms.HiddenInput, required=False)
    photo_lat = forms.FloatField(widget=forms.HiddenInput, required=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["leader"].queryset = leaders()  # type: ignore[attr-defined]


class SessionForm(forms.Form):
    """A docking session."""

    kind = forms.ChoiceField(label=_("形式"), choices=ServiceSession.Kind.choices)
    held_on = day_field(_("哪一天"))
    with_whom = forms.CharField(label=_("与谁对接"), required=False, max_length=120)
    words = text_field(_("内容和结果"), rows=3, longest=1000)


class ProblemForm(forms.Form):
    """A problem for the ledger."""

    category = forms.ChoiceField(label=_("类别"))
    words = text_field(_("是什么问题，需要谁解决什么"), rows=4, longest=1000)


class MeetingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A meeting: its notice, and afterwards its minutes."""

    chair = _Person(label=_("主持"), required=False, queryset=User.objects.none())
    attendees = forms.ModelMultipleChoiceField(
        label=_("参会的联系领导"), required=False, queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    projects = forms.CharField(
        label=_("研究的项目"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("写项目编号，用空格或逗号隔开。"),
    )  # fmt: skip

    class Meta:
        model = Meeting
        fields = (
            "title",
            "held_on",
            "begins_at",
            "place",
            "chair",
            "monthly",
            "agenda",
            "attendees",
            "others",
            "minutes",
        )
        widgets = {
            "held_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "begins_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "agenda": forms.Textarea(attrs={"rows": 4}), "minutes": forms.Textarea(attrs={"rows": 10}),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("chair", "attendees"):
            self.fields[name].queryset = leaders()  # type: ignore[attr-defined]
        if self.instance.pk:
            codes = self.instance.projects.values_list("code", flat=True)
            self.initial["projects"] = " ".join(codes)
            self.fields["seen"] = forms.IntegerField(widget=forms.HiddenInput, initial=self.instance.version)

    def clean_projects(self) -> list[Project]:
        """The projects of these codes; unknown ones are named."""
        import re

        codes = [code for code in re.split(r"[\s,，、;；]+", self.cleaned_data["projects"]) if code]
        found = {project.code: project for project in Project.objects.filter(code__in=codes)}
        if unknown := [code for code in codes if code not in found]:
            raise forms.ValidationError(_("没有这些编号的项目：%s") % "、".join(unknown[:10]))
        return list(found.values())


class DecisionForm(forms.Form):
    """What was decided."""

    words = forms.CharField(label=_("议定事项"), max_length=400)
    department = department_field(_("责任单位"), required=True)
    due_on = day_field(_("完成时限"), required=False)
    project = forms.ModelChoiceField(
        label=_("哪个项目"), required=False, queryset=Project.objects.none(), empty_label=_("不属于一个项目")
    )
    as_problem = forms.BooleanField(label=_("是这个项目的问题：立案督办，案件销号才算办结"), required=False)

    def __init__(self, *args: Any, meeting: Meeting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = meeting.projects.all()  # type: ignore[attr-defined]


class WorkForm(forms.Form):
    """Work that is done, in its quantity."""

    kind = forms.ChoiceField(label=_("工程"))
    quantity = forms.DecimalField(label=_("数量"), max_digits=14, decimal_places=3, min_value=0)
    pieces = forms.IntegerField(
        label=_("处数"), min_value=1, initial=1, help_text=_("几条路、几处地方；一处就写 1。")
    )
    done_on = day_field(_("完成日期"))
    area = area_field(_("地点"), required=True)
    cost_wan = wan_field(_("投入（万元）"), required=False)
    words = forms.CharField(label=_("说明"), required=False, max_length=300)
    evidence = forms.FileField(label=_("照片"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (word.code, f"{word}（{word.counted_in}）") for word in project_rules().works.values()
        ]


class WorkCorrectionForm(forms.Form):
    """It was written down wrong."""

    quantity = forms.DecimalField(label=_("数量"), max_digits=14, decimal_places=3, min_value=0)
    pieces = forms.IntegerField(label=_("处数"), min_value=1)
    done_on = day_field(_("完成日期"))
    words = forms.CharField(label=_("说明"), required=False, max_length=300)
    reason = forms.CharField(label=_("为什么更正"), max_length=300)
    seen = forms.IntegerField(widget=forms.HiddenInput)


class GrantForm(forms.Form):
    """A village asks for what its work is worth."""

    kind = forms.ChoiceField(label=_("奖补类别"))
    area = area_field(_("村、社区"), required=True)
    quantity = forms.DecimalField(label=_("工程量"), max_digits=14, decimal_places=3, min_value=0)
    amount_wan = wan_field(_("申报金额（万元）"), required=False, help_text=_("不写就按包里的单价算。"))
    words = forms.CharField(label=_("说明"), required=False, max_length=300)
    evidence = forms.FileField(label=_("照片"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (word.code, f"{word}（{word.counted_in}）") for word in project_rules().grants.values()
        ]


class InspectForm(forms.Form):
    """What was found on the spot."""

    passed = forms.TypedChoiceField(
        label=_("验收"), choices=(("yes", _("通过")), ("no", _("不通过"))), coerce=lambda value: value == "yes",
        widget=forms.RadioSelect, initial="yes",
    )  # fmt: skip
    quantity = forms.DecimalField(
        label=_("验收工程量"), required=False, max_digits=14, decimal_places=3, min_value=0
    )
    granted_wan = wan_field(_("核定金额（万元）"), required=False, help_text=_("不写就按验收的工程量折算。"))
    words = forms.CharField(label=_("说明"), required=False, max_length=300)


class ReportItemForm(forms.Form):
    """How far a task of the war map is."""

    progress = forms.IntegerField(label=_("进度（%）"), min_value=0, max_value=100)
    words = forms.CharField(label=_("进展"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}))
    done = forms.BooleanField(label=_("已达到完成标准，请核实"), required=False)
    evidence = forms.FileField(label=_("证明：照片"), required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)


class CheckItemForm(forms.Form):
    """Whether the standard is met."""

    met = forms.TypedChoiceField(
        label=_("核实结果"), choices=(("yes", _("达到标准")), ("no", _("没有达到，退回"))),
        coerce=lambda value: value == "yes", widget=forms.RadioSelect,
    )  # fmt: skip
    words = forms.CharField(label=_("核实意见"), max_length=400)
