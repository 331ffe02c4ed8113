"""What an installation gets; read in a process of its own, because settings are read once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from huying.config.environment import BASE_DIR
from huying.core.database import parse_url


def setting(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("HUYING_", "DATABASE_URL"))
    }
    code = f"from huying.config import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code],
        env=clean | environment,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_generated_key_is_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = (setting("settings.SECRET_KEY", HUYING_DATA_DIR=str(tmp_path)).stdout for _ in range(2))
    assert first == second
    assert len(first.strip()) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_production_with_a_shared_database_needs_its_own_key(tmp_path: Path) -> None:
    asked = setting("1", HUYING_DATA_DIR=str(tmp_path), DATABASE_URL="postgresql://db/huying")
    assert asked.returncode != 0
    assert "HUYING_SECRET_KEY is not set" in asked.stderr


def test_cookies_need_https_except_in_the_demonstration(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert setting("settings.SESSION_COOKIE_SECURE", HUYING_DATA_DIR=folder).stdout == "True\n"
    assert (
        setting("settings.SESSION_COOKIE_SECURE", HUYING_DATA_DIR=folder, HUYING_DEMO="1").stdout == "False\n"
    )


def test_the_database_address_is_taken_apart() -> None:
    parts = parse_url("postgresql://huying:p%40ss@db.example.org:5433/district?sslmode=require")
    assert parts == {
        "NAME": "district",
        "USER": "huying",
        "PASSWORD": "p@ss",
        "HOST": "db.example.org",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.django_db
def test_pages_forbid_inline_scripts_and_styles(client: Client) -> None:
    policy = client.get("/no-such-page/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"HUYING_OIDC_ISSUER": "https://sso.example.org"},
            "HUYING_OIDC_CLIENT_ID and HUYING_OIDC_CLIENT_SECRET",
        ),
        ({"HUYING_OIDC_ONLY": "1"}, "no way in without HUYING_OIDC_ISSUER"),
        (
            {
                "HUYING_OIDC_ISSUER": "http://sso",
                "HUYING_OIDC_CLIENT_ID": "a",
                "HUYING_OIDC_CLIENT_SECRET": "b",
            },
            "must be https",
        ),
    ],
)
def test_half_an_identity_provider_is_refused_at_the_start(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    asked = setting("1", HUYING_DATA_DIR=str(tmp_path), **environment)
    assert asked.returncode != 0 and said in asked.stderr
