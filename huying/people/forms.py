"""Forms of the administrative pages. Choices hold only what the reader may manage."""

from __future__ import annotations

import difflib
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.people.models import Department, Post, User
from huying.people.policy import areas_for, departments_for, paths_of, users_for
from huying.people.roles import ROLES
from huying.people.topics import topics
from huying.places.models import ADMINISTRATIVE, Area, Road

CODE = RegexValidator(
    r"^[a-z0-9][a-z0-9-]*$", gettext_lazy("代码只用小写字母、数字和连字符，例如 street-pucheng。")
)
PHONE = RegexValidator(r"^[0-9+][0-9 -]{2,28}$", gettext_lazy("电话只填数字和连字符，例如 0375-3991234。"))
CHOSEN_LEVELS = (Area.Level.DISTRICT, Area.Level.SUBDISTRICT, Area.Level.COMMUNITY, Area.Level.VILLAGE)
_INDENT = {Area.Level.DISTRICT: 0, Area.Level.SUBDISTRICT: 1}


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AreaTreeField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of areas down to the community, indented as they nest."""

    def label_from_instance(self, area: Any) -> str:
        return "　" * _INDENT.get(area.level, 2) + str(area)


class NamedField(forms.CharField):
    """A text that names one row by its code or title; the nearest names are told when none fits."""

    def __init__(self, *, code: str = "code", title: str = "title", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.code, self.title = code, title
        self.rows: Any = None

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = list(self.rows.filter(Q(**{self.code: text}) | Q(**{self.title: text}))[:5])
        exact = [row for row in found if getattr(row, self.code) == text]
        if len(exact) == 1 or len(found) == 1:
            return (exact or found)[0]
        if found:
            names = "、".join(str(getattr(row, self.code)) for row in found)
            raise forms.ValidationError(
                _("“%(text)s”有多个，请改填代码：%(names)s。") % {"text": text, "names": names}
            )
        near = difflib.get_close_matches(text, self.rows.values_list(self.title, flat=True), n=3, cutoff=0.4)
        if near:
            raise forms.ValidationError(
                _("没有“%(text)s”，是不是：%(names)s？") % {"text": text, "names": "、".join(near)}
            )
        raise forms.ValidationError(_("没有“%s”，或它不在您管理的区域内。") % text)


def area_tree(reader: User, verb: str = "people.manage") -> Any:
    """The areas in use down to the community that the reader may manage, in the order of the tree."""
    areas = areas_for(reader, verb).filter(layer=ADMINISTRATIVE, level__in=CHOSEN_LEVELS, valid_to=None)
    return areas.order_by("path")


def _department_choices(reader: User) -> Any:
    return departments_for(reader).filter(valid_to=None).order_by("kind", "code")


def topic_choices() -> list[tuple[str, Any]]:
    """Main topics as groups over their children, for a select."""
    known = topics()
    groups: dict[str, list[tuple[str, str]]] = {
        code: [(code, _("%s（全部）") % name.title)] for code, name in known.items() if not name.parent
    }
    for code, name in known.items():
        if name.parent in groups:
            groups[name.parent].append((code, name.title))
    return [("", "---------"), *((known[code].title, rows) for code, rows in groups.items())]


class DepartmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Fields of a department; `code` only for a new one."""

    code = forms.CharField(
        label=gettext_lazy("代码"),
        max_length=40,
        validators=[CODE],
        help_text=gettext_lazy("小写字母、数字和连字符，保存后不能改。"),
        error_messages={"unique": gettext_lazy("这个代码已有部门使用，请换一个。")},
    )
    area = AreaTreeField(label=gettext_lazy("区域"), queryset=Area.objects.none(), required=False)
    phone = forms.CharField(label=gettext_lazy("电话"), required=False, max_length=30, validators=[PHONE])

    class Meta:
        model = Department
        fields: ClassVar = ["code", "title", "title_en", "kind", "parent", "area", "phone", "can_lead"]
        help_texts: ClassVar = {"can_lead": gettext_lazy("社区和村只协办，不主办。")}

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if self.instance.pk:
            del self.fields["code"]
        fields["area"].queryset = area_tree(reader)
        fields["area"].required = paths_of(reader, "people.manage") is not None
        parents = Department.objects.filter(valid_to=None).exclude(pk=self.instance.pk)
        fields["parent"].queryset = parents.order_by("kind", "code")


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who somebody is. Roles are given on the account's page."""

    username = forms.CharField(
        label=gettext_lazy("用户名"),
        max_length=150,
        validators=[CODE],
        help_text=gettext_lazy("登录用，小写字母、数字和连字符，保存后不能改。"),
        error_messages={"unique": gettext_lazy("这个用户名已有人用，请换一个。")},
    )
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=60)
    phone = forms.CharField(label=gettext_lazy("电话"), required=False, max_length=30, validators=[PHONE])

    class Meta:
        model = User
        fields: ClassVar = ["username", "name", "title", "phone", "department"]

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if self.instance.pk:
            del self.fields["username"]
        fields["department"].queryset = _department_choices(reader)
        fields["department"].required = paths_of(reader, "people.manage") is not None


class GrantForm(forms.Form):
    """One role, where, and for how long."""

    role = forms.ChoiceField(label=gettext_lazy("角色"))
    area = AreaTreeField(
        label=gettext_lazy("限于区域"),
        queryset=Area.objects.none(),
        required=False,
        empty_label=gettext_lazy("全区"),
    )
    department = forms.ModelChoiceField(
        label=gettext_lazy("限于部门"),
        queryset=Department.objects.none(),
        required=False,
        empty_label=gettext_lazy("不限（承办人、负责人按账号的部门）"),
    )
    ends_on = forms.DateField(label=gettext_lazy("止"), required=False, widget=DateInput())

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["role"].choices = [
            ("", "---------"),
            *((code, role.title) for code, role in ROLES.items()),
        ]
        fields["area"].queryset = area_tree(reader)
        if paths_of(reader, "people.manage") is not None:
            fields["area"].required, fields["area"].empty_label = True, "---------"
        fields["department"].queryset = _department_choices(reader)


class HoldingForm(forms.Form):
    """A post, and the area or road it is held for."""

    post = forms.ModelChoiceField(label=gettext_lazy("岗位"), queryset=Post.objects.all())
    area = NamedField(
        label=gettext_lazy("区域"),
        required=False,
        help_text=gettext_lazy("名称或代码，例如“东苑社区第1网格”。"),
    )
    road = NamedField(
        label=gettext_lazy("道路"), required=False, help_text=gettext_lazy("路长填这里，例如“建设路”。")
    )
    starts_on = forms.DateField(
        label=gettext_lazy("起"), required=False, widget=DateInput(), help_text=gettext_lazy("不填为今天。")
    )

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["area"].rows = areas_for(reader, "people.manage").filter(valid_to=None)
        fields["road"].rows = Road.objects.all()


class DutyForm(forms.Form):
    """Who answers for which topic in which area."""

    topic = forms.ChoiceField(
        label=gettext_lazy("事项"), help_text=gettext_lazy("选大类时，连同其下的小类一并负责。")
    )
    area = NamedField(label=gettext_lazy("区域"), help_text=gettext_lazy("名称或代码；区域越小越优先。"))
    department = forms.ModelChoiceField(
        label=gettext_lazy("责任单位"),
        queryset=Department.objects.none(),
        help_text=gettext_lazy("只列出可以主办的在用部门。"),
    )
    post = forms.ModelChoiceField(label=gettext_lazy("由岗位"), queryset=Post.objects.all(), required=False)
    user = NamedField(
        label=gettext_lazy("由个人"),
        required=False,
        code="username",
        title="name",
        help_text=gettext_lazy("用户名或姓名。"),
    )
    starts_on = forms.DateField(label=gettext_lazy("起"), required=False, widget=DateInput())
    ends_on = forms.DateField(label=gettext_lazy("止"), required=False, widget=DateInput())

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["topic"].choices = topic_choices()
        fields["area"].rows = areas_for(reader, "people.manage").filter(valid_to=None)
        # A street's duty may well be a bureau's: any department that may lead, not only those of the area.
        fields["department"].queryset = Department.objects.filter(valid_to=None, can_lead=True).order_by(
            "kind", "code"
        )
        fields["user"].rows = users_for(reader).filter(is_active=True)


class AreaForm(forms.ModelForm):  # type: ignore[type-arg]
    """What may be changed of an area by hand."""

    class Meta:
        model = Area
        fields: ClassVar = ["title", "title_en", "households"]


class NoticeForm(forms.Form):
    """A State Council notice, pasted as it was published."""

    year = forms.IntegerField(label=gettext_lazy("年份"), min_value=2000, max_value=2100)
    notice = forms.CharField(
        label=gettext_lazy("通知文号"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("例如：国办发明电〔2025〕7号"),
    )
    text = forms.CharField(
        label=gettext_lazy("通知正文"),
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=gettext_lazy(
            "粘贴国务院办公厅通知中“一、元旦：……”起的各条，系统读出放假和上班的日子，核对后再公布。"
        ),
    )


class LocalDayForm(forms.Form):
    """A day that the district decides itself."""

    day = forms.DateField(label=gettext_lazy("日期"), widget=DateInput())
    is_workday = forms.TypedChoiceField(
        label=gettext_lazy("安排"),
        choices=[("", "---------"), ("0", gettext_lazy("放假")), ("1", gettext_lazy("上班"))],
        coerce=lambda value: value == "1",
    )
    title = forms.CharField(
        label=gettext_lazy("说明"),
        max_length=60,
        help_text=gettext_lazy("为什么，例如“防汛值守，全员上班”。"),
    )


class OfficeHoursForm(forms.Form):
    """Spans of a working day, from a day on."""

    valid_from = forms.DateField(label=gettext_lazy("启用日期"), widget=DateInput())
    spans = forms.CharField(
        label=gettext_lazy("办公时段"),
        initial="08:00-12:00 14:00-18:00",
        help_text=gettext_lazy("每段写开始-结束，段间用空格，例如 08:30-12:00 15:00-18:30。"),
    )

    def clean_spans(self) -> list[list[str]]:
        text = self.cleaned_data["spans"].replace("：", ":").replace("–", "-").replace("—", "-")
        return [span.split("-") for span in text.replace("，", " ").replace(",", " ").split()]


class SpreadsheetForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy(".xlsx 或 .csv，第一行是列名，与导出的表格相同。"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )
