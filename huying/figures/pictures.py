"""What stands above and below a chart that is taken away as a picture, so that it still says what it shows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.places.district import current_district


def picture(
    request: HttpRequest, title: str, at: dt.datetime, *, code: str, of: str = "", url: str = ""
) -> dict[str, Any]:
    """For `data-picture`: file name, title, and the lines below: moment and part (`of`), source and code, address."""
    moment = timezone.localtime(at)
    until = _("截至 %(until)s") % {"until": f"{moment:%Y-%m-%d %H:%M:%S}"}
    source = _("来源：%(district)s“呼应”，数的代码 %(code)s") % {
        "district": current_district() or "",
        "code": code,
    }
    return {
        "name": f"{title}-{moment:%Y%m%d-%H%M}".replace("/", "-"),
        "title": title,
        "lines": [f"{until} · {of}" if of else until, source, request.build_absolute_uri(url or None)],
    }
