"""Signatures by the Standard Webhooks convention: HMAC-SHA256 over `id.timestamp.body`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret of 192 bits, as the convention writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the signature in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets_: list[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one message; after a rotation it is signed with both secrets."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, event_id, timestamp, body) for one in secrets_),
    }
