"""A declared field as one cell of a table: read from what people type there, written as they read it.

Packs, spreadsheets and the API's filters read cells in this one way.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError as NumberError

from huying.core.phones import PHONE
from huying.places.coordinates import parse_point
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import Field, nearest

# What a table can't carry: these are added on the page of the thing.
NOT_IN_TABLES = ("photo", "photos", "file", "signature")
_YES = {"是", "有", "对", "yes", "true", "1", "y"}
_NO = {"否", "无", "不", "no", "false", "0", "n"}
_DATE = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?)?$")


def read_cell(field: Field, text: str) -> Any:
    """The value of a filled cell as it is kept; ValueError with a sentence when it can't be one.

    Numbers may carry the field's unit and thousands separators; several choices are parted by 、 or a comma.
    """
    reader = _READERS.get(field.type)
    text = text.strip()
    if reader is not None:
        return reader(field, text)
    longest = 2000 if field.type == "long text" else 200
    if len(text) > longest:
        raise ValueError(Sentence(_("太长了：最多 %(most)d 个字符。"), {"most": longest}))
    return text


def write_cell(field: Field, value: Any) -> Any:
    """The value for a table: numbers stay numbers, everything else becomes the words that `read_cell` reads."""
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, Mapping):
        return str(value.get("text", ""))
    if field.type == "money":
        return float(value)
    return value


def _number(field: Field, text: str) -> int | float:
    plain = text.removesuffix(field.unit).replace(",", "").replace("，", "").strip() if field.unit else text
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValueError(Sentence(_("“%(text)s”要写成数字，例如 12.5。"), {"text": text})) from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 14:
        raise ValueError(Sentence(_("“%(text)s”要写成数字，例如 12.5。"), {"text": text}))
    return int(number) if number == number.to_integral_value() else float(number)


def _money(field: Field, text: str) -> str:
    number = Decimal(str(_number(field, text.removesuffix("元"))))
    if number < 0:
        raise ValueError(Sentence(_("金额不能是负数。")))
    return f"{number:.2f}"


def _date(_field: Field, text: str) -> str:
    match = _DATE.match(text)
    try:
        if match:
            return dt.date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        pass
    raise ValueError(Sentence(_("“%(text)s”不是日期，请写成 2026-11-20。"), {"text": text}))


def _time(_field: Field, text: str) -> str:
    try:
        return f"{dt.time.fromisoformat(text.zfill(5)):%H:%M}"
    except ValueError:
        raise ValueError(Sentence(_("“%(text)s”不是时间，请写成 08:30。"), {"text": text})) from None


def _choice(field: Field, text: str) -> str:
    if text not in field.of:
        raise ValueError(nearest(text, field.of))
    return text


def _choices(field: Field, text: str) -> list[str]:
    return [_choice(field, part.strip()) for part in re.split(r"[、,，;；]", text) if part.strip()]


def _yes_or_no(_field: Field, text: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        raise ValueError(Sentence(_("“%(text)s”要写“是”或“否”。"), {"text": text}))
    return word in _YES


def _place(_field: Field, text: str) -> dict[str, Any]:
    try:
        lng, lat = parse_point(text)
    except ValueError:
        return {"text": text[:160]}
    return {"text": text[:160], "lng": lng, "lat": lat}


def _phone(_field: Field, text: str) -> str:
    if not PHONE.match(text.replace(" ", "")):
        raise ValueError(
            Sentence(_("“%(text)s”不是电话号码：请填手机号，或带区号的座机号。"), {"text": text})
        )
    return text


def _identity_number(_field: Field, text: str) -> str:
    try:
        return str(ric.validate(text))
    except NumberError:
        raise ValueError(Sentence(_("身份证号不对，请对照证件再填一次。"))) from None


def _credit_code(_field: Field, text: str) -> str:
    try:
        return str(uscc.validate(text))
    except NumberError:
        raise ValueError(Sentence(_("统一社会信用代码不对，请对照营业执照再填一次。"))) from None


_READERS: Mapping[str, Callable[[Field, str], Any]] = {
    "number": _number, "money": _money, "date": _date, "time": _time, "choice": _choice, "choices": _choices,
    "yes or no": _yes_or_no, "place": _place, "phone": _phone, "identity number": _identity_number,
    "credit code": _credit_code,
}  # fmt: skip
