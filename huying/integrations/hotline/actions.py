"""What the city says becomes what happens here: one function per verb, whoever brings it (interface, spreadsheet)."""

from __future__ import annotations

import base64
import binascii
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.actions import Intake, decline_case, receive_report, withdraw_report
from huying.cases.actions.checking import handle_again
from huying.cases.models import OPEN, Case, CaseFile, Category, Channel, Notice, Report, Status
from huying.cases.suggest import guess_categories
from huying.cases.workflow import claim, hold
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.journal import log
from huying.core.masking import mask_name, mask_phone
from huying.core.models import StoredFile
from huying.core.search import normalise, search_vector
from huying.integrations.hotline.messages import OrderMessage
from huying.integrations.hotline.models import Attachment, CitySystem, Correction, Order
from huying.integrations.hotline.outbox import catch_up, owe, status_of
from huying.people.models import User
from huying.places.where import where_is

_NAMESPACE = uuid.UUID("2b0c6a3e-7d1f-5f0b-9d55-12345c17ab00")


@dataclass(frozen=True)
class Received:
    """The order, and what its message did (`outcome`: created, same, stale, corrected, redone, ...)."""

    order: Order
    outcome: str

    def receipt(self) -> dict[str, Any]:
        """What the city gets as receipt; the same for the same message."""
        case, report = self.order.report.case, self.order.report
        return {
            "number": self.order.number, "case": case.number, "report": report.number,
            "received_at": self.order.received_at.isoformat(), "status": status_of(self.order),
            "due_at": case.due_at.isoformat() if case.due_at else None, "outcome": self.outcome,
        }  # fmt: skip


def receive_message(system: CitySystem, message: OrderMessage, *, actor: User | None = None) -> Received:
    """Do what the message asks; sent again it changes nothing. Raises Refusal with what to do instead."""
    # Photos are re-encoded before the transaction: that is slow, and nobody should wait for it.
    photos = _inline_photos(message)
    with transaction.atomic():
        _one_at_a_time(system, message.number)
        order = (
            Order.objects.select_related("system", "report__case__ledger")
            .filter(system=system, number=message.number)
            .first()
        )
        if order is None:
            if message.action != "submit":
                raise Refusal(_("没有工单 %s，请先用 submit 发送完整内容。") % message.number, field="number")
            return _open(system, message, photos, actor)
        # Every action holds the case before the order's row: two that wait for each other never end.
        hold(order.report.case)
        order = Order.objects.select_related("system", "report__case__ledger").get(pk=order.pk)
        return _again(order, message, photos, actor)


def _one_at_a_time(system: CitySystem, number: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(7201005, hashtext(%s))", [f"city-order:{system.pk}:{number}"]
        )


# -- a new order ---------------------------------------------------------------------------------------------


def category_for(system: CitySystem, code: str, words: str, title: str = "") -> Category:
    """The category for a city code: by the table (longest prefix), by our own code, by the words, else 'other'."""
    categories = list(
        system.ledger.categories.filter(active=True)
        .select_related("topic__parent", "ledger")
        .order_by("code")
    )
    by_code = {category.code: category for category in categories}
    if code:
        prefixes = [code[:size] for size in range(len(code), 0, -1)]
        rows = {row.code: row for row in system.codes.filter(code__in=prefixes).select_related("category")}
        for prefix in prefixes:
            if (row := rows.get(prefix)) and (known := by_code.get(row.category.code)):
                return known
        if code in by_code:
            return by_code[code]
    if guesses := guess_categories(categories, words, title, at_most=1):
        return guesses[0].category
    if not categories:
        raise Refusal(_("台账「%s」没有类别，不能接收工单。请系统管理员先加载区包。") % system.ledger)
    return by_code.get("other", categories[-1])


def _open(
    system: CitySystem, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None
) -> Received:
    if not message.words:
        raise Refusal(_("工单没有诉求内容，请填写 words。"), field="words")
    now = timezone.now()
    # The title of the city's class helps where its code is not in the table.
    category = category_for(system, message.code, f"{message.words} {message.code_title}", message.title)
    report = receive_report(
        Intake(
            ledger=system.ledger, category=category, words=message.words, title=message.title,
            channel=Channel.HOTLINE, lng=message.lng, lat=message.lat, address=message.address, name=message.name,
            phone=message.phone, photos=photos, external_number=message.number, reported_by=actor,
            client_id=uuid.uuid5(_NAMESPACE, f"{system.code}:{message.number}"), reported_at=now,
        )
    )  # fmt: skip
    order = Order.objects.create(
        system=system, number=message.number, report=report, received_at=now, revision=message.revision or 0,
        digest=message.digest(), city_code=message.code, city_title=message.code_title, city_due_at=message.due_at,
    )  # fmt: skip
    _fetch_later(order, message)
    case = report.case
    owe(order, "received", at=now, case=case.number, report=report.number)
    catch_up(order)
    return Received(order, "created")


def _inline_photos(message: OrderMessage) -> list[StoredFile]:
    stored = []
    for index, photo in enumerate(message.photos):
        if not photo.content:
            continue
        try:
            data = base64.b64decode(photo.content, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(
                _("第 %d 张照片不是 base64 编码，请检查后重新发送。") % (index + 1), field=f"photos.{index}"
            ) from None
        stored.append(store_photo(io.BytesIO(data)))
    return stored


def _fetch_later(order: Order, message: OrderMessage) -> None:
    from huying.integrations.hotline.jobs import fetch_attachments

    wanted = [photo.url for photo in message.photos if photo.url]
    made = [
        Attachment.objects.get_or_create(order=order, url=url, defaults={"next_try_at": order.received_at})[1]
        for url in wanted
    ]
    if any(made):
        fetch_attachments.defer(order_id=order.pk)


# -- an order that is known ----------------------------------------------------------------------------------


def _again(order: Order, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None) -> Received:
    digest = message.digest()
    if digest == order.digest:
        return Received(order, "same")
    if message.revision is not None:
        if message.revision < order.revision:
            return Received(order, "stale")
        if message.revision == order.revision:
            raise Conflict(
                _(
                    "工单 %(number)s 的第 %(revision)s 版已收到，内容和这次不同。请把 revision 加一后重新发送。"
                )
                % {"number": order.number, "revision": order.revision}
            )
    done = {
        "submit": _correct, "redo": _redo, "cancel": _cancel, "accept_return": _accept_return,
        "refuse_return": _refuse_return,
    }[message.action]  # fmt: skip
    outcome = done(order, message, photos, actor)
    Order.objects.filter(pk=order.pk).update(
        digest=digest, revision=message.revision if message.revision is not None else order.revision
    )
    return Received(Order.objects.select_related("system", "report__case__ledger").get(pk=order.pk), outcome)


_REPORT_FIELDS = ("words", "address", "lng", "lat", "name", "phone")
_ORDER_FIELDS = {"code": "city_code", "code_title": "city_title", "due_at": "city_due_at"}


def differences(order: Order, message: OrderMessage) -> dict[str, list[Any]]:
    """What the message changes: {field: [old, new]}. Only what it says counts; private values are masked."""
    report, found = order.report, {}
    for name in _REPORT_FIELDS:
        if name not in message.model_fields_set or (name in ("name", "phone") and report.contact_forgotten):
            continue
        old, new = getattr(report, name), getattr(message, name)
        if name == "phone":
            new = new.replace(" ", "")
        if old != new:
            mask = {"name": mask_name, "phone": mask_phone}.get(name)
            found[name] = [mask(old), mask(new)] if mask else [old, new]
    for name, column in _ORDER_FIELDS.items():
        if name in message.model_fields_set and getattr(order, column) != getattr(message, name):
            old, new = getattr(order, column), getattr(message, name)
            found[name] = [
                value.isoformat() if hasattr(value, "isoformat") else value for value in (old, new)
            ]
    known = set(order.attachments.values_list("url", flat=True))
    if more := [photo.url for photo in message.photos if photo.url and photo.url not in known]:
        found["photos"] = [len(known), len(known) + len(more)]
    return found


def _correct(order: Order, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None) -> str:
    """The contents are others now: kept as a correction, put on the report, and the department is told.

    An order that the district gave back and that the city sends again is the district's once more.
    """
    if order.state == Order.State.CANCELLED:
        raise Conflict(_("工单 %s 已由市热线撤销。需要办理请用新的工单号派发。") % order.number)
    if order.state == Order.State.RETURNED:
        raise Conflict(_("工单 %s 已退回并经市热线确认。需要办理请用新的工单号派发。") % order.number)
    changes = differences(order, message)
    if order.state == Order.State.RETURNING:
        _keep(order, message.reason or _("市热线重新派发"))
        if not changes:
            return "kept"
    have = set(order.report.files.values_list("file__sha256", flat=True))
    new_photos = [photo for photo in photos if photo.sha256 not in have]
    if not changes and not new_photos:
        return "same"
    if message.phone and "phone" in changes and not _is_phone(message.phone):
        raise Refusal(_("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。"), field="phone")
    if "words" in changes and not message.words:
        raise Refusal(_("工单没有诉求内容，请填写 words。"), field="words")
    Correction.objects.create(
        order=order, revision=order.revision, digest=order.digest, changes=changes, received_at=timezone.now()
    )
    _write_correction(order, message, changes, new_photos, actor)
    return "corrected"


def _is_phone(text: str) -> bool:
    from huying.core.phones import PHONE

    return PHONE.match(text.replace(" ", "")) is not None


def _write_correction(
    order: Order, message: OrderMessage, changes: dict[str, list[Any]], photos: Sequence[StoredFile],
    actor: User | None,
) -> None:  # fmt: skip
    report = order.report
    case = Case.objects.select_related("ledger", "department").get(pk=report.case_id)
    own = case.words == report.words  # the case speaks with this report's words
    new = {name: getattr(message, name) for name in _REPORT_FIELDS if name in changes}
    if "phone" in new:
        new["phone"] = new["phone"].replace(" ", "")
    if new:
        Report.objects.filter(pk=report.pk).update(**new)
    if columns := {
        column: getattr(message, name) for name, column in _ORDER_FIELDS.items() if name in changes
    }:
        Order.objects.filter(pk=order.pk).update(
            **columns, **({"warned_at": None} if "city_due_at" in columns else {})
        )
    CaseFile.objects.bulk_create(
        CaseFile(case=case, report=report, file=photo, role=CaseFile.Role.REPORTED, added_by=actor)
        for photo in photos
    )
    _fetch_later(order, message)
    if own and case.status in OPEN:
        follow_report(case, new)
    else:
        claim(case)
    shown = {key: value for key, value in changes.items() if key not in ("name", "phone")}
    log(
        case, "case.city_corrected", actor=actor or order.system.title, order=order.number, report=report.number,
        changed=list(changes), changes=shown, photos=len(photos),
    )  # fmt: skip
    tell_department(
        case, "case.city_corrected",
        _("市热线更正了工单 %(number)s：%(fields)s") % {
            "number": order.number, "fields": "、".join(field_titles()[name] for name in changes) or _("照片"),
        },
    )  # fmt: skip


def follow_report(case: Case, new: dict[str, Any]) -> None:
    """The case's own words and place follow the report that it was opened with; no department changes by it."""
    fields: dict[str, Any] = {name: new[name] for name in ("words", "address", "lng", "lat") if name in new}
    if "lng" in fields or "lat" in fields:
        lng, lat = fields.get("lng", case.lng), fields.get("lat", case.lat)
        fields |= {"lng": lng, "lat": lat, **where_is(lng, lat).fields}
    words, address = fields.get("words", case.words), fields.get("address", case.address)
    claim(
        case, **fields,
        search_text=normalise(f"{case.title} {words} {address} {case.number}"),
        search=search_vector(case.title, words, address, case.number),
    )  # fmt: skip


def field_titles() -> dict[str, str]:
    """The fields of a message as people call them."""
    return {
        "words": _("诉求内容"), "address": _("地址"), "lng": _("经度"), "lat": _("纬度"), "name": _("姓名"),
        "phone": _("电话"), "code": _("分类代码"), "code_title": _("分类名称"), "due_at": _("市热线时限"),
        "photos": _("照片"),
    }  # fmt: skip


def tell_department(case: Case, code: str, words: str) -> None:
    """A notice to the desk of the department that has the case, if one has."""
    if case.department_id is not None:
        Notice.objects.create(
            case=case, department_id=case.department_id, code=code, words=words[:500], sent_at=timezone.now()
        )


def _redo(order: Order, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None) -> str:
    """重办: a closed case is handled again. The city stands above the reporter's window, so none binds it."""
    if message.revision is None:
        raise Refusal(_("重办须带 revision，用来区分重发和再次重办。"), field="revision")
    case = Case.objects.select_related("ledger", "category", "department").get(pk=order.report.case_id)
    if order.state != Order.State.ACTIVE or case.status in (Status.DECLINED, Status.VOIDED):
        raise Conflict(_("工单 %s 没有在本区办结，不能重办。请用新的工单号派发。") % order.number)
    if case.status != Status.CLOSED:
        log(case, "case.city_urged", actor=order.system.title, order=order.number, words=message.reason)
        tell_department(case, "case.city_urged", _("市热线催办：%s") % (message.reason or order.number))
        return "known"
    reason = message.reason or _("市热线要求重办")
    Order.objects.filter(pk=order.pk).update(warned_at=None, city_due_at=message.due_at or order.city_due_at)
    handle_again(case, reason=reason, by=order.system.title, report=order.report)
    return "redone"


def _cancel(order: Order, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None) -> str:
    """The city takes the order back: its report is withdrawn; a case that nobody else asked for ends with it."""
    if order.state == Order.State.CANCELLED:
        return "same"
    case = Case.objects.get(pk=order.report.case_id)
    if case.status not in OPEN:
        raise Conflict(_("工单 %s 已经办结，不能撤销。") % order.number)
    log(case, "case.city_cancelled", actor=order.system.title, order=order.number, reason=message.reason)
    Order.objects.filter(pk=order.pk).update(state=Order.State.CANCELLED)
    if order.report.withdrawn_at is None:
        withdraw_report(order.report, reason=message.reason or _("市热线撤销工单"))
    tell_department(case, "case.city_cancelled", _("市热线撤销了工单 %s。") % order.number)
    return "cancelled"


# -- given back to the city ----------------------------------------------------------------------------------


@transaction.atomic
def return_to_city(order: Order, *, reason: str, actor: User) -> None:
    """退回市热线: the order is not this district's. Before dispatch only, with a reason, as often as agreed.

    Until the city answers the case stays where it is, so that nobody's matter is lost in between.
    """
    case = order.report.case
    hold(case)
    case.refresh_from_db()
    order.refresh_from_db()
    policy.require(actor, "case.decline", case)
    if len(reason.strip()) < 5:
        raise Refusal(_("请写明为什么不属于本区（至少 5 个字），市热线要据此改派。"), field="reason")
    if order.state != Order.State.ACTIVE:
        raise Conflict(_("这个工单现在是「%s」，不能退回。") % order.get_state_display())
    if case.status not in (Status.REPORTED, Status.FILED):
        raise Conflict(_("案件已经派遣，不能退回市热线。派错了请责任单位先退单。"))
    if case.reports.filter(withdrawn_at=None).exclude(pk=order.report_id).exists():
        raise Conflict(_("还有其他人反映同一问题，不能退回。"))
    if order.returns >= order.system.returns_at_most:
        raise Refusal(_("这个工单已退回 %d 次，不能再退。请办理，或与市热线协商后由其撤销。") % order.returns)
    won = Order.objects.filter(pk=order.pk, state=Order.State.ACTIVE).update(
        state=Order.State.RETURNING,
        returns=F("returns") + 1,
        return_reason=reason.strip()[:500],
        return_by=actor,
    )
    if not won:
        raise Conflict(_("刚才有人更新了这个工单。请刷新后再试。"))
    claim(case)
    log(case, "case.city_return_asked", actor=actor, order=order.number, reason=reason.strip())


def _accept_return(
    order: Order, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None
) -> str:
    if order.state == Order.State.RETURNED:
        return "same"
    if order.state != Order.State.RETURNING:
        raise Conflict(_("工单 %s 没有在等待退回确认。") % order.number)
    case = Case.objects.select_related("ledger", "category", "department").get(pk=order.report.case_id)
    log(case, "case.city_return_accepted", actor=order.system.title, order=order.number)
    # First, so that the city is not told that what it took back was declined.
    Order.objects.filter(pk=order.pk).update(state=Order.State.RETURNED)
    if case.status in (Status.REPORTED, Status.FILED):
        assert order.return_by is not None
        reason = _("不属于本区，已退回市热线改派：%s") % order.return_reason
        try:
            decline_case(case, reason=reason, actor=order.return_by)
        except NotAllowed:
            # Whoever asked has another post by now; the right was there when it was used.
            raise Conflict(_("退回申请人已离岗，请区里重新退回工单 %s。") % order.number) from None
    return "returned"


def _refuse_return(
    order: Order, message: OrderMessage, photos: Sequence[StoredFile], actor: User | None
) -> str:
    if order.state != Order.State.RETURNING:
        raise Conflict(_("工单 %s 没有在等待退回确认。") % order.number)
    _keep(order, message.reason)
    return "kept"


def _keep(order: Order, reason: str) -> None:
    case = Case.objects.get(pk=order.report.case_id)
    Order.objects.filter(pk=order.pk).update(state=Order.State.ACTIVE)
    log(case, "case.city_return_refused", actor=order.system.title, order=order.number, reason=reason)
