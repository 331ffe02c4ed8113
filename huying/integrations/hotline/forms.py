"""The connection to a city."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.models import Ledger
from huying.integrations.hotline.models import CitySystem

SECRET_AT_LEAST = 16


class SystemForm(forms.ModelForm):  # type: ignore[type-arg]
    """Everything but the secret, which is written and never read back."""

    new_secret = forms.CharField(
        label=gettext_lazy("密钥"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("双方约定，至少 16 个字符。留空不改；换新的以后，旧的再用 7 天。"),
    )

    base_url = forms.URLField(
        label=gettext_lazy("推送地址"),
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text=gettext_lazy(
            "进展和结果推送到 <地址>/orders/<工单号>/events。没有接口的留空，用表格交换。"
        ),
    )

    class Meta:
        model = CitySystem
        fields = ("code", "title", "ledger", "key_id", "base_url", "returns_at_most")
        help_texts = {
            "code": gettext_lazy("小写英文字母、数字和连字符，例如 pds-12345。"),
            "key_id": gettext_lazy("随每个请求发送，用来找到密钥。"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["ledger"].queryset = Ledger.objects.filter(active=True)
        if self.instance.pk:
            fields["code"].disabled = True

    def clean_new_secret(self) -> str:
        secret: str = self.cleaned_data["new_secret"]
        if not secret and not self.instance.pk:
            raise forms.ValidationError(_("请填写和市热线约定的密钥。"))
        if secret and len(secret) < SECRET_AT_LEAST:
            raise forms.ValidationError(_("密钥太短：至少 %d 个字符。") % SECRET_AT_LEAST)
        return secret
