"""Looking back (回头看): a seeded random sample of what was struck off is looked at again."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.actions.checking import handle_again
from huying.cases.filters import day_start
from huying.cases.models import Case, Ledger, LookBack, LookBackTask, Status
from huying.cases.workflow import hold
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.people.access import can
from huying.people.models import User
from huying.places.models import Area


def _lot(seed: str, number: str) -> str:
    """A case's place in the draw: anyone with the seed and the numbers can draw again by hand."""
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()


@transaction.atomic
def draw_look_back(
    *,
    actor: User,
    closed_from: dt.date,
    closed_to: dt.date,
    size: int,
    seed: str,
    ledger: Ledger | None = None,
    area: Area | None = None,
    title: str = "",
) -> LookBack:
    """Draw `size` closed cases of a period, ledger and area, by the seed, among those the actor may check."""
    if not can(actor, "case.look_back"):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if closed_to < closed_from:
        raise Refusal(_("结束日期不能早于开始日期。"), field="closed_to")
    if size < 1:
        raise Refusal(_("抽取数至少为 1。"), field="size")
    if not seed.strip():
        raise Refusal(_("请填写随机种子（例如当天摇出的数字），便于事后核对。"), field="seed")
    first, last = max(closed_from, dt.date(1970, 1, 1)), min(closed_to, timezone.localdate())
    among = policy.cases_for(actor, "case.look_back").filter(
        status=Status.CLOSED,
        closed_at__gte=day_start(first),
        closed_at__lt=day_start(last + dt.timedelta(days=1)),
    )
    if ledger is not None:
        among = among.filter(ledger=ledger)
    if area is not None:
        among = among.filter(area_path__startswith=area.path)
    numbers = sorted(among.values_list("number", "pk"), key=lambda row: (_lot(seed, row[0]), row[0]))
    if not numbers:
        raise Refusal(_("这个范围内没有已结案件，请放宽条件。"))
    drawn = numbers[:size]
    look_back = LookBack.objects.create(
        title=title.strip()[:120] or _("回头看 %(first)s 至 %(last)s") % {"first": closed_from, "last": closed_to},
        ledger=ledger, area=area, closed_from=closed_from, closed_to=closed_to, seed=seed.strip(), size=len(drawn),
        population=len(numbers), drawn_at=timezone.now(), drawn_by=actor,
    )  # fmt: skip
    LookBackTask.objects.bulk_create(LookBackTask(look_back=look_back, case_id=pk) for _number, pk in drawn)
    log(
        look_back, "look_back.drawn", actor=actor, seed=look_back.seed, size=look_back.size,
        population=look_back.population, cases=[number for number, _pk in drawn],
    )  # fmt: skip
    return look_back


@transaction.atomic
def record_look_back(task: LookBackTask, *, passed: bool, words: str, actor: User) -> None:
    """Record what was found; a failed look back reopens the case."""
    case = Case.objects.select_related("ledger", "category", "department").get(pk=task.case_id)
    policy.require(actor, "case.look_back", case)
    if actor.pk in (case.handled_by_id, case.handler_id):
        raise NotAllowed(_("承办人不能回头看自己办的案件。"))
    if not passed and len(words.strip()) < 5:
        raise Refusal(_("请写明发现了什么问题（至少 5 个字）。"), field="words")
    hold(case)
    won = LookBackTask.objects.filter(pk=task.pk, done_at=None).update(
        passed=passed, words=words.strip()[:500], done_at=timezone.now(), done_by=actor
    )
    if not won:
        raise Conflict(_("这个案件已经有人回头看过了。"))
    task.refresh_from_db()
    log(
        case, "case.looked_back", actor=actor, passed=passed, words=words.strip(), look_back=task.look_back_id
    )
    if not passed and case.status == Status.CLOSED:
        # The right to look back includes the right to reopen what is found not done.
        handle_again(case, reason=_("回头看发现问题：%s") % words.strip(), by=actor)
