"""Pages of rankings and appraisals, briefs and meeting packs: who may open them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from huying.core.testing import AccessSuite, MiniDistrict, grant_role, make_user
from huying.figures.appraisals.models import Appraisal
from huying.figures.appraisals.tests.test_tables import RULES
from huying.figures.tests.conftest import declare

pytestmark = pytest.mark.django_db


class TestAppraisals(AccessSuite):
    url, role, whole_district = "figures:appraisals", "supervisor", True


class TestAppraisal(AccessSuite):
    role, whole_district = "leader", True

    def prepare(self) -> None:
        declare("lit", of="items", where={"register": "lamp"}, count={"state": "in use"}, by=["department"])
        Appraisal.objects.create(code="lit", title="亮灯考核", declaration=RULES)

    def address(self) -> str:
        return reverse("figures:appraisal", args=["lit"])


class TestBriefs(AccessSuite):
    url, role, whole_district = "figures:briefs", "writer", True


class TestMeetingPacks(AccessSuite):
    url, role, whole_district = "figures:meeting-packs", "writer", True


def test_a_table_can_be_taken_along(district: MiniDistrict, client: Client) -> None:
    TestAppraisal.prepare(TestAppraisal())
    user = make_user()
    grant_role(user, "supervisor")
    client.force_login(user)
    for kind in ("xlsx", "csv", "docx"):
        answer = client.get(reverse("figures:appraisal", args=["lit"]), {"export": kind})
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
