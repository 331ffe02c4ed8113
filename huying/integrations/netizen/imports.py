"""Messages by spreadsheet, as message boards export them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import policy
from huying.cases.models import Case
from huying.core.phones import PHONE
from huying.integrations.hotline.words import value_words
from huying.integrations.netizen.actions import BOARD, Incoming, differences, take_message
from huying.integrations.netizen.models import Message, MessagesUpload
from huying.integrations.sheets import Importer, Plan, SheetColumn, read_moment
from huying.people.models import User

VERB = "netizen.answer"


class MessageImporter(Importer):
    """Each row is one message; its number on its platform names it."""

    title = gettext_lazy("导入网民留言")
    lead = gettext_lazy("留言板后台导出的表格。")
    name, namespace, prefix = "messages", "netizen", "desk/netizen/import"
    verb = VERB
    key = "number"
    model = MessagesUpload
    columns = (
        SheetColumn(gettext_lazy("留言编号"), "number", True, "20884213"),
        SheetColumn(gettext_lazy("留言内容"), "words", True, gettext_lazy("建设路路灯坏了一周")),
        SheetColumn(gettext_lazy("平台"), "platform", False, BOARD),
        SheetColumn(gettext_lazy("标题"), "title"),
        SheetColumn(gettext_lazy("昵称"), "nickname"),
        SheetColumn(gettext_lazy("联系电话"), "phone"),
        SheetColumn(gettext_lazy("地点"), "address"),
        SheetColumn(gettext_lazy("留言时间"), "posted_at", False, "2026-11-21 08:30"),
        SheetColumn(gettext_lazy("答复期限"), "reply_due_at", False, "2026-11-28"),
        SheetColumn(gettext_lazy("链接"), "link"),
    )
    _longest = {
        "number": 60, "platform": 60, "title": 120, "nickname": 60, "address": 160, "link": 500, "words": 5000,
    }  # fmt: skip

    def crumbs(self) -> list[tuple[str, str]]:
        return [(_("网民留言"), reverse("netizen:list"))]

    def plan(self, cells: Mapping[str, str], actor: User) -> Plan:
        values: dict[str, Any] = {"platform": BOARD}
        errors: list[tuple[str, str]] = []
        for key, text in cells.items():
            if not text and key not in ("address",):
                continue
            if key in ("posted_at", "reply_due_at"):
                try:
                    values[key] = read_moment(text)
                except ValueError:
                    errors.append((key, _("时间看不懂：请写成 2026-11-21 08:30 的样子。")))
                continue
            if len(text) > self._longest.get(key, 60):
                errors.append((key, _("太长：最多 %d 个字。") % self._longest.get(key, 60)))
            values[key] = text
        if (phone := values.get("phone")) and not PHONE.match(phone.replace(" ", "")):
            errors.append(("phone", _("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。")))
        if link := values.get("link"):
            try:
                URLValidator(schemes=["http", "https"])(link)
            except ValidationError:
                errors.append(("link", _("网址要以 http:// 或 https:// 开头。")))
        if errors:
            return Plan(errors=errors)
        incoming = Incoming(**values)
        known = (
            Message.objects.select_related("report")
            .filter(platform=incoming.platform, number=incoming.number)
            .first()
        )

        def take() -> object:
            return take_message(incoming, actor=actor)

        if known is None:
            return Plan("new", incoming.number, apply=take)
        if not policy.may(actor, "case.view", Case.objects.get(pk=known.report.case_id)):
            return Plan(errors=[("number", _("这条留言不在您负责的区域内，请交给区级人员导入。"))])
        changes = differences(known, incoming)
        words = [
            _("%(field)s：%(old)s → %(new)s")
            % {"field": self.heading(name), "old": value_words(old), "new": value_words(new)}
            for name, (old, new) in changes.items()
        ]
        return Plan("changed" if changes else "same", incoming.number, words, apply=take)


MESSAGES = MessageImporter()
