"""A message copied from a board by hand, the answer to one, and a mailbox."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.integrations.netizen.actions import BOARD
from huying.integrations.netizen.models import Mailbox

_MOMENT = {"type": "datetime-local"}


class MessageForm(forms.Form):
    """What a clerk copies from a message board."""

    platform = forms.CharField(label=gettext_lazy("平台"), max_length=60, initial=BOARD)
    number = forms.CharField(
        label=gettext_lazy("留言编号"),
        max_length=60,
        help_text=gettext_lazy("平台上的编号，同一编号只登记一次。"),
    )
    link = forms.URLField(label=gettext_lazy("链接"), max_length=500, required=False, assume_scheme="https")
    nickname = forms.CharField(label=gettext_lazy("昵称"), max_length=60, required=False)
    title = forms.CharField(label=gettext_lazy("标题"), max_length=60, required=False)
    words = forms.CharField(
        label=gettext_lazy("留言内容"), max_length=5000, widget=forms.Textarea(attrs={"rows": 6})
    )
    address = forms.CharField(label=gettext_lazy("地点"), max_length=160, required=False)
    posted_at = forms.DateTimeField(
        label=gettext_lazy("留言时间"), required=False, widget=forms.DateTimeInput(attrs=_MOMENT)
    )
    reply_due_at = forms.DateTimeField(
        label=gettext_lazy("答复期限"), required=False, widget=forms.DateTimeInput(attrs=_MOMENT)
    )


class ReplyForm(forms.Form):
    """The official answer; with warnings it is released only on a second look."""

    reply = forms.CharField(
        label=gettext_lazy("答复"), max_length=5000, widget=forms.Textarea(attrs={"rows": 8})
    )


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg]
    """Everything but the password, which is written and never read back."""

    new_password = forms.CharField(
        label=gettext_lazy("密码或授权码"), required=False, strip=False, help_text=gettext_lazy("留空不改。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    class Meta:
        model = Mailbox
        fields = (
            "title", "address", "host", "port", "security", "username", "folder", "done_folder", "active",
        )  # fmt: skip

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if not password and not self.instance.pk:
            raise forms.ValidationError(_("请填写密码或授权码。"))
        return password

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("security") == Mailbox.Security.NONE and cleaned.get("host") not in (
            "localhost",
            "127.0.0.1",
            "::1",
        ):
            self.add_error("security", _("密码不能不加密地经过网络。请选 TLS 或 STARTTLS。"))
        if cleaned.get("folder") and cleaned.get("folder") == cleaned.get("done_folder"):
            self.add_error("done_folder", _("要和收件文件夹不同，否则同一封邮件会反复读取。"))
        if not 1 <= (cleaned.get("port") or 0) <= 65535:
            self.add_error("port", _("端口是 1 到 65535 的数。"))
        for name in ("folder", "done_folder", "username"):
            text = cleaned.get(name) or ""
            if not (text.isascii() and text.isprintable()):
                self.add_error(name, _("只能用英文字母、数字和符号。"))
        return cleaned
