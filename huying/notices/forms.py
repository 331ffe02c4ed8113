"""Forms of notices and news."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.notices.channels import channels
from huying.notices.models import Comment, News, Preference, Robot
from huying.notices.news import areas_to_publish
from huying.people.forms import NamedField
from huying.people.models import User
from huying.people.policy import areas_for, departments_for
from huying.people.roles import ROLES

_STAMP = "%Y-%m-%dT%H:%M"


class MomentField(forms.DateTimeField):
    """A moment by the browser's own control, in a century that makes sense."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.DateTimeInput(format=_STAMP, attrs={"type": "datetime-local"}),
            input_formats=[_STAMP, "%Y-%m-%d %H:%M", "%Y-%m-%d"],
            error_messages={"invalid": gettext_lazy("时间写成 2026-11-20 09:00。")},
            **options,
        )

    def to_python(self, value: Any) -> dt.datetime | None:
        try:
            found = super().to_python(value)
        except OverflowError:
            found = dt.datetime.min
        if found is not None and not 2000 <= found.year <= 2099:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return found


class NewsForm(forms.ModelForm):  # type: ignore[type-arg]
    """One news item. The area is named, because a district has hundreds of grids."""

    area = NamedField(
        label=gettext_lazy("发到哪里"),
        help_text=gettext_lazy("区、街道、社区、小区或网格的名称或代码；发到它和它里面的所有网格。"),
        error_messages={"required": gettext_lazy("请填写区域，例如“东苑社区”。")},
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("发给哪些工作人员"),
        help_text=gettext_lazy("都不选：这个区域的全部工作人员。"),
        choices=[(code, role.title) for code, role in ROLES.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    publish_from = MomentField(label=gettext_lazy("发布时间"))
    publish_until = MomentField(label=gettext_lazy("撤下时间"), required=False)
    closes_at = MomentField(
        label=gettext_lazy("意见截止"), required=False, help_text=gettext_lazy("只用于征求意见。")
    )

    class Meta:
        model = News
        fields: ClassVar = [
            "title", "kind", "area", "body", "spoken", "public", "to_groups", "roles", "confirm", "pinned",
            "publish_from", "publish_until", "closes_at",
        ]  # fmt: skip
        widgets: ClassVar = {
            "body": forms.Textarea(attrs={"rows": 14}),
            "spoken": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts: ClassVar = {
            "body": gettext_lazy(
                "可以用 Markdown：# 小标题，- 列表，**加粗**，[文字](网址)，表格。不支持嵌入网页代码。"
            ),
            "spoken": gettext_lazy("村村响、小区广播念的话，300 字以内；不写就取正文开头。"),
            "to_groups": gettext_lazy("这个区域登记过的企业微信、钉钉群。"),
        }

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["area"].rows = areas_to_publish(reader)
        if self.instance.pk:
            self.initial["area"] = self.instance.area.code

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if (
            data.get("kind") == News.Kind.CONSULTATION
            and not data.get("closes_at")
            and "closes_at" not in self.errors
        ):
            self.add_error("closes_at", _("征求意见要写截止时间。"))
        return data

    def _post_clean(self) -> None:
        """Validate the model without writing into it: the action does that, and wants to see what was before."""


class RobotForm(forms.ModelForm):  # type: ignore[type-arg]
    """A group's robot. What is sealed is never shown again: empty means unchanged."""

    address = forms.CharField(
        label=gettext_lazy("Webhook 地址"),
        max_length=600,
        help_text=gettext_lazy("在群里“添加机器人”后复制。保存后不再显示；留空表示不改。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    secret = forms.CharField(
        label=gettext_lazy("加签密钥"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("钉钉机器人安全设置选“加签”时的 SEC…；留空表示不改。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    area = NamedField(
        label=gettext_lazy("区域群"),
        required=False,
        help_text=gettext_lazy("这个区域的新闻、政策发到这里。填名称或代码。"),
    )

    class Meta:
        model = Robot
        fields: ClassVar = [
            "title", "channel", "address", "secret", "department", "area", "hears_cases", "hears_news", "active",
        ]  # fmt: skip
        help_texts: ClassVar = {"department": gettext_lazy("派给这个部门的案件、催办、督办发到这里。")}

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["area"].rows = areas_for(reader, "notices.manage").filter(valid_to=None)
        fields["department"].queryset = departments_for(reader, "notices.manage").filter(valid_to=None)
        fields["department"].required = False
        if self.instance.pk:
            fields["address"].required = False
            self.initial = {
                **self.initial,
                "address": "", "secret": "", "area": self.instance.area.code if self.instance.area else "",
            }  # fmt: skip

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip()
        if address and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname):
            raise ValidationError(_("地址要以 https:// 开头，请从群机器人设置里整段复制。"))
        return address

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if (
            not data.get("department")
            and not data.get("area")
            and not {"department", "area"} & set(self.errors)
        ):
            self.add_error(None, _("请至少选一个部门或一个区域，不然没有消息发给它。"))
        return data

    def _post_clean(self) -> None:
        """As above."""


TOPICS: Mapping[str, Any] = {
    "mine": gettext_lazy("交给我本人的"),
    "department": gettext_lazy("发给我单位的"),
    "news": gettext_lazy("新闻、政策"),
}


class PreferenceForm(forms.Form):
    """Besides the bell, which always rings."""

    quiet_from = forms.TimeField(
        label=gettext_lazy("免打扰从"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text=gettext_lazy("两格都空着：用全区统一的时段。紧急事项不受限制。"),
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("到"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    daily = forms.BooleanField(label=gettext_lazy("每天早上汇总成一条（紧急的照常立即发）"), required=False)

    def __init__(self, own: Preference | None, *args: Any, **kwargs: Any) -> None:
        own = own or Preference()
        kwargs["initial"] = {
            "quiet_from": own.quiet_from,
            "quiet_until": own.quiet_until,
            "daily": own.daily,
        } | {topic: own.channels_for(topic) for topic in TOPICS}
        super().__init__(*args, **kwargs)
        people = [(code, way.title) for code, way in channels().items() if way.reaches == "person"]
        for topic, title in TOPICS.items():
            self.fields[topic] = forms.MultipleChoiceField(
                label=title, choices=people, required=False, widget=forms.CheckboxSelectMultiple
            )
        self.order_fields([*TOPICS, "quiet_from", "quiet_until", "daily"])

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if (data.get("quiet_from") is None) != (data.get("quiet_until") is None):
            self.add_error("quiet_until", _("起止时间要么都填，要么都不填。"))
        return data

    def values(self) -> dict[str, Any]:
        """The row's fields."""
        data = self.cleaned_data
        return {
            "channels": {topic: data[topic] for topic in TOPICS},
            "quiet_from": data["quiet_from"], "quiet_until": data["quiet_until"], "daily": data["daily"],
        }  # fmt: skip


class CommentForm(forms.Form):
    """An opinion, without a name."""

    use_required_attribute = False
    words = forms.CharField(
        label=gettext_lazy("您的意见"),
        max_length=1000,
        help_text=gettext_lazy("不用留姓名电话；公开前工作人员会看一遍。"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("请写下您的意见。")},
    )
    client_id = forms.UUIDField(widget=forms.HiddenInput)
    website = forms.CharField(
        required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
    )


class JudgeForm(forms.Form):
    """Show it or not, with an answer."""

    state = forms.ChoiceField(choices=Comment.State.choices)
    answer = forms.CharField(required=False, max_length=1000)
