"""Passkeys with Chromium's virtual authenticator: made, used alone, asked for as a second proof, taken away."""

from __future__ import annotations

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visits

# Passkeys belong to a host name; the address of the other tests is an IP.
SECURITY = re.compile(r"/accounts/security/$")


def at_localhost(visits: Visits, size: dict[str, int] | None = None) -> tuple[Page, str]:
    host = visits.url.replace("127.0.0.1", "localhost")
    return (visits.page(size) if size else visits.page()), host


def with_authenticator(page: Page) -> None:
    """A phone that confirms its owner by itself."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def enter(page: Page, host: str, username: str) -> None:
    page.goto(f"{host}/accounts/login/")
    page.locator(f'form[action="/accounts/demo/{username}/"] button').click()
    page.wait_for_url(lambda url: "/accounts/login" not in url, wait_until="commit")


def leave(page: Page, host: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{host}/accounts/login/")


def test_a_passkey_is_made_opens_the_door_alone_and_is_taken_away(visits: Visits) -> None:
    page, host = at_localhost(visits, PHONE)
    with_authenticator(page)
    enter(page, host, "callback")
    page.goto(f"{host}/accounts/")
    page.get_by_role("link", name="登录安全").click()
    page.get_by_role("link", name="添加通行密钥").click()
    page.get_by_label("起个名字").fill("我的手机")
    page.get_by_role("button", name="添加").click()
    expect(page.get_by_role("heading", name="恢复码")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("link", name="已收好").click()
    expect(page.get_by_text("我的手机")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    leave(page, host)
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url(re.compile("/desk/"), wait_until="commit")

    page.goto(f"{host}/accounts/security/")
    page.get_by_role("link", name="删除").click()
    page.get_by_role("button", name="删除").click()
    page.wait_for_url(SECURITY, wait_until="commit")
    expect(page.get_by_text("我的手机")).to_have_count(0)


def test_without_a_device_the_page_says_what_to_do(visits: Visits) -> None:
    page, host = at_localhost(visits)
    page.goto(f"{host}/accounts/login/")
    # Nobody answers the browser's question: as when the dialog is cancelled.
    page.evaluate(
        "() => { navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_text("取消了，或等得太久")).to_be_visible()


def test_an_app_is_set_up_by_its_picture_and_codes(visits: Visits) -> None:
    page, host = at_localhost(visits)
    enter(page, host, "checker")
    page.goto(f"{host}/accounts/security/app/")
    expect(page.get_by_alt_text("验证器的二维码")).to_be_visible()
    assert page.get_by_alt_text("验证器的二维码").evaluate("image => image.naturalWidth") > 0
    secret = page.locator("code").inner_text()
    page.get_by_label("验证器里的 6 位数字").fill("000000")
    page.get_by_role("button", name="完成").click()
    expect(page.get_by_text("验证没有通过").first).to_be_visible()
    assert page.locator("code").inner_text() == secret
    page.get_by_label("验证器里的 6 位数字").fill(format_hotp_value_now(secret))
    page.get_by_role("button", name="完成").click()
    expect(page.get_by_role("heading", name="恢复码")).to_be_visible()
    page.goto(f"{host}/accounts/security/app/removal/")
    page.get_by_role("button", name="取消验证器").click()
    page.wait_for_url(SECURITY, wait_until="commit")


def format_hotp_value_now(secret: str) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
