"""The pages that take and give whole tables."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from huying.core.testing import AccessSuite, make_user
from huying.people.models import Department


class TestImportPage(AccessSuite):
    role = "administrator"
    whole_district = True

    def address(self):
        return reverse("packs:import", args=["departments"])

    def test_a_streets_administrator_is_told_who_does_it(self):
        answer = self.open(make_user("administrator", area=self.district.east))
        assert answer.status_code == 403
        assert "区级管理员" in answer.content.decode()


class TestExport(AccessSuite):
    role = "administrator"
    whole_district = True

    def address(self):
        return reverse("packs:export", args=["areas"])


def upload(client, kind, text):
    file = SimpleUploadedFile("table.csv", text.encode())
    return client.post(reverse("packs:import", args=[kind]), {"file": file})


def test_right_rows_go_in_and_a_wrong_row_is_named(district, client):
    client.force_login(make_user("administrator"))
    page = upload(
        client,
        "departments",
        "code,title,kind,area\nlighting,路灯管理所,district-department,410403\nbad,坏行,no-such-kind,410403\n",
    ).content.decode()
    assert "新增 1 行" in page
    assert "有误没有导入 1 行" in page
    assert "no-such-kind" in page
    assert Department.objects.filter(code="lighting").exists()
    assert not Department.objects.filter(code="bad").exists()


def test_no_file_is_said_beside_the_field(district, client):
    client.force_login(make_user("administrator"))
    assert client.post(reverse("packs:import", args=["staff"])).status_code == 422


@pytest.mark.parametrize("kind", ["areas", "departments", "staff", "duties", "buildings", "roads"])
def test_what_is_exported_can_be_imported_again_without_a_change(district, client, kind):
    client.force_login(make_user("administrator", username="admin", department=district.urban))
    exported = b"".join(client.get(reverse("packs:export", args=[kind])).streaming_content)
    assert CalamineWorkbook.from_filelike(io.BytesIO(exported))
    file = SimpleUploadedFile("table.xlsx", exported)
    page = client.post(reverse("packs:import", args=[kind]), {"file": file}).content.decode()
    assert "新增 0 行，修改 0 行" in page, page[page.index("notice--") :][:300]
    assert "有误没有导入 0 行" in page


def test_an_unknown_table_does_not_exist(district, client):
    client.force_login(make_user("administrator"))
    assert client.get(reverse("packs:import", args=["secrets"])).status_code == 404
