"""Secrets that must be read again (a gateway's key, a robot's address) lie sealed in the database.

The key is derived from SECRET_KEY: who has a copy of the database alone reads nothing. Secrets that are only
compared (tokens) are kept as a fingerprint.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from huying.core.errors import Refusal


@lru_cache(maxsize=4)
def _key(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"huying", info=purpose).derive(secret_key.encode())


def seal(text: str) -> str:
    """Encrypt a text (AES-128-CBC with HMAC, Fernet). Empty stays empty."""
    if not text:
        return ""
    return (
        Fernet(base64.urlsafe_b64encode(_key(settings.SECRET_KEY, b"seal"))).encrypt(text.encode()).decode()
    )


def unseal(sealed: str) -> str:
    """The text again. Raises Refusal when it was sealed under another SECRET_KEY."""
    if not sealed:
        return ""
    try:
        fernet = Fernet(base64.urlsafe_b64encode(_key(settings.SECRET_KEY, b"seal")))
        return fernet.decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Refusal(_("密钥无法解密：HUYING_SECRET_KEY 已经更换。请重新填写这项密钥。")) from None


def fingerprint(text: str) -> str:
    """What stands for a token in the database: 64 hexadecimal digits, the same for the same token."""
    return hmac.new(_key(settings.SECRET_KEY, b"fingerprint"), text.encode(), hashlib.sha256).hexdigest()


class SealedText(str):
    """A sealed value as it lies in the database; `open()` gives the secret to the one line that needs it."""

    def open(self) -> str:
        """The plain secret. Raises Refusal when the installation's key has changed."""
        return unseal(str(self))


class SealedField(models.TextField):  # type: ignore[type-arg]
    """Takes a plain secret, stores it sealed, and gives a `SealedText`: nothing shows the secret by accident."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> SealedText | None:
        """As read: still sealed."""
        return None if value is None else SealedText(value)

    def get_prep_value(self, value: Any) -> Any:
        """As written: sealed, unless it was read from the database."""
        value = super().get_prep_value(value)
        return value if value is None or isinstance(value, SealedText) else seal(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Seal on the instance too, so that it behaves the same before and after it is read again."""
        value = getattr(model_instance, self.attname)
        if isinstance(value, str) and not isinstance(value, SealedText):
            value = SealedText(seal(value))
            setattr(model_instance, self.attname, value)
        return value
