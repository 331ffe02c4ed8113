"""Papers in the desk's navigation."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register


def _to_sign(user: Any) -> int:
    from huying.papers.views.lists import waiting

    return waiting(user, "sign").count()


def _unanswered(user: Any) -> int:
    from huying.papers.views.lists import unanswered

    return unanswered(user)


register(
    NavigationItem(_("收文"), "papers:received", "inbox", "desk.department", "department", _unanswered),
    NavigationItem(_("待签批"), "papers:to-sign", "edit", "paper.sign", "supervision", _to_sign),
    NavigationItem(_("文稿"), "papers:drafts", "edit", "paper.draft", "supervision"),
    NavigationItem(_("发文登记簿"), "papers:issued", "document", "paper.issue", "supervision"),
    NavigationItem(_("会议"), "papers:meetings", "users", "paper.draft", "supervision"),
)
