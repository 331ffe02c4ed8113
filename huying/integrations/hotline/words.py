"""The words of the exchange as people read them; what travels stays the same in every language."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

EVENTS: dict[str, Promise] = {
    "received": gettext_lazy("收到工单"),
    "accepted": gettext_lazy("已受理"),
    "declined": gettext_lazy("未受理"),
    "voided": gettext_lazy("作废"),
    "merged": gettext_lazy("并入同一问题"),
    "dispatched": gettext_lazy("已派遣"),
    "taken_up": gettext_lazy("已签收"),
    "redispatching": gettext_lazy("重新确定责任单位"),
    "extended": gettext_lazy("延期"),
    "parked": gettext_lazy("挂账"),
    "resumed": gettext_lazy("恢复办理"),
    "handling": gettext_lazy("处置中"),
    "handled": gettext_lazy("已处置"),
    "reworked": gettext_lazy("返工"),
    "result": gettext_lazy("办理结果"),
    "closed": gettext_lazy("已办结"),
    "reopened": gettext_lazy("重办"),
    "callback": gettext_lazy("回访评价"),
    "returning": gettext_lazy("退回待确认"),
    "returned": gettext_lazy("退回"),
    "cancelled": gettext_lazy("撤销"),
    "status": gettext_lazy("现状"),
    # what an incoming message did
    "created": gettext_lazy("新工单"),
    "same": gettext_lazy("重复，没有变化"),
    "stale": gettext_lazy("旧版本，没有变化"),
    "corrected": gettext_lazy("更正"),
    "redone": gettext_lazy("要求重办"),
    "known": gettext_lazy("催办"),
    "kept": gettext_lazy("不同意退回"),
    "compare": gettext_lazy("核对"),
}


def event_words(code: str) -> str:
    """An event, state or outcome in words; with its number in front where it has one."""
    number, _space, event = code.rpartition(" ")
    words = str(EVENTS.get(event, event))
    return f"{number}. {words}" if number else words


def value_words(value: Any) -> str:
    """A value before or after a correction."""
    if value in (None, ""):
        return _("空")
    at = value if isinstance(value, dt.datetime) else None
    if isinstance(value, str) and value[:2] == "20" and "T" in value:
        at = parse_datetime(value)
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at is not None else str(value)
