"""The demonstration's papers, made in a district that has all their people."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from huying.packs.loader import load_pack
from huying.papers.demonstration import make_papers
from huying.papers.models import Paper, PaperDraft, PaperMeeting
from huying.papers.register import series

pytestmark = [pytest.mark.django_db, pytest.mark.schema]


def test_each_state_has_papers_and_no_number_is_missing() -> None:
    pack = Path(settings.BASE_DIR) / "districts" / "weidong"
    load_pack(pack, report=lambda _line: None)
    assert make_papers(pack) == PaperDraft.objects.count() > 10
    assert set(PaperDraft.objects.values_list("state", flat=True)) >= {
        "draft", "in-review", "to-sign", "signed", "issued",
    }  # fmt: skip
    assert Paper.objects.filter(settled_at__isnull=False).exists()
    assert PaperMeeting.objects.get().decisions.filter(done_at__isnull=False).count() == 1
    assert all(each.whole for each in series())
    assert make_papers(pack) == 0
