"""Tasks of the war map: reported by their owner, checked by somebody else."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.models import User
from huying.targets.projects.models import WarMapItem
from huying.targets.projects.policy import may_check, require_item

State = WarMapItem.State


@transaction.atomic
def report_item(
    item: WarMapItem,
    *,
    progress: int,
    words: str,
    actor: User,
    seen: int,
    done: bool = False,
    evidence: StoredFile | None = None,
) -> None:
    """How far it is; with `done`, that the standard is met, shown by evidence. `seen` is the version looked at."""
    require_item(actor, item)
    if not 0 <= progress <= 100:
        raise Refusal(_("进度写 0 到 100。"), field="progress")
    if len(words.strip()) < 4:
        raise Refusal(_("写几句进展（至少 %(n)d 个字）。") % {"n": 4}, field="words")
    if done and evidence is None and item.evidence_id is None:
        raise Refusal(_("报完成要附证明：文件或照片。"), field="evidence")
    state = State.REPORTED if done else State.DOING
    won = WarMapItem.objects.filter(pk=item.pk, version=seen, state__in=(State.TO_DO, State.DOING)).update(
        state=state, progress=100 if done else progress, words=words.strip()[:400],
        evidence=evidence or item.evidence, reported_at=timezone.now(), reported_by=actor, version=seen + 1,
    )  # fmt: skip
    if not won:
        raise Conflict(_("有人刚改过这一项，请刷新后再报。"))
    old = item.progress
    item.refresh_from_db()
    log(
        item, "war_map.reported_done" if done else "war_map.reported", actor=actor, old=old, new=item.progress,
        words=item.words,
    )  # fmt: skip


@transaction.atomic
def check_item(item: WarMapItem, *, met: bool, words: str, actor: User) -> None:
    """Somebody else has seen whether the standard is met; if not, it goes back with the reason."""
    if not may_check(actor):
        raise NotAllowed(_("核实由项目办和督查员办理。"))
    if item.reported_by_id == actor.pk:
        raise Refusal(_("自己报的完成要由别人核实。"))
    if len(words.strip()) < 2:
        raise Refusal(_("写核实意见。"), field="words")
    won = WarMapItem.objects.filter(pk=item.pk, state=State.REPORTED, version=item.version).update(
        state=State.DONE if met else State.DOING, progress=100 if met else 90, checked_at=timezone.now(),
        checked_by=actor, checked_words=words.strip()[:400], version=item.version + 1,
    )  # fmt: skip
    if not won:
        raise Conflict(_("这一项不在待核状态，请刷新后再看。"))
    item.refresh_from_db()
    log(item, "war_map.checked" if met else "war_map.sent_back", actor=actor, words=item.checked_words)


@transaction.atomic
def reopen_item(item: WarMapItem, *, words: str, actor: User) -> None:
    """It turned out not to be done: back to work, with the reason."""
    if not may_check(actor):
        raise NotAllowed(_("核实由项目办和督查员办理。"))
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤回。"), field="words")
    won = WarMapItem.objects.filter(pk=item.pk, state=State.DONE, version=item.version).update(
        state=State.DOING,
        progress=90,
        checked_words=words.strip()[:400],
        checked_at=None,
        version=item.version + 1,
    )
    if not won:
        raise Conflict(_("这一项还没有完成。"))
    item.refresh_from_db()
    log(item, "war_map.reopened", actor=actor, words=words.strip())
