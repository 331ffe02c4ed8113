"""The demonstration's papers, made in a district that has all their people."""

from __future__ import annotations

import pytest
from django.conf import settings

from huying.papers.demonstration import make_papers
from huying.papers.models import Paper, PaperDraft, PaperMeeting
from huying.papers.register import series

pytestmark = [
    pytest.mark.django_db, pytest.mark.schema, pytest.mark.usefixtures("demonstration"),
    pytest.mark.xdist_group("demonstration"),
]  # fmt: skip


def test_each_state_has_papers_and_no_number_is_missing() -> None:
    assert PaperDraft.objects.count() > 10
    assert set(PaperDraft.objects.values_list("state", flat=True)) >= {
        "draft", "in-review", "to-sign", "signed", "issued",
    }  # fmt: skip
    assert Paper.objects.filter(settled_at__isnull=False).exists()
    assert PaperMeeting.objects.filter(decisions__done_at__isnull=False).exists()
    assert all(each.whole for each in series())


def test_making_them_twice_makes_nothing() -> None:
    assert make_papers(settings.PACK) == 0
