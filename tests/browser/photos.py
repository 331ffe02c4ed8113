"""Photos as a phone takes them: with place and time in their EXIF."""

import datetime as dt
import io
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image, ImageDraw

CHINA = ZoneInfo("Asia/Shanghai")


def phone_photo(
    point: tuple[float, float] | None = None, *, colour: str = "#8a8f94", taken: dt.datetime | None = None
) -> dict[str, object]:
    """A JPEG of 2000 × 1500 pixels for a file field; `point` is (lng, lat), WGS-84."""
    picture = Image.new("RGB", (2000, 1500), colour)
    drawing = ImageDraw.Draw(picture)
    for row in range(0, 1500, 250):  # paving, and a round cover in it
        drawing.line([(0, row), (2000, row)], fill="#565c60", width=8)
        for column in range((row // 250 % 2) * 200, 2000, 400):
            drawing.line([(column, row), (column, row + 250)], fill="#565c60", width=8)
    drawing.ellipse([500, 350, 1500, 1250], fill="#3c4043", outline="#26292b", width=40)
    for ring in range(80, 400, 80):
        drawing.ellipse([500 + ring, 350 + ring, 1500 - ring, 1250 - ring], outline="#575d61", width=16)
    exif = picture.getexif()
    moment = taken or dt.datetime.now(CHINA) - dt.timedelta(minutes=5)
    exif[ExifTags.Base.DateTime] = f"{moment:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{moment:%Y:%m:%d %H:%M:%S}"
    if point is not None:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", _degrees(point[1])
        gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", _degrees(point[0])
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=85, exif=exif)
    return {"name": "IMG_2041.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = (value - int(value)) * 60
    return (float(int(value)), float(int(minutes)), round((minutes - int(minutes)) * 60, 4))
