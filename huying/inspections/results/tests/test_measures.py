"""Measures by the book: each step in its order, refused with what is missing; what is decided holds, on paper."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import make_department, make_user
from huying.inspections.results.actions import begin_measure, drop_measure, lift_measure, take_step
from huying.inspections.results.models import Measure
from huying.inspections.results.panels import plate_of
from huying.inspections.results.rights import measures_for
from huying.inspections.results.tests.conftest import REASON, SEEN, Shop
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.sites import lies_in, site_for
from huying.inspections.rounds.tests.conftest import photo

UNTIL = timezone.localdate() + dt.timedelta(days=10)


def test_a_suspension_goes_by_the_book(shop: Shop) -> None:
    measure = shop.ready()
    shop.step(measure, "decide", until=UNTIL, waived=True)
    measure.refresh_from_db()
    shop.item.refresh_from_db()
    assert (measure.state, measure.decided_on, measure.revisit_on) == (
        "in force",
        timezone.localdate(),
        UNTIL,
    )
    assert shop.item.state == "suspended"
    assert (
        measure.paper is not None and measure.paper.kind == "decision" and measure.paper.received_at is None
    )
    shop.step(measure, "serve", name="店主苏某")
    measure.paper.refresh_from_db()
    assert measure.paper.received_name == "店主苏某"


@pytest.mark.parametrize("code", ["record", "inform", "decide", "serve"])
def test_a_step_out_of_order_is_refused_and_names_what_comes_first(shop: Shop, code: str) -> None:
    with pytest.raises(Refusal, match="亮证"):
        shop.step(
            shop.begin(), code, words=SEEN, second=shop.second, evidence=photo(), until=UNTIL, name="某"
        )


def test_nobody_shows_papers_alone(shop: Shop) -> None:
    measure = shop.begin()
    with pytest.raises(Refusal, match="不得少于两人"):
        shop.step(measure, "show", words="豫D-001")
    with pytest.raises(Refusal, match="不得少于两人"):
        shop.step(measure, "show", words="豫D-001", second=shop.officer)


def test_a_record_needs_words_and_a_photo(shop: Shop) -> None:
    measure = shop.begin("black plate")
    with pytest.raises(Refusal, match=r"笔录至少写 10 个字.*附一张现场照片"):
        shop.step(measure, "record", words="脏")


def test_a_hearing_is_waited_for_unless_it_is_waived(shop: Shop) -> None:
    measure = shop.ready("closure")
    with pytest.raises(Refusal, match="可以要求听证"):
        shop.step(measure, "decide")
    shop.step(measure, "decide", waived=True)
    shop.item.refresh_from_db()
    assert shop.item.state == "shut down"


def test_a_step_is_taken_once(shop: Shop) -> None:
    measure = shop.begin("red plate")
    shop.step(measure, "record", words="店面整洁，证照齐全，操作规范。")
    with pytest.raises(Conflict, match="已经做过"):
        shop.step(measure, "record", words="店面整洁，证照齐全，操作规范。")


def test_a_black_plate_takes_the_red_one_down(shop: Shop) -> None:
    red = shop.ready("red plate")
    shop.step(red, "decide")
    black = shop.ready("black plate")
    shop.step(black, "decide")
    red.refresh_from_db()
    assert red.state == "lifted"
    found = plate_of(shop.item)
    assert found is not None and found.pk == black.pk


def test_two_of_a_kind_do_not_run_at_once(shop: Shop) -> None:
    shop.begin("black plate")
    with pytest.raises(Conflict, match="请先办完它"):
        shop.begin("black plate")


def test_things_seized_need_a_list(shop: Shop) -> None:
    with pytest.raises(Refusal, match="清单和件数"):
        shop.begin("seizure", pieces=3)
    assert shop.begin("seizure", pieces=3, inventory="铁锅 3 口").pieces == 3


def test_it_is_lifted_after_a_round_that_passes(shop: Shop) -> None:
    measure = shop.ready()
    shop.step(measure, "decide", until=UNTIL, waived=True)
    measure.refresh_from_db()
    with pytest.raises(Refusal, match="还没有复查合格"):
        lift_measure(measure, words="改好了", actor=shop.officer)
    now = timezone.now()
    Round.objects.create(
        version=shop.night.version, item=shop.item, place_title=shop.item.title, made_by=shop.officer, ended_at=now,
        day=timezone.localdate(), passed=True, **lies_in(site_for("item", shop.item.pk)),
    )  # fmt: skip
    lift_measure(measure, words="复查合格", actor=shop.officer)
    shop.item.refresh_from_db()
    assert (measure.state, shop.item.state) == ("lifted", "open")


def test_what_was_not_decided_can_be_dropped_and_what_was_can_not(shop: Shop) -> None:
    measure = shop.begin()
    drop_measure(measure, words="查无实据", actor=shop.officer)
    with pytest.raises(Conflict):
        take_step(measure, "show", actor=shop.officer, words="x", second=shop.second)
    red = shop.ready("red plate")
    shop.step(red, "decide")
    with pytest.raises(Conflict, match="请解除"):
        drop_measure(red, words="不要了", actor=shop.officer)


def test_only_the_supervising_unit_decides(shop: Shop) -> None:
    other = make_user("clerk", department=make_department("health"))
    with pytest.raises(NotAllowed, match="主管部门"):
        begin_measure(shop.item, kind="black plate", reason=REASON, actor=other)
    with pytest.raises(NotAllowed):
        begin_measure(shop.item, kind="black plate", reason=REASON, actor=make_user("grid-worker"))
    measure = shop.begin("black plate")
    assert not measures_for(other).filter(pk=measure.pk).exists()
    assert measures_for(shop.officer).filter(pk=measure.pk).exists()


def test_the_pages_lead_through_the_procedure(shop: Shop, client: Client) -> None:
    client.force_login(shop.officer)
    assert "作出处理" in client.get(shop.item.get_absolute_url()).content.decode()
    begun = client.post(f"/desk/measures/begin/{shop.item.pk}/", {"kind": "black plate", "reason": REASON})
    assert begun.status_code == 302
    page = begun["Location"]
    refused = client.post(f"{page}record/", {"words": "脏"})
    assert refused.status_code == 422 and "笔录至少写" in refused.content.decode()
    assert client.post(f"{page}decide/", {"words": ""}).status_code == 422
    assert client.post(f"{page}nonsense/").status_code == 404
    ended = client.post(f"{page}end/", {"words": "查无实据"}, follow=True)
    assert "不再办理" in ended.content.decode()
    assert Measure.objects.get().state == "dropped"


def test_who_may_not_is_refused_and_who_is_elsewhere_finds_nothing(shop: Shop, client: Client) -> None:
    measure = shop.begin("black plate")
    page = f"/desk/measures/{measure.pk}/"
    assert client.get(page).status_code == 302
    client.force_login(make_user("callback"))
    assert client.get(page).status_code == 403
    client.force_login(make_user("checker", area=shop.district.west))
    assert client.get(page).status_code == 404
    assert client.post(f"{page}record/").status_code == 403
    client.force_login(make_user("checker", area=shop.district.east))
    assert client.get(page).status_code == 200
