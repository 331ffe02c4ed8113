"""Who sees whose points, who gives, agrees, decides. A person sees their own; their head sees their people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.core.masking import mask_name
from huying.figures.points.counting import Member
from huying.figures.points.rules import PointRules
from huying.people.access import everywhere, scopes, with_stations
from huying.people.models import Department, User

VIEW, ENTER, APPROVE = "points.view", "points.enter", "points.approve"
REWARD, MANAGE = "points.reward", "points.manage"


class Reach:
    """For whom one person has one verb: asked once, answered for many members."""

    def __init__(self, user: User, verb: str) -> None:
        self.scopes = [
            (scope.path, scope.department_id, *_of_department(scope.department_id))
            for scope in scopes(user, verb)
        ]

    def __bool__(self) -> bool:
        return bool(self.scopes)

    def covers(self, member: Member) -> bool:
        """Inside the area, and of the department or on the ground of its street."""
        return any(
            member.path.startswith(path)
            and (
                department is None or member.department in own or (ground and member.path.startswith(ground))
            )
            for path, department, own, ground in self.scopes
        )


def _of_department(key: int | None) -> tuple[set[int], str]:
    """The department with its stations; the ground of a street office or community: who works there is theirs."""
    if key is None:
        return set(), ""
    row = Department.objects.filter(
        pk=key, kind__in=(Department.Kind.SUBDISTRICT, Department.Kind.COMMUNITY, Department.Kind.VILLAGE)
    )
    path = row.values_list("area__path", flat=True).first()
    return with_stations(key), path or ""


def may_see(reader: User, member: Member) -> bool:
    """Whether this person may read the other's points by name."""
    return reader.pk == member.user.pk or Reach(reader, VIEW).covers(member)


def may(actor: User, verb: str, member: Member) -> bool:
    """Whether this person has the verb for the other; never for themselves."""
    return actor.pk != member.user.pk and Reach(actor, verb).covers(member)


def require(actor: User, verb: str, member: Member) -> None:
    """Refuse, saying why, unless this person has the verb for the other."""
    if actor.pk == member.user.pk:
        raise NotAllowed(_("自己的积分由别人来登记、审批、裁定和兑换。"))
    if not may(actor, verb, member):
        raise NotAllowed(_("这个人不在您管的范围里。请由他所在街道或单位的负责人、督查室来办。"))


def may_for_all(actor: User, verb: str, members: Iterable[Member]) -> bool:
    """Whether this person has the verb for every member of a group."""
    reach = Reach(actor, verb)
    return bool(reach) and all(reach.covers(member) for member in members)


def require_for_all(actor: User, verb: str, members: Sequence[Member]) -> None:
    """Refuse, saying why, unless this person has the verb for the whole group."""
    if not may_for_all(actor, verb, members):
        raise NotAllowed(_("公示和公布积分要有这一组的“管理积分”权限。请联系督查室。"))


def reads_all_masked(reader: User) -> bool:
    """Whether this person opens every group's table: readers of figures for the whole district, with masked names."""
    return everywhere(reader, "figure.view")


def shown_name(rules: PointRules, reader: User, member: Member, reach: Reach, own_group: str = "") -> str:
    """The name as this reader may see it: own and own people's in full, others' masked unless the pack opens them."""
    together = rules.names == "group" and own_group == member.group and bool(own_group)
    if reader.pk == member.user.pk or together or reach.covers(member):
        return str(member.user)
    return mask_name(str(member.user))
