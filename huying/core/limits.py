"""Rate limits for pages without a login, counted in the database so that all processes agree.

Windows have a fixed start, so one attempt costs one statement. Whose attempts they are is kept as a keyed
hash only.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.models import RateCount

KEEP = dt.timedelta(days=2)

_COUNT = """
INSERT INTO core_ratecount (key, "window", count) VALUES (%s, %s, 1)
ON CONFLICT (key, "window") DO UPDATE SET count = core_ratecount.count + 1 RETURNING count
"""


class TooMany(Refusal):
    """Too many attempts; `until` says when the next one is welcome."""

    status = 429

    def __init__(self, until: dt.datetime) -> None:
        local = timezone.localtime(until)
        super().__init__(
            _("操作太频繁了，请在 %(time)s 以后再试。事情紧急请直接打电话。") % {"time": f"{local:%H:%M}"}
        )
        self.until = until


def count_attempt(what: str, who: str, *, most: int, within: dt.timedelta) -> None:
    """Count one attempt of `who` (an address, a phone number); TooMany beyond `most` in this window.

    Nothing is counted for an empty `who`.
    """
    if not who:
        return
    seconds = within.total_seconds()
    now = timezone.now()
    window = dt.datetime.fromtimestamp(now.timestamp() // seconds * seconds, dt.UTC)
    key = salted_hmac("huying.rate", f"{what}:{who}").hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key, window])
        (count,) = cursor.fetchone()
    if count > most:
        raise TooMany(window + within)


def sweep() -> int:
    """Forget old windows."""
    return RateCount.objects.filter(window__lt=timezone.now() - KEEP).delete()[0]
