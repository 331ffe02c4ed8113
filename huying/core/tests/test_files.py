"""Photos come in as they are and are kept as pictures only."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image

from huying.core.errors import Refusal
from huying.core.files import store_document, store_photo
from huying.core.models import StoredFile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def jpeg(
    size: tuple[int, int] = (2400, 1200), *, exif: bool = False, orientation: int = 1
) -> SimpleUploadedFile:
    picture = Image.new("RGB", size, (90, 120, 60))
    picture.paste((200, 30, 30), (0, 0, size[0] // 4, size[1] // 4))
    out, data = io.BytesIO(), Image.Exif()
    if exif:
        data[ExifTags.Base.Make] = "Phone of Wang"
        data[ExifTags.Base.Orientation] = orientation
        data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:05 08:30:00"
        data.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (33.0, 42.0, 54.0), 3: "E", 4: (113.0, 19.0, 21.0)}
        )
    picture.save(out, "JPEG", exif=data, comment=b"home of Wang")
    return SimpleUploadedFile("IMG_1.jpg", out.getvalue(), "image/jpeg")


def opened(stored: StoredFile) -> Image.Image:
    with stored.file.open("rb") as file:
        return Image.open(io.BytesIO(file.read()))


def test_time_and_place_are_read_and_then_stripped() -> None:
    stored = store_photo(jpeg(exif=True))
    assert stored.taken_at == dt.datetime(2026, 11, 5, 0, 30, tzinfo=dt.UTC)
    assert (stored.lng, stored.lat) == pytest.approx((113.3225, 33.715))
    body = stored.file.read()
    assert b"Exif" not in body and b"Wang" not in body
    assert not opened(stored).getexif()
    assert b"Wang" not in stored.thumbnail.read()


def test_a_large_photo_is_shrunk_and_has_a_thumbnail() -> None:
    stored = store_photo(jpeg((4000, 2000)))
    assert (stored.width, stored.height) == (1920, 960) == opened(stored).size
    assert Image.open(stored.thumbnail).size == (320, 160)


def test_a_photo_taken_upright_stands_upright() -> None:
    stored = store_photo(jpeg((1200, 600), exif=True, orientation=6))
    assert (stored.width, stored.height) == (600, 1200)


def test_a_transparent_picture_gets_a_white_ground() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(out, "PNG")
    assert opened(store_photo(SimpleUploadedFile("a.png", out.getvalue()))).getpixel((5, 5)) == (
        255,
        255,
        255,
    )


def test_the_same_photo_twice_is_kept_once() -> None:
    assert store_photo(jpeg()) == store_photo(jpeg())
    assert store_photo(jpeg(exif=True)) != store_photo(jpeg())  # another time and place: another fact
    assert not list(Path(StoredFile.objects.first().file.storage.location).glob("incoming/*"))


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"#!/bin/sh\nrm -rf /", "不是照片"), (b"", "空的"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "不是照片"),
     (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"), (b"GIF89a" + b"\0" * 40, "不是照片")],
)  # fmt: skip
def test_what_is_no_photo_is_refused_with_what_to_do(body: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words) as refusal:
        store_photo(SimpleUploadedFile("a.jpg", body))
    assert refusal.value.field == "photos"
    assert StoredFile.objects.count() == 0


def test_half_a_photo_is_refused() -> None:
    whole = jpeg().read()
    with pytest.raises(Refusal, match="不完整"):
        store_photo(SimpleUploadedFile("a.jpg", whole[: len(whole) // 2]))


def test_a_picture_that_unfolds_without_end_is_refused_unopened() -> None:
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG")
    with pytest.raises(Refusal, match="像素太高"):
        store_photo(SimpleUploadedFile("a.png", out.getvalue()))


def test_a_file_over_the_limit_is_refused(settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    with pytest.raises(Refusal, match="最多 1 MB"):
        store_photo(SimpleUploadedFile("a.jpg", b"\xff\xd8" + b"0" * 1024 * 1024))


@pytest.mark.parametrize("stamp", ["2099:01:01 00:00:00", "0000:00:00 00:00:00", "yesterday"])
def test_a_time_that_cannot_be_is_not_believed(stamp: str) -> None:
    data, out = Image.Exif(), io.BytesIO()
    data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = stamp
    Image.new("RGB", (20, 20)).save(out, "JPEG", exif=data)
    assert store_photo(SimpleUploadedFile("a.jpg", out.getvalue())).taken_at is None


def test_documents_are_kept_as_they_are_and_others_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    stored = store_document(SimpleUploadedFile("协议.docx", out.getvalue()))
    assert stored.kind == "document" and stored.file.read() == out.getvalue()
    with pytest.raises(Refusal, match="PDF、Word"):
        store_document(SimpleUploadedFile("a.html", b"<script>"))
    with pytest.raises(Refusal, match="打不开"):
        store_document(SimpleUploadedFile("a.pdf", b"<script>"))
