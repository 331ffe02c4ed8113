"""Changes of areas by hand: title, households, retirement. Boundaries come with the pack or a spreadsheet."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.places.actions import bump_map_version
from huying.places.models import Area


@transaction.atomic
def change_area(area: Area, *, actor: Any, **fields: Any) -> None:
    """Change title, English title or households. The code and the place in the tree never change."""
    changed = {}
    for name, value in fields.items():
        old = getattr(area, name)
        if old != value:
            changed[name] = ["" if each is None else str(each) for each in (old, value)]
            setattr(area, name, value)
    if changed:
        area.save(update_fields=list(changed))
        log(area, "area.changed", actor=actor, changed=changed)
        bump_map_version()


@transaction.atomic
def retire_area(area: Area, *, actor: Any) -> None:
    """Take an area out of use from tomorrow: no new case lies in it; its cases and history stay."""
    if area.parent_id is None:
        raise Refusal(_("本区不能停用。"))
    below = area.children.filter(valid_to=None, layer=area.layer).count()
    if below:
        raise Refusal(_("还有 %d 个下级区域在用，请先停用它们。") % below)
    today = timezone.localdate()
    if not Area.objects.filter(pk=area.pk, valid_to=None).update(valid_to=today):
        raise Conflict(_("这个区域已经停用。"))
    area.valid_to = today
    log(area, "area.retired", actor=actor, valid_to=str(today))
    bump_map_version()
