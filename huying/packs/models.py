"""What the last loaded pack brought, so that work done by hand since is neither undone nor retired."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LoadedKind(models.Model):
    """Every row of one kind that came with the pack: its key and a fingerprint of what the pack said.

    A row whose fingerprint has not changed is left as people have made it meanwhile; a row that left the
    pack is retired; a row that never came with the pack is nobody's business here.
    """

    kind = models.CharField(max_length=24, unique=True)
    rows = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("已装入的包")

    def __str__(self) -> str:
        return self.kind
