"""Photos and documents are taken in here: checked, stripped of hidden data, kept once by content.

Core only stores. Who may open a file is decided where its subject is known (`core/photo_links.py`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import math
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from huying.core.errors import Refusal
from huying.core.models import StoredFile

LONG_SIDE, THUMBNAIL_SIDE = 1920, 320  # pixels
MOST_PIXELS = 50_000_000  # what a careless or hostile picture may unfold to in memory
JPEG_QUALITY = 82
_FORMATS = ("JPEG", "PNG", "WEBP")  # JPEG brings MPO, which many phones write, along
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")

# Suffix → how such a file begins. Old and new office files, and PDF.
_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-"
DOCUMENT_TYPES: dict[str, bytes] = {
    ".pdf": _PDF, ".docx": _ZIP, ".xlsx": _ZIP, ".pptx": _ZIP, ".doc": _OLE, ".xls": _OLE, ".wps": _OLE,
}  # fmt: skip


class Upload(Protocol):
    """An uploaded file, an open file, or bytes in memory; a name is looked at where there is one."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Seen:
    """What a photo says of itself: when (aware) and where (WGS-84) it was taken, as far as it does."""

    taken_at: dt.datetime | None = None
    lng: float | None = None
    lat: float | None = None


def store_photo(upload: Upload, *, by: Any = None, seen: Seen | None = None) -> StoredFile:
    """Keep a photo: upright, long side at most 1920 px, re-encoded without any hidden data, with a thumbnail.

    Time and place are read from its EXIF first and kept on the row; `seen` is what the phone says of a photo
    that has none. The same picture again is the same row.
    Raises Refusal (field `photos`), with what to do instead, for anything that is not a readable photo.
    """
    data = _read(upload)
    picture, own = _decoded(data)
    seen = own if seen is None or own != Seen() else seen
    body, size = _jpeg(picture, LONG_SIDE)
    sha256 = hashlib.sha256(body).hexdigest()
    known = StoredFile.objects.filter(
        sha256=sha256, kind=StoredFile.Kind.PHOTO, taken_at=seen.taken_at, lng=seen.lng, lat=seen.lat
    )
    if found := known.first():
        return found
    thumbnail, _size = _jpeg(picture, THUMBNAIL_SIDE)
    stored = StoredFile(
        kind=StoredFile.Kind.PHOTO, sha256=sha256, size=len(body), width=size[0], height=size[1],
        taken_at=seen.taken_at, lng=seen.lng, lat=seen.lat, uploaded_by=by,
    )  # fmt: skip
    stored.thumbnail.save(f"{sha256[:24]}-small.jpg", _whole(thumbnail), save=False)
    stored.file.save(f"{sha256[:24]}.jpg", _whole(body), save=False)
    stored.save(force_insert=True)
    return stored


def store_document(upload: Upload, *, by: Any = None) -> StoredFile:
    """Keep a PDF or office file as it is; a photo is kept as a photo. Refusal (field `files`) for anything else."""
    name = str(getattr(upload, "name", "") or "")
    suffix = Path(name).suffix.lower()
    if suffix in (".jpg", ".jpeg", ".png", ".webp", ".heic"):
        return store_photo(upload, by=by)
    data = _read(upload, field="files")
    if suffix not in DOCUMENT_TYPES:
        raise Refusal(_("不能上传这种文件，请换成 PDF、Word、Excel 文件或照片。"), field="files")
    if not data.startswith(DOCUMENT_TYPES[suffix]) or (
        DOCUMENT_TYPES[suffix] == _ZIP and not zipfile.is_zipfile(io.BytesIO(data))
    ):
        raise Refusal(_("这个文件打不开，可能没有传完整。请在电脑上打开确认后重新上传。"), field="files")
    sha256 = hashlib.sha256(data).hexdigest()
    if found := StoredFile.objects.filter(sha256=sha256, kind=StoredFile.Kind.DOCUMENT).first():
        return found
    stored = StoredFile(kind=StoredFile.Kind.DOCUMENT, sha256=sha256, size=len(data), uploaded_by=by)
    stored.file.save(f"{sha256[:24]}{suffix}", _whole(data), save=False)
    stored.save(force_insert=True)
    return stored


def _read(upload: Upload, field: str = "photos") -> bytes:
    """All bytes, but never more than the setting HUYING_MAX_UPLOAD_MB allows."""
    most = settings.MAX_UPLOAD_BYTES
    if seek := getattr(upload, "seek", None):
        seek(0)
    data = upload.read(most + 1)
    if len(data) > most:
        raise Refusal(
            _("文件太大：每个最多 %(most)d MB。请选小一点的照片或压缩后再上传。") % {"most": most // 1024**2},
            field=field,
        )
    if not data:
        raise Refusal(_("这个文件是空的，请重新选择。"), field=field)
    return data


def _decoded(data: bytes) -> tuple[Image.Image, Seen]:
    """The picture, upright, in RGB and small enough to work with; and what its EXIF says."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise Refusal(
            _("暂不支持 HEIC 照片。请在手机「设置—相机—格式」里选「兼容性最佳」重拍，或截屏后上传截图。"),
            field="photos",
        )
    # The library that draws our papers switches this on for the whole process when it is first used.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise Image.DecompressionBombError
        seen = _seen(picture)
        # A JPEG is decoded at a fraction of its size where that is enough: less memory, less time.
        picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
        picture.load()
    except Image.DecompressionBombError:
        raise Refusal(
            _("照片像素太高（超过 %(most)d 万）。请用手机默认的拍照模式重拍，或截屏后上传截图。")
            % {"most": MOST_PIXELS // 10_000},
            field="photos",
        ) from None
    except UnidentifiedImageError:
        raise Refusal(_("这不是照片，请选择 JPG、PNG 或 WebP 格式的照片。"), field="photos") from None
    except (OSError, SyntaxError, ValueError):
        raise Refusal(_("这张照片不完整或已损坏，请重新选择或重拍。"), field="photos") from None
    return _plain(ImageOps.exif_transpose(picture)), seen


def _plain(picture: Image.Image) -> Image.Image:
    """Shrunk, on white instead of transparent, in the colours of every screen (sRGB)."""
    profile = picture.info.get("icc_profile")
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A"))
        return ground
    if profile and picture.mode == "RGB":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(picture, source, target, outputMode="RGB") or picture
        except (ImageCms.PyCMSError, OSError):
            return picture  # a broken colour profile does not make the photo worthless
    return picture.convert("RGB")


def _jpeg(picture: Image.Image, side: int) -> tuple[bytes, tuple[int, int]]:
    """JPEG bytes of the pixels alone: no EXIF, no thumbnail, no comment, no profile."""
    copy = Image.new("RGB", picture.size)
    copy.paste(picture)
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return out.getvalue(), copy.size


def _seen(picture: Image.Image) -> Seen:
    """Time and place from EXIF; nonsense there is the same as nothing."""
    try:
        exif = picture.getexif()
        details, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError):
        return Seen()
    lng, lat = _degrees(gps, 3, 4, "W"), _degrees(gps, 1, 2, "S")
    if lng is None or lat is None or abs(lng) > 180 or abs(lat) > 90 or (lng == 0 and lat == 0):
        lng = lat = None
    stamp = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    return Seen(_moment(stamp, details.get(ExifTags.Base.OffsetTimeOriginal)), lng, lat)


def _degrees(gps: dict[int, Any], side_tag: int, tag: int, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in gps[tag])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return None
    return round(-value if str(gps.get(side_tag, "")).strip("\0 ") == negative else value, 7)


def _moment(stamp: Any, offset: Any) -> dt.datetime | None:
    """An aware moment; a camera without a time zone is taken to be here, and one set to the future is not believed."""
    try:
        naive = dt.datetime.strptime(str(stamp).strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")
        zone: dt.tzinfo = timezone.get_default_timezone()
        if offset:
            zone = dt.datetime.strptime(str(offset).strip("\0 "), "%z").tzinfo or zone
    except ValueError:
        return None
    at = naive.replace(tzinfo=zone)
    return at if at <= timezone.now() + dt.timedelta(days=1) else None


if TYPE_CHECKING:
    _BytesFile = File[bytes]
else:
    _BytesFile = File


class _WholeFile(_BytesFile):
    """A complete temporary file, which the file system storage moves to its place: no reader sees half of it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _whole(body: bytes) -> _WholeFile:
    folder = Path(settings.MEDIA_ROOT) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())
    return _WholeFile(Path(target.name).open("rb"), name=target.name)
