"""Photos from the phone: the watermark is drawn there, so the phone says beside each when and where it was taken."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise

from huying.core.errors import Refusal
from huying.core.files import Seen, store_photo
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url

MOST = 6


@dataclass
class Box:
    """One photo input of a form: its field's name, its label, and what has arrived in it."""

    name: str
    label: Promise | str
    required: bool = False
    help: Promise | str = ""
    photos: list[StoredFile] = field(default_factory=list)
    error: str = ""
    when_field: str = ""  # shown only while another field has this value
    when_value: str = ""
    most: int = MOST

    def take(self, request: HttpRequest) -> None:
        """Keep what was sent at once, so that a mistake elsewhere in the form does not cost a photo."""
        found = draft_photos(request.POST.getlist(f"{self.name}_kept"))
        uploads = request.FILES.getlist(self.name)
        told = _told(request.POST.get(f"{self.name}_seen", ""))[: len(uploads)]
        for upload, facts in zip_longest(uploads, told):
            try:
                found.append(store_photo(upload, by=request.user, seen=_seen(facts)))
            except Refusal as refusal:
                self.error = str(refusal)
        self.photos = list({photo.pk: photo for photo in found}.values())[: self.most]

    @property
    def kept(self) -> list[dict[str, str]]:
        """What is here already, for the form that comes back."""
        return [
            {"url": photo_url(photo, small=True, draft=token), "token": token}
            for photo in self.photos
            if (token := draft_token(photo))
        ]


def _told(text: str) -> list[Any]:
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _seen(facts: Any) -> Seen | None:
    """What the phone says of a photo; nonsense and the future are the same as nothing."""
    if not isinstance(facts, dict):
        return None
    try:
        at = parse_datetime(str(facts.get("at", "")))
    except ValueError:
        at = None
    if at is not None and (timezone.is_naive(at) or at > timezone.now() + dt.timedelta(minutes=10)):
        at = None
    return Seen(at, *_point(facts.get("lng"), facts.get("lat")))


def _point(lng: Any, lat: Any) -> tuple[float | None, float | None]:
    try:
        x, y = round(float(lng), 7), round(float(lat), 7)
    except (TypeError, ValueError, OverflowError):
        return None, None
    good = math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90 and (x or y)
    return (x, y) if good else (None, None)
