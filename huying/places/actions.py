"""What changes places."""

from __future__ import annotations

import random

from django.db import transaction

from huying.places.fresh import Kept
from huying.places.models import MapVersion


@transaction.atomic
def bump_map_version() -> int:
    """Tell every process that areas or place names changed; call it in the transaction that changes them.

    A number drawn afresh, not one more: a count that was rolled back would be given twice, and a process
    that had seen the first would take the second for what it knows.
    """
    row, _ = MapVersion.objects.select_for_update().get_or_create(pk=1)
    row.version = random.choice([n for n in random.sample(range(1, 2**31), 2) if n != row.version])
    row.save(update_fields=["version"])
    Kept.look_at_all_again()
    return row.version
