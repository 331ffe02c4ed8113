"""The pages: matters for those who see the case, servers for administrators of the whole district."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from huying.cases.tests.conftest import Loop
from huying.core.testing import make_user
from huying.integrations.forwarding.models import Forwarding, Partner, Route
from huying.integrations.forwarding.tests.conftest import make_partner, push_all
from huying.integrations.forwarding.tests.elsewhere import Elsewhere

pytestmark = pytest.mark.django_db
Start = Callable[..., Elsewhere]


def stuck(loop: Loop, elsewhere: Start) -> Forwarding:
    make_partner(loop, elsewhere().url, api_key="wrong")
    loop.dispatched(name="李小明", phone="13800001111")
    push_all()
    return Forwarding.objects.get()


def test_the_department_sees_its_matters_and_tries_again(
    loop: Loop, elsewhere: Start, client: Client
) -> None:
    row = stuck(loop, elsewhere)
    client.force_login(loop.clerk)
    page = client.get("/desk/forwarding/").content.decode()
    assert row.case.number in page and "api_key was wrong" in page
    page = client.get(f"/desk/forwarding/{row.pk}/").content.decode()
    assert "重试" in page and "13800001111" not in page
    assert "转办到其他平台" in client.get(f"/desk/cases/{row.case.number}/").content.decode()
    assert client.post(f"/desk/forwarding/{row.pk}/retry/").status_code == 302
    assert Forwarding.objects.get().state == "waiting"


def test_another_department_and_another_street_see_nothing(
    loop: Loop, elsewhere: Start, client: Client
) -> None:
    row = stuck(loop, elsewhere)
    strangers = (
        make_user("clerk", department=loop.district.water), make_user("grid-worker", area=loop.district.west),
    )  # fmt: skip
    for user in strangers:
        client.force_login(user)
        assert row.case.number not in client.get("/desk/forwarding/").content.decode()
        assert client.get(f"/desk/forwarding/{row.pk}/").status_code == 404
        assert client.post(f"/desk/forwarding/{row.pk}/retry/").status_code == 404
        assert client.post(f"/desk/forwarding/{row.pk}/withdrawal/", {"reason": "x"}).status_code == 404


def test_who_only_reads_the_case_presses_nothing(loop: Loop, elsewhere: Start, client: Client) -> None:
    row = stuck(loop, elsewhere)
    client.force_login(loop.dispatcher)
    assert "重试" not in client.get(f"/desk/forwarding/{row.pk}/").content.decode()
    assert client.post(f"/desk/forwarding/{row.pk}/retry/").status_code == 403


def test_a_matter_is_followed_no_longer_for_a_reason(loop: Loop, elsewhere: Start, client: Client) -> None:
    row = stuck(loop, elsewhere)
    client.force_login(loop.clerk)
    client.post(f"/desk/forwarding/{row.pk}/withdrawal/", {"reason": ""})
    assert Forwarding.objects.get().state == "stuck"
    client.post(f"/desk/forwarding/{row.pk}/withdrawal/", {"reason": "对方电话告知不受理"})
    assert Forwarding.objects.get().state == "withdrawn"


def test_a_server_is_named_with_its_key_which_is_never_shown(
    loop: Loop, elsewhere: Start, client: Client
) -> None:
    client.force_login(make_user("administrator"))
    form: dict[str, Any] = {
        "title": "供电公司", "base_url": elsewhere().url, "jurisdiction_id": "", "format": "json",
        "department": loop.district.urban.pk, "account": loop.clerk.username, "new_key": "top-secret-key",
    }  # fmt: skip
    wrong = client.post("/desk/forwarding/partners/add/", {**form, "account": loop.dispatcher.username})
    assert wrong.status_code == 422 and "不能为" in wrong.content.decode()
    assert client.post("/desk/forwarding/partners/add/", form).status_code == 302
    partner = Partner.objects.get()
    assert partner.api_key.open() == "top-secret-key"
    for page in ("", f"{partner.pk}/"):
        assert "top-secret-key" not in client.get(f"/desk/forwarding/partners/{page}").content.decode()
    client.post(f"/desk/forwarding/partners/{partner.pk}/", {**form, "new_key": "", "title": "供电公司平台"})
    partner.refresh_from_db()
    assert (partner.title, partner.api_key.open()) == ("供电公司平台", "top-secret-key")


def test_the_services_are_asked_of_the_server(loop: Loop, elsewhere: Start, client: Client) -> None:
    there = elsewhere()
    partner = make_partner(loop, there.url)
    Route.objects.all().delete()
    client.force_login(make_user("administrator"))
    address = f"/desk/forwarding/partners/{partner.pk}/categories/"
    assert "Street lamp" in client.get(address).content.decode()
    category = loop.ledger.categories.get(code="lighting-dark")
    bad = client.post(address, {"category": category.pk, "service_code": "lamp", "attributes": "no equals"})
    assert bad.status_code == 422 and "第 1 行" in bad.content.decode()
    client.post(address, {"category": category.pk, "service_code": "lamp", "attributes": "kind = 路灯\n"})
    route = Route.objects.get()
    assert route.attributes == {"kind": "路灯"}
    assert "lamp" in client.get("/desk/forwarding/partners/").content.decode()
    there.stop()
    assert "没有取到对方的服务目录" in client.get(address).content.decode()
    client.post(f"/desk/forwarding/categories/{route.pk}/removal/")
    assert not Route.objects.exists()


def test_a_paused_server_is_left_alone(loop: Loop, elsewhere: Start, client: Client) -> None:
    there = elsewhere()
    partner = make_partner(loop, there.url)
    client.force_login(make_user("administrator"))
    client.post(f"/desk/forwarding/partners/{partner.pk}/pause/", {"paused": "1"})
    loop.dispatched()
    push_all(times=2)
    assert there.posts == 0
    client.post(f"/desk/forwarding/partners/{partner.pk}/pause/", {"paused": "0"})
    push_all()
    assert there.posts == 1


@pytest.mark.parametrize("role", ["dispatcher", "clerk"])
def test_only_administrators_of_the_whole_district_open_the_servers(
    loop: Loop, client: Client, role: str
) -> None:
    client.force_login(make_user(role))
    assert client.get("/desk/forwarding/partners/").status_code == 403
    client.force_login(make_user("administrator", area=loop.district.east))
    assert client.get("/desk/forwarding/partners/").status_code == 403
