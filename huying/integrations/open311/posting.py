"""A request comes in by Open311: the same intake as the portal's, through the standard's words."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.actions import Intake, add_words, receive_report
from huying.cases.models import CaseFile, Channel, Report
from huying.cases.workflow import hold
from huying.core.backoff import next_try
from huying.core.errors import Refusal
from huying.core.files import store_photo
from huying.core.journal import log
from huying.core.models import JournalEntry, StoredFile
from huying.core.outbound import OutboundError, send
from huying.integrations.open311.changes import updates_of
from huying.integrations.open311.documents import Fault
from huying.integrations.open311.models import ApiKey, Media, Posted
from huying.integrations.open311.services import category_of, given_attributes
from huying.places.locate import current_index, locate
from huying.registry.declared.forms import cleaned_values, declared_form

MOST_MEDIA = 5
MEDIA_TRIES = 6
# The names under which apps send a picture itself; the standard knows addresses only.
_FILES = ("media", "media[]", "photo")


def post_request(request: HttpRequest, key: ApiKey) -> Report:
    """Take in one request. Raises Fault with a sentence for each thing that is wrong."""
    sent = request.POST
    if not sent.get("service_code", "").strip():
        raise Fault(400, _("缺少 service_code。"))
    category = category_of(sent["service_code"].strip())
    point, address = _place(sent)
    form = declared_form(
        category.ledger.rules.fields, given_attributes(category, sent),
        facts={"channel": Channel.OPEN311, "category": category.code},
    )  # fmt: skip
    if not form.is_valid():
        raise Fault(
            400,
            *(
                f"attribute[{name}]: {sentence}"
                for name, errors in form.errors.items()
                for sentence in errors
            ),
        )
    name = " ".join(sent.get(part, "").strip() for part in ("last_name", "first_name")).strip()
    urls = _urls(sent)
    if not (sent.get("description", "").strip() or urls or request.FILES):
        raise Fault(400, _("请写 description，或者附 media_url。"))
    try:
        with transaction.atomic():
            report = receive_report(
                Intake(
                    ledger=category.ledger, category=category,
                    # A picture on its way counts as said; the words stay empty in the public list.
                    words=sent.get("description", "").strip()[:4000] or _("（见照片）"),
                    channel=Channel.OPEN311, lng=point[0] if point else None, lat=point[1] if point else None,
                    address=address, name=name[:60], phone=sent.get("phone", "").strip()[:30],
                    fields=cleaned_values(form), photos=_files(request),
                )
            )  # fmt: skip
            Posted.objects.create(
                report=report, case=report.case, key=key, account_id=sent.get("account_id", "")[:80],
                device_id=sent.get("device_id", "")[:80], email=sent.get("email", "").strip()[:254],
            )  # fmt: skip
            _fetch_later(report, urls)
    except Refusal as refusal:
        raise Fault(429 if refusal.status == 429 else 400, str(refusal)) from None
    return report


def _files(request: HttpRequest) -> list[StoredFile]:
    uploads = [upload for name in _FILES for upload in request.FILES.getlist(name)]
    most = settings.MAX_UPLOAD_BYTES
    if any(upload.size > most for upload in uploads):
        raise Fault(413, _("照片太大：每张最多 %d MB。") % (most // 1024**2))
    return [store_photo(upload) for upload in uploads[:MOST_MEDIA]]


def _place(sent: QueryDict) -> tuple[tuple[float, float] | None, str]:
    """The point (WGS-84) and the address; `address_id` is the code of an area, whose middle is the point."""
    lat, lng, address = (
        sent.get("lat", "").strip(),
        sent.get("long", "").strip(),
        sent.get("address_string", "").strip(),
    )
    code = sent.get("address_id", "").strip()
    if lat or lng:
        try:
            point = float(lng), float(lat)
        except ValueError:
            raise Fault(400, _("lat 和 long 请写十进制度数（WGS-84）。")) from None
        if not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
            raise Fault(400, _("lat 和 long 超出范围。"))
        if locate(*point).kind == "outside":
            raise Fault(400, _("这个位置不在本区范围内，我们派不了人。"))
        return point, address[:160]
    if code:
        row = current_index().rows.get(code)
        if row is None:
            raise Fault(400, _("没有 address_id“%s”。") % code[:40])
        inside = row.geometry.representative_point() if row.geometry is not None else None
        return ((inside.x, inside.y) if inside is not None else None), (address or str(row.title))[:160]
    if address:
        return None, address[:160]
    raise Fault(400, _("请给出位置：lat 和 long，或者 address_string，或者 address_id。"))


def fetch_all(report_id: int | None = None) -> int:
    """Fetch the pictures that are due. Returns how many were kept."""
    due = Media.objects.filter(next_try_at__lte=timezone.now()).select_related("report__case")
    if report_id is not None:
        due = due.filter(report=report_id)
    return sum(_fetch(media) for media in due[:100])


def _fetch(media: Media) -> bool:
    error, lasting = "", True
    try:
        answer = send("GET", media.url, max_bytes=settings.MAX_UPLOAD_BYTES)
        if answer.ok:
            return _keep(media, store_photo(io.BytesIO(answer.body)))
        error, lasting = _("对方应答 %d") % answer.status, not answer.temporary
    except OutboundError as failed:
        error, lasting = str(failed), not failed.temporary
    except Refusal as refused:
        error = str(refused)
    tries = media.tries + 1
    given_up = lasting or tries >= MEDIA_TRIES
    changed = Media.objects.filter(pk=media.pk, next_try_at=media.next_try_at).update(
        tries=tries, error=error[:300],
        next_try_at=None if given_up else timezone.now() + next_try(tries, seed=media.pk),
    )  # fmt: skip
    if changed and given_up:
        log(media.report.case, "case.media_missing", reason=error[:200], report=media.report.number)
    return False


@transaction.atomic
def _keep(media: Media, photo: StoredFile) -> bool:
    case = media.report.case
    hold(case)
    won = Media.objects.filter(pk=media.pk, done=False).update(done=True, next_try_at=None, error="")
    if won:
        CaseFile.objects.create(case=case, report=media.report, file=photo, role=CaseFile.Role.REPORTED)
        log(case, "case.files_added", role="reported", files=[photo.sha256], report=media.report.number)
    return bool(won)


@transaction.atomic
def add_comment(request: HttpRequest, key: ApiKey) -> dict[str, Any]:
    """Words or pictures by the other side on a request that it posted (POST servicerequestupdates); the update."""
    sent = request.POST
    number, words = sent.get("service_request_id", "").strip(), sent.get("description", "").strip()
    if not number:
        raise Fault(400, _("缺少 service_request_id。"))
    report = (
        Report.objects.filter(Q(case__number=number) | Q(open311__case__number=number))
        .filter(open311__key=key, withdrawn_at=None)
        .select_related("case")
        .first()
    )
    if report is None:
        raise Fault(404, _("没有这个 service_request_id，或者它不是用这个 api_key 提交的。"))
    urls = _urls(sent)
    if not (words or urls or request.FILES):
        raise Fault(400, _("请写 description，或者附 media_url。"))
    try:
        add_words(report, words=words[:2000] or _("（见照片）"), photos=_files(request))
    except Refusal as refusal:
        raise Fault(400, str(refusal)) from None
    _fetch_later(report, urls)
    # The chain of the case is ours until the end of this transaction: its last entry is the one just made.
    entry = JournalEntry.objects.filter(
        kind="case", subject_id=report.case_id, code="case.words_added"
    ).latest("pk")
    return updates_of([entry])[0]


def _urls(sent: QueryDict) -> list[str]:
    return [url.strip() for url in sent.getlist("media_url") if url.strip()][:MOST_MEDIA]


def _fetch_later(report: Report, urls: list[str]) -> None:
    from huying.integrations.open311.jobs import fetch_media

    if urls:
        now = timezone.now()
        Media.objects.bulk_create(Media(report=report, url=url[:1000], next_try_at=now) for url in urls)
        fetch_media.defer(report_id=report.pk)
