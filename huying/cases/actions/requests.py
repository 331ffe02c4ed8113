"""Requests that wait for approval end with what they were asked for."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from huying.cases.models import Case, Extension, Parking, Request
from huying.core.journal import log
from huying.core.language import of_record

PENDING = (Request.State.ASKED, Request.State.FIRST_APPROVED)


def drop_requests(case: Case, at: dt.datetime) -> None:
    """More time or a pause was asked by a department that no longer has the case: nobody may grant it any more."""
    with of_record():
        words = _("案件已离开申请单位，申请自动失效。")
    for kind in (Extension, Parking):
        dropped = kind.objects.filter(case=case, state__in=PENDING).update(
            state=Request.State.REFUSED, decided_at=at, decision=words
        )
        if dropped:
            log(case, f"case.{kind.__name__.lower()}_refused", words=words)
