"""Naming a server, and what goes there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.models import Category
from huying.integrations.forwarding.models import Partner
from huying.people.access import scopes
from huying.people.models import Department, User


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A server: where it is, whose cases go there, in whose name its results are reported."""

    new_key = forms.CharField(
        label=gettext_lazy("接口密钥"), required=False, max_length=200,
        help_text=gettext_lazy("对方给的 api_key。留空不改；保存后不再显示。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    department = forms.ModelChoiceField(
        Department.objects.filter(valid_to=None, can_lead=True), label=gettext_lazy("承办单位"),
        empty_label=gettext_lazy("请选择"),
        help_text=gettext_lazy("派给这个单位的案件才转过去；责任和时限仍在本单位。"),
    )  # fmt: skip
    account = forms.CharField(
        label=gettext_lazy("经办账号"), max_length=150,
        help_text=gettext_lazy("承办单位一个账号的用户名。对方办结后，以这个账号的名义报告处置。"),
    )  # fmt: skip

    class Meta:
        model = Partner
        fields = ("title", "base_url", "jurisdiction_id", "format", "department", "account")
        help_texts = {
            "base_url": gettext_lazy("requests.json 所在的目录，例如 https://311.example.org/open311/v2"),
            "jurisdiction_id": gettext_lazy("对方只服务一个辖区时可以不填。"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.initial["account"] = self.instance.account.username

    def clean_account(self) -> User:
        """An account that may report what its department has done."""
        user = User.objects.filter(username=self.cleaned_data["account"].strip(), is_active=True).first()
        if user is None:
            raise forms.ValidationError(_("没有这个账号，或已停用。"))
        return user

    def clean(self) -> dict[str, Any]:
        """The account serves the department."""
        data = super().clean() or {}
        user, department = data.get("account"), data.get("department")
        if user and department:
            held = scopes(user, "case.report_handled")
            if not any(scope.department_id in (None, department.pk) for scope in held):
                self.add_error("account", _("这个账号不能为“%s”报告处置。") % department)
        return data


class RouteForm(forms.Form):
    """A category of ours, the service there, and its attributes a line each."""

    category = forms.ModelChoiceField(
        Category.objects.filter(active=True).select_related("ledger"), label=gettext_lazy("类别"),
        empty_label=gettext_lazy("请选择"), error_messages={"required": gettext_lazy("请选择类别。")},
    )  # fmt: skip
    service_code = forms.CharField(
        label=gettext_lazy("对方的服务"), max_length=80,
        error_messages={"required": gettext_lazy("请填写对方的服务代码（service_code）。")},
    )  # fmt: skip
    attributes = forms.CharField(
        label=gettext_lazy("附加属性"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("一行一个：对方的属性代码 = 内容。内容写成 {字段代码} 就取诉求里填的值，私密字段不取。"),
    )  # fmt: skip

    def __init__(self, *args: Any, services: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["category"]
        choice.label_from_instance = lambda category: f"{category.ledger} · {category}"
        if services:
            self.fields["service_code"].widget = forms.Select(choices=[("", _("请选择")), *services])

    def clean_attributes(self) -> dict[str, str]:
        """Code → words."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["attributes"].splitlines(), 1):
            code, equals, words = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not equals or not code or not words:
                raise forms.ValidationError(_("第 %d 行请写成：属性代码 = 内容。") % number)
            found[code[:80]] = words[:200]
        return found


class WithdrawForm(forms.Form):
    """Why a matter is no longer followed."""

    reason = forms.CharField(
        label=gettext_lazy("为什么不再跟踪"), max_length=200,
        error_messages={"required": gettext_lazy("请写明原因，例如：对方电话告知不受理，改由本单位处置。")},
    )  # fmt: skip
