from __future__ import annotations

import datetime as dt
import threading
import uuid
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import AccessSuite, MiniDistrict, grant_role, make_user
from huying.notices import markdown, news, outbox
from huying.notices.models import Comment, Delivery, News, NewsRead, Preference, Robot
from huying.notices.tests.conftest import Pigeon
from huying.people.models import User
from huying.places.models import Area


def make_news(area: Area, title: str = "停水通知", **fields: Any) -> News:
    """An item that is out."""
    now = timezone.now()
    return News.objects.create(
        **{
            "title": title, "body": "明天 8 时至 18 时**停水**，请提前储水。", "area": area, "publish_from": now,
            "published_at": now, **fields,
        }
    )  # fmt: skip


def values(area: Area, **fields: Any) -> dict[str, Any]:
    return {
        "title": "供热政策", "body": "见附件", "kind": "policy", "area": area, "publish_from": timezone.now(), **fields
    }  # fmt: skip


# -- who may publish where -----------------------------------------------------------------------------------


def test_a_street_office_publishes_for_its_street_only(district: MiniDistrict) -> None:
    head = make_user("head", department=district.streets["east"])
    made = news.save_news(News(), actor=head, **values(district.communities["东苑社区"]))
    assert made.department == district.streets["east"]
    with pytest.raises(NotAllowed):
        news.save_news(News(), actor=head, **values(district.west))
    with pytest.raises(NotAllowed):
        news.save_news(News(), actor=head, **values(district.root))
    assert not news.managed_by(make_user("head", department=district.streets["west"])).exists()


def test_nobody_moves_another_streets_news_to_their_own(district: MiniDistrict) -> None:
    made = make_news(district.west)
    with pytest.raises(NotAllowed):
        news.save_news(made, actor=make_user("leader", area=district.east), **values(district.east))


def test_a_grid_worker_publishes_nothing(district: MiniDistrict) -> None:
    with pytest.raises(NotAllowed):
        news.save_news(News(), actor=make_user("grid-worker", area=district.east), **values(district.east))


# -- whom it is for ------------------------------------------------------------------------------------------


def test_news_is_for_those_who_work_in_the_area_or_above_it(district: MiniDistrict) -> None:
    street, grid = make_news(district.east, "街道的"), make_news(district.grid_of("东苑社区"), "网格的")
    everyone = make_news(district.root, "全区的")
    worker = make_user("grid-worker", area=district.grid_of("东风社区"))
    clerk = make_user("clerk", department=district.streets["east"])
    agent = make_user("agent")
    assert set(news.for_staff(worker)) == {street, everyone}
    assert set(news.for_staff(clerk)) == {street, grid, everyone}
    assert set(news.for_staff(agent)) == {street, grid, everyone}
    assert set(news.for_staff(make_user("clerk", department=district.streets["west"]))) == {everyone}


def test_news_may_be_for_one_role(district: MiniDistrict) -> None:
    made = make_news(district.east, roles=["grid-worker"])
    worker = make_user("grid-worker", area=district.grid_of("东苑社区"))
    make_user("clerk", department=district.streets["east"])
    assert list(news.audience(made)) == [worker]
    assert not news.for_staff(make_user("head", department=district.streets["east"])).exists()


def test_the_audience_counts_each_person_once(district: MiniDistrict) -> None:
    worker = make_user("grid-worker", area=district.grid_of("东苑社区"))
    grant_role(worker, "checker", area=district.east)
    make_user("grid-worker", area=district.grid_of("西苑社区"))
    make_user("agent")
    assert list(news.audience(make_news(district.east))) == [worker]
    assert news.audience(make_news(district.root)).count() == 3


def test_news_of_a_compound_is_for_those_who_look_after_its_community(district: MiniDistrict) -> None:
    worker = make_user("grid-worker", area=district.communities["东苑社区"])
    make_user("grid-worker", area=district.communities["东风社区"])
    make_user("clerk", department=district.streets["east"])
    assert list(news.audience(make_news(district.compound))) == [worker]


# -- out it goes ---------------------------------------------------------------------------------------------


def test_publishing_tells_the_groups_of_the_area_and_staff_who_asked(
    district: MiniDistrict, pigeon: Pigeon, now: Any
) -> None:
    leader = make_user("leader", email="leader@example.org")
    asked = make_user("grid-worker", area=district.grid_of("东苑社区"), email="a@example.org")
    Preference.objects.create(user=asked, channels={"news": ["email"]})
    make_user("grid-worker", area=district.grid_of("东苑社区"), email="b@example.org")
    group = Robot.objects.create(
        title="东苑网格群", channel="wecom", address="https://e.org", area=district.grid_of("东苑社区")
    )
    Robot.objects.create(title="西街群", channel="wecom", address="https://e.org", area=district.west)
    made = news.save_news(News(), actor=leader, **values(district.east))
    assert not Delivery.objects.exists()
    news.publish(made, actor=leader)
    assert {(row.to_kind, row.to_id) for row in Delivery.objects.all()} == {
        ("user", asked.pk),
        ("robot", group.pk),
    }
    with pytest.raises(Conflict):
        news.publish(made, actor=leader)


def test_what_is_scheduled_is_told_when_its_time_comes_and_once(
    district: MiniDistrict, pigeon: Pigeon, now: Any
) -> None:
    leader = make_user("leader")
    Robot.objects.create(title="群", channel="wecom", address="https://e.org", area=district.east)
    later = timezone.now() + dt.timedelta(hours=3)
    made = news.save_news(News(), actor=leader, **values(district.east, publish_from=later))
    news.publish(made, actor=leader)
    assert news.announce_due() == 0
    assert not news.for_residents().exists()
    now(2026, 11, 18, 13)
    assert [news.announce_due(), news.announce_due()] == [1, 0]
    assert Delivery.objects.count() == 1
    assert news.for_residents().get() == made


def test_withdrawn_news_is_gone_and_what_waited_is_not_sent(
    district: MiniDistrict, pigeon: Pigeon, now: Any
) -> None:
    leader = make_user("leader")
    reader = make_user("grid-worker", area=district.east, email="a@example.org")
    Preference.objects.create(user=reader, channels={"news": ["email"]})
    made = news.save_news(News(), actor=leader, **values(district.east))
    news.publish(made, actor=leader)
    news.withdraw(made, actor=leader, reason="日期写错")
    outbox.send_due()
    assert not pigeon.said
    assert not news.for_residents().exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_announce_once(pigeon: Pigeon) -> None:
    from huying.core.testing import make_district

    district = make_district()
    Robot.objects.create(title="群", channel="wecom", address="https://e.org", area=district.east)
    made = make_news(district.east)

    def work() -> None:
        news.announce_due()
        connection.close()

    workers = [threading.Thread(target=work) for _n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Delivery.objects.filter(subject_id=made.pk).count() == 1


# -- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>",
        "![x](https://spy.example/p.gif)", "[x](data:text/html;base64,xx)", "<a href='https://x' style='x'>y</a>",
        "`<iframe src=x>`", "[x](https://e.org 'a\" onclick=\"b')",
    ],
)  # fmt: skip
def test_nothing_dangerous_comes_out_of_the_words(bad: str) -> None:
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(str(markdown.render(bad)))
    assert {tag for tag, _attributes in found} <= {"p", "a"}
    for _tag, attributes in found:
        assert set(attributes) <= {"href", "title", "rel"}
        assert str(attributes.get("href") or "https://").startswith("https://")


def test_headings_lists_tables_and_links_come_out() -> None:
    html = markdown.render("# 甲\n\n- 乙\n\n|a|b|\n|-|-|\n|1|2|\n\n[丙](https://e.org)")
    for sign in ("<h2>甲</h2>", "<li>乙</li>", "<td>1</td>", 'rel="noopener noreferrer nofollow"'):
        assert sign in html


def test_a_loudspeaker_gets_whole_plain_sentences(district: MiniDistrict) -> None:
    made = make_news(district.east, body="## 时间\n\n- 明天 **8 时**\n- 停水" + "。请储水" * 100)
    spoken = news.spoken(made)
    assert spoken.startswith("停水通知。时间。明天 8 时。停水。")
    assert len(spoken) <= 300
    assert spoken.endswith("。")
    made.spoken = "请注意"
    assert news.spoken(made) == "请注意"


# -- reading -------------------------------------------------------------------------------------------------


def test_a_reader_counts_once_and_says_received(district: MiniDistrict, client: Client) -> None:
    made = make_news(district.east, confirm=True)
    worker = make_user("grid-worker", area=district.grid_of("东苑社区"))
    client.force_login(worker)
    page = reverse("notices:field-item", args=[made.pk])
    for _n in range(2):
        assert "收到" in client.get(page).content.decode()
    assert NewsRead.objects.get().confirmed_at is None
    assert client.post(page).status_code == 302
    assert NewsRead.objects.get().confirmed_at is not None
    assert "您已回复" in client.get(page).content.decode()


def test_who_publishes_sees_how_many_have_read_and_who_has_not(
    district: MiniDistrict, client: Client
) -> None:
    made = make_news(district.east)
    done = make_user("grid-worker", area=district.east, name="已读员")
    make_user("grid-worker", area=district.east, name="未读员")
    news.note_read(made, done)
    client.force_login(make_user("leader", area=district.root))
    text = client.get(reverse("notices:item", args=[made.pk])).content.decode()
    assert "工作人员 2 人，已读 1 人" in text
    assert "未读员" in text
    assert "已读员" not in text


def test_residents_are_counted_and_not_known(district: MiniDistrict, client: Client) -> None:
    made = make_news(district.east)
    page = reverse("notices:public-item", args=[made.pk])
    answer = client.get(page)
    client.get(page)
    assert News.objects.get().views == 2
    assert "sessionid" not in answer.cookies


@pytest.mark.parametrize(
    "change", [{"public": False}, {"published_at": None}, {"withdrawn_at": timezone.now()}]
)
def test_residents_see_only_what_is_public_and_out(
    district: MiniDistrict, client: Client, change: dict[str, Any]
) -> None:
    made = make_news(district.east, **change)
    assert client.get(reverse("notices:public-item", args=[made.pk])).status_code == 404
    assert made.title not in client.get(reverse("notices:public-news")).content.decode()


def test_an_attachment_is_as_open_as_its_news(
    district: MiniDistrict, client: Client, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    leader = make_user("leader")
    client.force_login(leader)
    data = {
        **values(district.east), "area": district.east.code, "publish_from": "2026-11-18T10:00", "public": "on",
        "files": SimpleUploadedFile("政策.pdf", b"%PDF-1.4 policy"),
    }  # fmt: skip
    assert client.post(reverse("notices:add"), data).status_code == 302
    made = News.objects.get()
    file = reverse("notices:public-file", args=[made.pk, made.attachments.get().file_id])
    assert b"".join(client.get(file).streaming_content) == b"%PDF-1.4 policy"
    client.logout()
    assert client.get(file).status_code == 404
    news.publish(made, actor=leader)
    assert client.get(file).status_code == 200


# -- consultation --------------------------------------------------------------------------------------------


@pytest.fixture
def question(district: MiniDistrict) -> News:
    return make_news(
        district.east, "加装电梯怎么看", kind="consultation", closes_at=timezone.now() + dt.timedelta(days=7)
    )


def test_an_opinion_is_shown_after_somebody_has_looked_at_it(
    district: MiniDistrict, question: News, client: Client
) -> None:
    page = reverse("notices:public-item", args=[question.pk])
    data = {"words": "支持，请先修楼道灯", "client_id": str(uuid.uuid4())}
    for _n in range(2):
        assert client.post(reverse("notices:public-comment", args=[question.pk]), data).status_code == 302
    assert "楼道灯" not in client.get(page).content.decode()
    head = make_user("head", department=district.streets["east"])
    news.judge_comment(Comment.objects.get(), state="shown", answer="已安排", actor=head)
    text = client.get(page).content.decode()
    assert "楼道灯" in text
    assert "已安排" in text


def test_after_the_date_no_opinion_is_taken(question: News, client: Client) -> None:
    News.objects.update(closes_at=timezone.now() - dt.timedelta(minutes=1))
    answer = client.post(
        reverse("notices:public-comment", args=[question.pk]),
        {"words": "支持", "client_id": str(uuid.uuid4())},
    )
    assert answer.status_code == 422
    assert "已经结束" in answer.content.decode()
    assert not Comment.objects.exists()


def test_ordinary_news_takes_no_opinions(district: MiniDistrict) -> None:
    with pytest.raises(Refusal):
        news.comment(make_news(district.east), words="好的", client_id=uuid.uuid4())


# -- pages ---------------------------------------------------------------------------------------------------


class NewsSuite(AccessSuite):
    role = "leader"
    shows_area = True

    def prepare(self) -> None:
        self.news = make_news(self.district.east, public=False)

    def address(self) -> str:
        return reverse(self.url, args=[self.news.pk])


class TestEdit(NewsSuite):
    url = "notices:edit"


class TestItem(NewsSuite):
    url = "notices:item"
    role = "grid-worker"


class TestFieldItem(TestItem):
    url = "notices:field-item"


class TestBoard(TestItem):
    url = "notices:board"


class TestPublish(NewsSuite):
    url = "notices:publish"
    method = "post"


class TestWithdraw(NewsSuite):
    url = "notices:withdraw"
    method = "post"


class TestAdd(AccessSuite):
    url = "notices:add"
    role = "leader"


class TestManage(AccessSuite):
    url = "notices:manage"
    role = "leader"

    def prepare(self) -> None:
        make_news(self.district.east, "东街停水")

    def row_in_east(self) -> str:
        return "东街停水"


class TestStaffNews(TestManage):
    url = "notices:news"
    role = "grid-worker"


class TestFieldNews(TestStaffNews):
    url = "notices:field-news"


def test_the_lists_ask_the_same_number_of_questions_for_any_number(
    district: MiniDistrict, client: Client, kept_for_long: None
) -> None:
    leader = make_user("leader")
    make_news(district.east)

    def asked(name: str, user: User | None) -> int:
        if user:
            client.force_login(user)
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name)).status_code == 200
        return len(queries)

    pages = [("notices:public-news", None), ("notices:manage", leader), ("notices:news", leader)]
    few = [asked(*page) for page in pages]
    for number in range(8):
        make_news(district.east, f"第{number}条")
    assert [asked(*page) for page in pages] == few
    assert max(few) <= 8


@pytest.fixture
def kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 3600)
