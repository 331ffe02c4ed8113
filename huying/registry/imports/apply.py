"""Taking a table in: an upload is looked at, then everything in it that is right becomes true in one transaction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.sheets import Line, read_table
from huying.people.models import User
from huying.registry import policy
from huying.registry.actions import change_item
from huying.registry.bulk import add_items
from huying.registry.imports.plan import Plan, plans, words
from huying.registry.imports.table import Columns
from huying.registry.models import Item, ItemsUpload, Register

SHOWN = 200
AT_ONCE = 300  # rows that are taken in while the person waits; more of them go to a worker
KEEP = dt.timedelta(days=7)
_STEP = 1000
_LOCK = 7_201_044


def take(register: Register, name: str, raw: bytes, *, actor: User) -> ItemsUpload:
    """Keep an uploaded table with what each of its rows would do. Raises Refusal (field `file`)."""
    if len(raw) > settings.MAX_UPLOAD_BYTES:
        raise Refusal(_("文件太大。请拆成几个再导入。"), field="file")
    table = read_table(name, raw)
    Columns(register).check(table)
    upload = ItemsUpload(
        register=register, name=name[-120:], columns=table.columns, uploaded_by=actor,
        lines=[[line.row, line.cells, line.rounded] for line in table.lines], total=len(table.lines),
    )  # fmt: skip
    upload.preview = _preview(upload, actor)
    upload.save()
    return upload


def lines_of(upload: ItemsUpload) -> list[Line]:
    """The rows of the table."""
    return [Line(row, cells, rounded) for row, cells, rounded in upload.lines]


def _preview(upload: ItemsUpload, actor: User) -> dict[str, Any]:
    """Counts, and the rows that deserve a look: mistakes first, then corrections, then what is new."""
    counts: Counter[str] = Counter()
    rows: dict[str, list[dict[str, Any]]] = {"wrong": [], "changed": [], "new": []}
    wrong: dict[str, list[list[str]]] = {}
    for plan in plans(upload.register, lines_of(upload), upload.columns, actor):
        outcome = plan.outcome
        counts[outcome] += 1
        if outcome == "wrong":
            wrong[str(plan.read.line.row)] = [list(mistake) for mistake in plan.mistakes]
        if outcome in rows and len(rows[outcome]) < SHOWN:
            rows[outcome].append(_shown(plan, upload.register))
    return {
        "counts": dict(counts), "rows": [*rows["wrong"], *rows["changed"], *rows["new"]][:SHOWN],
        "errors": wrong,
    }  # fmt: skip


def _shown(plan: Plan, register: Register) -> dict[str, Any]:
    title = plan.read.values.get("title") or (plan.item.title if plan.item else "")
    return {
        "row": plan.read.line.row, "code": plan.read.code, "title": title, "outcome": plan.outcome,
        "changes": words(plan, register), "errors": [list(mistake) for mistake in plan.mistakes],
    }  # fmt: skip


def claim(upload: ItemsUpload) -> None:
    """From here on the table is being taken in. Conflict when somebody has begun already."""
    won = ItemsUpload.objects.filter(pk=upload.pk, state=ItemsUpload.State.LOOKED).update(
        state=ItemsUpload.State.RUNNING, done=0
    )
    if not won:
        raise Conflict(_("这个表格已经导入过了。改好后请重新上传。"))


def apply_upload(pk: int) -> None:
    """Take a claimed table in, as a whole or not at all; a refusal is kept for whoever sent it. Safe to repeat."""
    try:
        _apply(pk)
    except Refusal as refusal:
        ItemsUpload.objects.filter(pk=pk, state=ItemsUpload.State.RUNNING).update(
            state=ItemsUpload.State.FAILED, result={"sentence": str(refusal)}
        )


@transaction.atomic
def _apply(pk: int) -> None:
    with connection.cursor() as cursor:
        # Two workers with one table: the second waits here and then finds it done. The row itself stays free for
        # the count of rows that are done.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, pk % 2**31])
    upload = ItemsUpload.objects.select_related("register", "uploaded_by").filter(pk=pk).first()
    if upload is None or upload.state != ItemsUpload.State.RUNNING:
        return
    actor, counts = upload.uploaded_by, Counter[str]()
    wrong: dict[str, list[list[str]]] = {}
    new: list[Plan] = []
    note = _Progress(pk)
    said = _("表格导入：%(name)s") % {"name": upload.name}
    for number, plan in enumerate(plans(upload.register, lines_of(upload), upload.columns, actor), 1):
        counts[plan.outcome] += 1
        if plan.outcome == "wrong":
            wrong[str(plan.read.line.row)] = [list(mistake) for mistake in plan.mistakes]
        elif plan.outcome == "new":
            new.append(plan)
        elif plan.outcome == "changed" and plan.item is not None:
            change_item(
                plan.item, actor=actor, values=plan.read.values, data=plan.data, state=plan.read.state or None,
                seen_version=plan.item.version, verb=policy.IMPORT, words=said,
            )  # fmt: skip
        note(number - len(new))
    try:
        _add(upload, new, note)
    except IntegrityError:
        raise Conflict(_("导入时有人登记了同样的编号，整个表都没有导入。请重新上传一次。")) from None
    ItemsUpload.objects.filter(pk=pk).update(
        state=ItemsUpload.State.APPLIED, applied_at=timezone.now(), done=upload.total,
        result={"counts": dict(counts), "errors": wrong},
        # What is in needs no copy here; the rows that are not in stay for the download.
        lines=[line for line in upload.lines if str(line[0]) in wrong],
    )  # fmt: skip


def _add(upload: ItemsUpload, new: list[Plan], note: Callable[[int], None]) -> None:
    first = upload.total - len(new)
    for start in range(0, len(new), _STEP):
        part = new[start : start + _STEP]
        add_items(
            upload.register,
            [(plan.read.code, plan.read.state, plan.read.values, plan.data) for plan in part],
            actor=upload.uploaded_by,
            origin=Item.Origin.IMPORT,
        )
        note(first + start + len(part))


class _Progress:
    """Says how far it is on a connection of its own: the rows themselves are seen all at once, at the end."""

    def __init__(self, pk: int) -> None:
        self.pk, self.told = pk, 0

    def __call__(self, done: int) -> None:
        if done < self.told + _STEP // 2:
            return
        self.told = done
        beside = connections["default"].copy()
        try:
            with beside.cursor() as cursor:
                cursor.execute("UPDATE registry_itemsupload SET done = %s WHERE id = %s", [done, self.pk])
        finally:
            beside.close()


def forget_uploads() -> None:
    """Delete tables that have served or were never taken in."""
    ItemsUpload.objects.filter(uploaded_at__lt=timezone.now() - KEEP).delete()
