"""Keys of apps that post."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.core.secrets import fingerprint
from huying.integrations.open311.models import ApiKey
from huying.people.access import everywhere
from huying.people.models import User

VERB = "integrations.manage"


@transaction.atomic
def make_key(*, title: str, contact: str, actor: User, per_hour: int = 200) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once."""
    if not everywhere(actor, VERB):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if not title.strip():
        raise Refusal(_("请写明是哪个应用。"), field="title")
    if not contact.strip():
        raise Refusal(_("请写明出问题时找谁。"), field="contact")
    secret = secrets.token_urlsafe(24)
    key = ApiKey.objects.create(
        title=title.strip()[:80], contact=contact.strip()[:120], per_hour=per_hour,
        fingerprint=fingerprint(secret), ending=secret[-4:], made_by=actor,
    )  # fmt: skip
    log(key, "open311_key.made", actor=actor, title=key.title, per_hour=per_hour)
    return key, secret


@transaction.atomic
def revoke_key(key: ApiKey, *, actor: User) -> None:
    """End a key at once; what it posted stays."""
    if not everywhere(actor, VERB):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        log(key, "open311_key.revoked", actor=actor, title=key.title)


def key_of(secret: str) -> ApiKey | None:
    """The key in force with this secret."""
    if not secret or len(secret) > 100:
        return None
    key = ApiKey.objects.filter(fingerprint=fingerprint(secret), revoked_at=None).first()
    if key is not None:
        now = timezone.now()
        stale = Q(used_at=None) | Q(used_at__lt=now - timedelta(minutes=5))
        ApiKey.objects.filter(stale, pk=key.pk).update(used_at=now)
    return key
