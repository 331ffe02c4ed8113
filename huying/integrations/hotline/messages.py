"""The order as the city sends it, version 1: what is taken, checked before anything happens. See docs/hotline.md."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from huying.core.errors import Refusal
from huying.core.secrets import fingerprint

VERSION = "huying.hotline/1"
PHOTOS_AT_MOST = 9
Action = Literal["submit", "redo", "cancel", "accept_return", "refuse_return"]


class Photo(BaseModel):
    """A photo, by address or in the message itself (base64)."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field("", max_length=1000)
    content: str = Field("", max_length=8_000_000)


class OrderMessage(BaseModel):
    """One message about one order. Unknown keys are refused, so that a typing error is not silently lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    schema_: Literal["huying.hotline/1"] = Field(alias="schema")
    number: str = Field(min_length=1, max_length=60)
    action: Action = "submit"
    revision: int | None = Field(None, ge=1, le=2_000_000_000)
    title: str = Field("", max_length=120)
    words: str = Field("", max_length=5000)
    name: str = Field("", max_length=60)
    phone: str = Field("", max_length=30)
    address: str = Field("", max_length=160)
    lng: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    code: str = Field("", max_length=20)
    code_title: str = Field("", max_length=80)
    called_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    reason: str = Field("", max_length=500)
    photos: list[Photo] = Field(default_factory=list, max_length=PHOTOS_AT_MOST)

    @field_validator("*", mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """No text that PostgreSQL or UTF-8 could not hold."""
        if isinstance(value, str):
            if "\0" in value:
                raise ValueError("NUL character")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("not Unicode text") from None
        return value

    @field_validator("number")
    @classmethod
    def _printable(cls, value: str) -> str:
        if "/" in value or not value.isprintable():
            raise ValueError("an order number is printable and has no slash")
        return value

    @field_validator("called_at", "due_at")
    @classmethod
    def _aware(cls, value: dt.datetime | None) -> dt.datetime | None:
        """Times without an offset are the district's."""
        if value is None:
            return None
        if not 2000 <= value.year <= 2200:
            raise ValueError("a year between 2000 and 2200")
        return timezone.make_aware(value) if timezone.is_naive(value) else value

    def digest(self) -> str:
        """Stands for the contents: the same for the same order sent again, and tells nobody what they were."""
        contents = self.model_dump(mode="json", by_alias=True)
        for photo in contents["photos"]:
            photo["content"] = hashlib.sha256(photo["content"].encode()).hexdigest()
        return fingerprint(json.dumps(contents, sort_keys=True, ensure_ascii=False))


class Unreadable(Refusal):
    """The body is not a message; `errors` are (field, sentence)."""

    status = 422

    def __init__(self, message: str, errors: list[tuple[str, str]]) -> None:
        super().__init__(message)
        self.errors = errors


def read_message(body: bytes) -> OrderMessage:
    """The message in a request's body. Raises Unreadable."""
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Unreadable(_("正文不是 UTF-8 编码的 JSON。请检查后重新发送。"), []) from None
    try:
        return OrderMessage.model_validate(data)
    except (ValidationError, RecursionError) as error:
        found = (
            [(".".join(str(part) for part in one["loc"])[:100], one["msg"]) for one in error.errors()[:20]]
            if isinstance(error, ValidationError)
            else []
        )
        raise Unreadable(_("工单内容不符合接口约定，请按 errors 逐项改正后重新发送。"), found) from None
