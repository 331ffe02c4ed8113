"""A resident with a phone: what the pages get from them."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import ExifTags, Image

from huying.cases.models import Report
from huying.cases.tests.conftest import Loop, make_ledger


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


def photo(*, place: tuple[float, float] | None = None, shade: int = 90) -> SimpleUploadedFile:
    """A JPEG as a phone makes it, with the place in its EXIF where one is given."""
    out, data = io.BytesIO(), Image.Exif()
    if place:
        lng, lat = place
        data.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (lat, 0.0, 0.0), 3: "E", 4: (lng, 0.0, 0.0)})
        data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:05 08:30:00"
    Image.new("RGB", (800, 600), (shade, 120, 60)).save(out, "JPEG", exif=data)
    return SimpleUploadedFile("IMG_1.jpg", out.getvalue(), "image/jpeg")


REQUESTS = {
    "ledger": "requests", "title": {"zh": "诉求", "en": "Requests"}, "contact": "required",
    "channels": ["portal", "hotline"], "public": {"list": True, "map": True, "photos": "none", "words": "summary"},
    "fields": {"floor": {"type": "text", "title": "楼栋单元", "required": True, "private": True}},
}  # fmt: skip


class Resident:
    """Fills in the form; `point` is where they stand."""

    def __init__(self, client: Client, loop: Loop) -> None:
        self.client, self.loop = client, loop

    def says(self, words: str = "建设路路灯不亮，晚上看不见路", **more: Any) -> dict[str, Any]:
        lng, lat = more.pop("point", self.loop.district.in_compound)
        found = {"words": words, "lng": str(lng), "lat": str(lat), "client_id": str(uuid.uuid4()), **more}
        return {key: value for key, value in found.items() if value is not None}

    def sends(self, words: str = "建设路路灯不亮，晚上看不见路", **more: Any) -> Any:
        return self.client.post("/report/", self.says(words, **more))

    def reports(self, words: str = "建设路路灯不亮，晚上看不见路", **more: Any) -> Report:
        answer = self.sends(words, **more)
        assert answer.status_code == 302, answer.content.decode()
        _, _, _, number, token, _ = answer.url.split("/")
        return Report.objects.select_related("case__ledger").get(number=number, token=token)


@pytest.fixture
def resident(client: Client, loop: Loop) -> Resident:
    return Resident(client, loop)


@pytest.fixture
def requests_ledger(loop: Loop) -> Any:
    """A ledger that needs name, phone and a declared field, for a topic of its own."""
    from huying.cases.models import Topic

    water = Topic.objects.create(code="water", title="停水", limit="1 work days", keywords=["停水"])
    return make_ledger(REQUESTS, {"water": water})


def page(answer: Any) -> str:
    return str(answer.content.decode())
