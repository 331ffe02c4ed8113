"""The page parts: what they say, and that every page stays within the content policy."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from huying.core.templatetags.parts import clock, duration_words, moment
from huying.core.views.styleguide import AUDIENCES, ICONS

STATIC = Path(settings.BASE_DIR) / "huying/static/huying"
NOW = timezone.now()

# Pages ask the database for the district they serve.
pytestmark = pytest.mark.django_db


def template(source: str, **context: object) -> str:
    return Template("{% load parts %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(days=2, hours=4, minutes=50), "2 天 4 小时"),
        (timedelta(days=1), "1 天"),
        (timedelta(hours=3, minutes=20), "3 小时 20 分"),
        (timedelta(minutes=45), "45 分"),
        (timedelta(seconds=20), "不到 1 分"),
        (-timedelta(hours=1), "1 小时"),
    ],
)
def test_a_length_is_said_in_its_two_largest_units(length: timedelta, words: str) -> None:
    with translation.override("zh-hans"):
        assert duration_words(length) == words


@pytest.mark.parametrize(
    ("due", "kwargs", "word", "css"),
    [
        (timedelta(hours=3, minutes=20), {}, "还剩 3 小时 20 分", 'class="clock"'),
        (timedelta(hours=1), {"started": NOW - timedelta(hours=9)}, "还剩 1 小时", "clock--blue"),
        (timedelta(hours=5), {"level": "yellow"}, "还剩 5 小时", "clock--yellow"),
        (-timedelta(days=2), {}, "已超 2 天", "clock--red"),
        (timedelta(hours=1), {"state": "parked"}, "已挂账", 'class="clock"'),
        (timedelta(hours=1), {"state": "done", "ended": NOW}, "按时办结", "clock--green"),
        (-timedelta(hours=2), {"state": "done", "ended": NOW}, "超 2 小时", "clock--red"),
    ],
)
def test_a_clock_says_what_is_left_in_words_and_colour(
    due: timedelta, kwargs: dict[str, object], word: str, css: str
) -> None:
    with translation.override("zh-hans"):
        html = clock(NOW + due, now=NOW, **kwargs)  # type: ignore[arg-type]
    assert word in html
    assert css in html
    assert "title=" in html
    assert "<use href=" in html


def test_only_a_running_clock_ticks() -> None:
    assert "data-due" in clock(NOW, now=NOW)
    assert "data-due" not in clock(NOW, now=NOW, state="parked")


def test_a_moment_carries_its_exact_time() -> None:
    assert re.search(r'datetime="[\d-]+T', moment(NOW))
    assert moment(None) == ""


def test_a_panel_escapes_its_title_but_not_its_body() -> None:
    html = template("{% panel title=name %}<b>x</b>{% endpanel %}", name="<i>")
    assert "&lt;i&gt;" in html
    assert "<b>x</b>" in html


def test_json_in_an_attribute_is_escaped() -> None:
    assert '"><script>' not in template('<p data-x="{{ value|as_json }}">', value={"a": '"><script>'})


def test_every_icon_named_in_templates_or_code_is_in_the_sprite() -> None:
    there = set(re.findall(r'symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    assert set(ICONS) <= there
    used: set[str] = set()
    for folder in (Path(settings.BASE_DIR) / "huying").rglob("templates"):
        for file in folder.rglob("*.html"):
            used |= set(re.findall(r'{% icon "([\w-]+)"', file.read_text(encoding="utf-8")))
    assert used <= there


def test_no_template_has_inline_scripts_styles_or_handlers() -> None:
    for folder in (Path(settings.BASE_DIR) / "huying").rglob("templates"):
        for file in folder.rglob("*.html"):
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", text), file


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_styleguide_shows_every_part_in_every_frame(client: Client, audience: str, language: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    response = client.get("/styleguide/", {"audience": audience, "toast": "1"})
    html = response.content.decode()
    assert response.status_code == 200
    for mark in (
        "error-summary",
        "timeline",
        "photo-pair",
        "data-chart",
        "data-map",
        "clock--red",
        "data-photos",
        "toast--error",
        "data-bulk",
    ):
        assert mark in html, mark


def test_the_map_always_says_that_it_is_schematic() -> None:
    with translation.override("zh-hans"):
        assert "示意图" in render_to_string("parts/map.html", {"map": {}})


def test_a_map_marker_is_written_without_thousands_or_commas() -> None:
    html = render_to_string("parts/map.html", {"map": {"lng": 120.355, "lat": 36.0}})
    assert 'data-lng="120.355000"' in html


def test_large_type_is_kept_in_a_cookie_without_a_script(client: Client) -> None:
    response = client.post("/preferences/", {"type": "large", "next": "/styleguide/?audience=portal"})
    assert response["Location"] == "/styleguide/?audience=portal"
    assert 'data-type="large"' in client.get("/styleguide/").content.decode()
    client.post("/preferences/", {"type": "normal"})
    assert 'data-type="large"' not in client.get("/styleguide/").content.decode()


def test_preferences_never_lead_to_another_site(client: Client) -> None:
    assert client.post("/preferences/", {"theme": "dark", "next": "https://evil.example/"})["Location"] == "/"


def test_a_made_up_preference_is_not_kept(client: Client) -> None:
    assert not client.post("/preferences/", {"theme": '"><b>', "type": "huge"}).cookies


def test_a_toast_carries_its_way_back(client: Client) -> None:
    from huying.core.toasts import toast

    request: HttpRequest = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    from django.contrib.messages.storage.cookie import CookieStorage

    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    toast(request, "已派遣", undo_url="/desk/undo/")
    html = render_to_string("parts/toasts.html", {"messages": get_messages(request)}, request=request)
    assert 'action="/desk/undo/"' in html
    assert "已派遣" in html


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "409", "413", "429", "500"])
def test_error_pages_say_what_to_do_next_and_need_no_context(code: str) -> None:
    html = render_to_string(f"{code}.html")
    assert "<h1>" in html
    assert 'href="/"' in html


def test_a_refusal_says_its_own_sentence() -> None:
    assert "请先退回派遣" in render_to_string("403.html", {"exception": "请先退回派遣"})
