"""Keys of apps that post by Open311, for administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.pages import Column, ListPage
from huying.core.templatetags.parts import badge
from huying.integrations.open311 import keys
from huying.integrations.open311.keys import VERB
from huying.integrations.open311.models import ApiKey
from huying.people.guards import EverywhereRequired, reader, requires_everywhere
from huying.people.views.common import act, form_page


class KeyForm(forms.Form):
    """Which app, whom to ask, how much."""

    title = forms.CharField(
        label=gettext_lazy("应用"),
        max_length=80,
        error_messages={"required": gettext_lazy("请写明是哪个应用。")},
    )
    contact = forms.CharField(
        label=gettext_lazy("出问题时找谁"), max_length=120,
        error_messages={"required": gettext_lazy("请写明出问题时找谁。")},
    )  # fmt: skip
    per_hour = forms.IntegerField(
        label=gettext_lazy("每小时最多提交"), min_value=1, max_value=100_000, initial=200
    )


class Keys(EverywhereRequired, ListPage):
    """Every key, in force or not."""

    verb = VERB
    name = "open311-keys"
    title = gettext_lazy("Open311")
    lead = gettext_lazy(
        "手机应用和别的城市用 Open311 提交诉求、读取公开的办理情况。提交需要密钥，读取不需要。"
    )
    template_name = "open311/keys.html"
    order = "pk"
    columns = (
        Column("title", gettext_lazy("应用")),
        Column("contact", gettext_lazy("联系方式")),
        Column("ending", gettext_lazy("密钥末尾"), value=lambda row: f"…{row.ending}"),
        Column("count", gettext_lazy("提交"), css="cell--number"),
        Column("per_hour", gettext_lazy("每小时最多"), css="cell--number"),
        Column("used_at", gettext_lazy("最近使用")),
        Column(
            "state", gettext_lazy("状态"), value=lambda row: row.revoked_at is None,
            show=lambda row: _state(row),
        ),
        Column(
            "end", "", export=False,
            show=lambda row: "" if row.revoked_at else format_html(
                '<a class="button button--quiet" href="?revoke={}">{}</a>', row.pk, _("停用")
            ),
        ),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("还没有密钥"), "text": gettext_lazy("应用提交诉求前，先在这里给它一个密钥。"),
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.annotate(count=Count("posted"))

    def extra_context(self) -> dict[str, Any]:
        asked = self.request.GET.get("revoke", "")
        known = asked.isascii() and asked.isdigit() and len(asked) < 10
        return {"revoking": ApiKey.objects.filter(pk=int(asked), revoked_at=None).first() if known else None}


def _state(key: ApiKey) -> Any:
    return badge(_("已停用"), "red", "pause") if key.revoked_at else badge(_("有效"), "green", "check")


@requires_everywhere(VERB)
def add(request: HttpRequest) -> HttpResponse:
    """A new key; its secret is shown on the next page, once."""
    form = KeyForm(request.POST or None)

    def save(data: dict[str, Any]) -> HttpResponse:
        key, secret = keys.make_key(actor=reader(request), **data)
        context = {"key": key, "secret": secret, "title": _("请保存密钥")}
        return render(request, "open311/secret.html", context)

    crumbs = [("Open311", reverse("open311:keys"))]
    return form_page(request, form, save, title=_("添加密钥"), crumbs=crumbs, cancel_url=crumbs[0][1])


@require_POST
@requires_everywhere(VERB)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a key."""
    key = get_object_or_404(ApiKey, pk=pk)
    done = _("已停用，用它提交过的诉求照常办理。")
    return act(request, lambda: keys.revoke_key(key, actor=reader(request)), done, reverse("open311:keys"))
