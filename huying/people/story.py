"""The journal of one place, person or rule in plain words."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.core.journal import entries_of
from huying.core.models import JournalEntry
from huying.people.models import Department, Post
from huying.people.roles import ROLES
from huying.places.models import Area, Road

# Log codes outlive renames; their words may change. Code: (title, icon, colour).
WORDS: dict[str, tuple[Promise, str, str]] = {
    "user.added": (_("新建账号"), "plus", "green"),
    "user.changed": (_("修改账号"), "edit", ""),
    "user.role_given": (_("授予角色"), "shield", "blue"),
    "user.role_withdrawn": (_("收回角色"), "shield", "yellow"),
    "user.post_taken": (_("任职"), "pin", "blue"),
    "user.post_left": (_("离任"), "pin", "yellow"),
    "user.password_reset": (_("重设密码"), "lock", "yellow"),
    "user.password_changed": (_("本人更改密码"), "lock", ""),
    "user.token_made": (_("建立接口令牌"), "settings", "blue"),
    "user.token_revoked": (_("停用接口令牌"), "settings", "yellow"),
    "user.identity_tied": (_("绑定单位账号"), "shield", "blue"),
    "user.identity_untied": (_("解除单位账号绑定"), "shield", "yellow"),
    "user.factor_added": (_("设置第二验证"), "lock", "green"),
    "user.factor_removed": (_("取消第二验证"), "lock", "yellow"),
    "user.factors_reset": (_("清除第二验证"), "lock", "red"),
    "user.recovery_codes_made": (_("生成恢复码"), "lock", ""),
    "user.deactivated": (_("停用账号"), "close-circle", "red"),
    "user.activated": (_("启用账号"), "check-circle", "green"),
    "department.added": (_("新建部门"), "plus", "green"),
    "department.changed": (_("修改部门"), "edit", ""),
    "department.retired": (_("停用部门"), "close-circle", "red"),
    "duty.added": (_("登记职责"), "plus", "green"),
    "duty.ended": (_("结束职责"), "close-circle", "yellow"),
    "area.changed": (_("修改区域"), "edit", ""),
    "area.retired": (_("停用区域"), "close-circle", "red"),
    "calendar.year_published": (_("录入节假日安排"), "calendar", "green"),
    "calendar.year_corrected": (_("更正节假日安排"), "calendar", "yellow"),
    "calendar.day_added": (_("新增本地安排"), "calendar", "green"),
    "calendar.day_changed": (_("修改本地安排"), "calendar", "yellow"),
    "calendar.day_removed": (_("删除本地安排"), "calendar", "red"),
    "calendar.hours_added": (_("新增办公时间"), "clock", "green"),
    "calendar.hours_changed": (_("修改办公时间"), "clock", "yellow"),
    "calendar.hours_removed": (_("删除办公时间"), "clock", "red"),
}
_FIELDS: dict[str, Promise] = {
    "title": _("名称"),
    "title_en": _("英文名称"),
    "name": _("姓名"),
    "phone": _("电话"),
    "department": _("部门"),
    "kind": _("类别"),
    "parent": _("上级"),
    "area": _("区域"),
    "can_lead": _("可以主办"),
    "households": _("户数"),
}


def words_for(code: str) -> str:
    """The code in words, or the code itself where this floor has none for it."""
    return str(WORDS[code][0]) if code in WORDS else code


def story(subject: Model, at_most: int = 30) -> list[dict[str, Any]]:
    """The subject's entries, newest first, as `parts/timeline.html` reads them."""
    return [event_of(entry) for entry in entries_of(subject).order_by("-sequence")[:at_most]]


def event_of(entry: JournalEntry) -> dict[str, Any]:
    """One entry in words."""
    title, icon, colour = WORDS.get(entry.code, (entry.code, "info", ""))
    return {
        "icon": icon,
        "colour": colour,
        "title": title,
        "who": entry.actor_name,
        "at": entry.at,
        "text": _text(entry.data),
    }


def _text(data: dict[str, Any]) -> str:
    lines = []
    for field, pair in data.get("changed", {}).items():
        name = str(_FIELDS.get(field, field))
        lines.append(f"{name}：{pair[0] or '—'} → {pair[1] or '—'}" if len(pair) == 2 else name)
    if role := data.get("role"):
        lines.append(str(ROLES[role].title) if role in ROLES else role)
    for key, model in (("post", Post), ("area", Area), ("road", Road), ("department", Department)):
        if code := data.get(key):
            row = model.objects.filter(code=code).first()
            lines.append(str(row) if row else str(code))
    lines += data.get("days", [])
    if data.get("day"):
        lines.append(f"{data['day']} {data.get('title', '')}")
    if data.get("spans"):
        lines.append(f"{data.get('valid_from', '')} {data['spans']}")
    return "\n".join(lines)
