"""Who may do what with plans."""

from __future__ import annotations

from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.people.access import can
from huying.people.models import User

DRAW = "inspection.draw"


def require(user: User, verb: str) -> None:
    """Refuse, saying why, unless the user has the verb."""
    if not can(user, verb):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
