"""What is true of every collection."""

from __future__ import annotations

import pytest
from django.utils import timezone

from huying.core.temporal import as_of, kept_tables
from huying.core.testing import MiniDistrict
from huying.figures.collections import collections

# Their newest writers are asked for (xmin) by what is kept in memory: a view has none.
ASKED_FOR_VERSIONS = {"cases_ledger", "cases_topic", "cases_category", "people_department", "places_area"}


def test_tables_whose_versions_are_asked_for_are_not_kept() -> None:
    assert not ASKED_FOR_VERSIONS & set(kept_tables())


@pytest.mark.django_db
@pytest.mark.parametrize("code", sorted(collections()))
def test_each_collection_can_be_counted_now_and_as_of_a_moment(district: MiniDistrict, code: str) -> None:
    each = collections()[code]
    assert each.rows().order_by().count() >= 0
    with as_of(timezone.now()):
        assert list(each.describe(list(each.rows().select_related(*each.related())[:5]))) is not None
