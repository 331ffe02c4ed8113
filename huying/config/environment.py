"""Every setting that an installation can have, declared once.

Settings come from the environment only. A name that is not declared here is refused, because a typo that
is silently ignored is found months later. `NAME_FILE` holds the path of a file with the value, so that secrets
need not stand in the process list.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).resolve().parents[2]
PREFIX = "HUYING_"
FILE_SUFFIX = "_FILE"


class SettingError(Exception):
    """A setting that cannot be used; the message says what was expected."""


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, how its text is read, and its text when it is not set."""

    name: str
    read: Callable[[str], Any]
    default: str
    help: str


def boolean(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in words:
        raise ValueError("1 or 0 (also true/false, yes/no, on/off)")
    return words[text.lower()]


def number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("one of " + ", ".join(words))
        return text.lower()

    return read


def text(value: str) -> str:
    return value


def path(value: str) -> Path:
    """An absolute path; a relative one counts from the project root, wherever the process was started."""
    if not value:
        raise ValueError("a path")
    return (BASE_DIR / Path(value).expanduser()).resolve()


def optional_path(value: str) -> Path | None:
    return path(value) if value else None


def words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an address like https://huying.example.org")
    return value.rstrip("/")


def optional_web_address(value: str) -> str:
    return web_address(value) if value else ""


def tile_address(value: str) -> str:
    if value and (
        urlsplit(value).scheme not in ("http", "https") or not all(k in value for k in ("{z}", "{x}", "{y}"))
    ):
        raise ValueError(
            "an address with {z}, {x} and {y}, like https://tiles.example.org/{z}/{x}/{y}.png, or nothing"
        )
    return value


def database_address(value: str) -> str:
    if value:
        parts = urlsplit(value)
        if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
            raise ValueError("an address like postgresql://user:password@host:5432/name")
    return value


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "DATABASE_URL",
        database_address,
        "",
        "PostgreSQL to use; empty starts the embedded one in the data folder",
    ),
    Variable(
        "HUYING_DATA_DIR",
        path,
        ".data",
        "folder for the embedded database, uploaded files and the generated key",
    ),
    Variable(
        "HUYING_SECRET_KEY",
        text,
        "",
        "signs sessions and links; required with DATABASE_URL, else generated once",
    ),
    Variable("HUYING_DEBUG", boolean, "0", "developer's error pages; never for a real installation"),
    Variable(
        "HUYING_DEMO", boolean, "0", "demonstration: one-click logins, invented people, plain http allowed"
    ),
    Variable(
        "HUYING_ALLOWED_HOSTS",
        words,
        "",
        "host names to answer to, by comma; always also that of HUYING_PUBLIC_URL",
    ),
    Variable(
        "HUYING_PUBLIC_URL",
        web_address,
        "http://127.0.0.1:8000",
        "address that residents see, used in links and QR codes",
    ),
    Variable(
        "HUYING_TRUST_PROXY",
        boolean,
        "0",
        "believe X-Forwarded-Proto and X-Forwarded-For of the proxy in front",
    ),
    Variable("HUYING_PACK", path, "districts/weidong", "folder of the district pack"),
    Variable("HUYING_LOG_FORMAT", one_of("json", "text"), "json", "json for machines, text for eyes"),
    Variable(
        "HUYING_LOG_LEVEL",
        one_of("debug", "info", "warning", "error"),
        "info",
        "least important log line that is written",
    ),
    Variable("HUYING_BIND", text, "127.0.0.1", "network address that the web server listens on"),
    Variable("HUYING_PORT", number(1, 65535), "8000", "port that the web server listens on"),
    Variable("HUYING_WORKERS", number(1, 128), "2", "web server processes"),
    Variable("HUYING_THREADS", number(1, 128), "4", "threads of each web server process"),
    Variable("HUYING_JOBS", number(1, 64), "4", "jobs that one worker process runs at the same time"),
    Variable(
        "HUYING_DATABASE_POOL_SIZE", number(1, 200), "8", "database connections of each process, at most"
    ),
    Variable(
        "HUYING_SESSION_HOURS", number(1, 720), "12", "hours without a click after which a user logs in again"
    ),
    Variable(
        "HUYING_TILE_URL", tile_address, "", "map tiles below the district's own layers; empty for none"
    ),
    Variable(
        "HUYING_PAPER_ISSUER",
        text,
        "",
        "office in whose name papers are issued; empty: the district's government",
    ),
    Variable(
        "HUYING_PAPER_FONTS",
        words,
        "",
        "font families for papers, by comma: 仿宋, 小标宋, 黑体, 宋体, 楷体; empty: the usual names, then Noto",
    ),
    Variable(
        "HUYING_PAPER_SEALS",
        text,
        "",
        "folder with the images (PNG) of seals that kinds of papers name; empty: no seals are printed",
    ),
    Variable(
        "HUYING_CONTACT_DAYS",
        number(1, 36500),
        "1095",
        "days after a matter has ended until names and phones of its reporters are deleted",
    ),
    Variable(
        "HUYING_TRUSTED_HOSTS",
        words,
        "",
        "host names inside your network that webhooks and linked pictures may reach, by comma",
    ),
    Variable("HUYING_SMTP_HOST", text, "", "mail server that notices go out by; empty: no e-mail"),
    Variable("HUYING_SMTP_PORT", number(1, 65535), "587", "port of the mail server"),
    Variable(
        "HUYING_SMTP_SECURITY",
        one_of("starttls", "tls", "none"),
        "starttls",
        "how the way to it is encrypted",
    ),
    Variable("HUYING_SMTP_USER", text, "", "account at the mail server; empty: without signing in"),
    Variable(
        "HUYING_SMTP_PASSWORD", text, "", "its password; better in a file, by HUYING_SMTP_PASSWORD_FILE"
    ),
    Variable(
        "HUYING_MAIL_FROM", text, "", "sender of notices, like 呼应 <noreply@example.org>; needed for e-mail"
    ),
    Variable(
        "HUYING_SMS_GATEWAY", optional_path, "", "YAML file that describes the SMS gateway; empty: no SMS"
    ),
    Variable("HUYING_SMS_KEY", text, "", "account at the SMS gateway, {key} in its description"),
    Variable(
        "HUYING_SMS_SECRET", text, "", "its secret, {secret} in the description, and what signs requests"
    ),
    Variable(
        "HUYING_OIDC_ISSUER",
        optional_web_address,
        "",
        "identity provider (OpenID Connect) that staff sign in with; empty: none",
    ),
    Variable("HUYING_OIDC_CLIENT_ID", text, "", "this site's client id at the provider"),
    Variable(
        "HUYING_OIDC_CLIENT_SECRET",
        text,
        "",
        "its secret; better in a file, by HUYING_OIDC_CLIENT_SECRET_FILE",
    ),
    Variable("HUYING_OIDC_NAME", text, "单位账号", "what the provider is called on the button"),
    Variable(
        "HUYING_OIDC_CLAIM",
        text,
        "preferred_username",
        "claim that names the account here at the first arrival; one that people can't change themselves",
    ),
    Variable(
        "HUYING_OIDC_ONLY",
        boolean,
        "0",
        "no passwords here, except for administrators, who keep one for the day the provider is down",
    ),
    Variable(
        "HUYING_SECOND_FACTOR",
        words,
        "",
        "roles that need a second factor with their password, by comma, like administrator,dispatcher",
    ),
    Variable("HUYING_MAX_UPLOAD_MB", number(1, 200), "20", "largest file that may be uploaded, in MB"),
)


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read all declared variables from `environ`; raise SettingError at the first that cannot be used."""
    refuse_unknown_names(environ)
    return {variable.name: read_variable(variable, environ) for variable in VARIABLES}


def refuse_unknown_names(environ: Mapping[str, str]) -> None:
    names = [variable.name for variable in VARIABLES]
    known = {*names, *(name + FILE_SUFFIX for name in names)}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            nearest = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"Did you mean {nearest[0]}?" if nearest else "Settings are listed in docs/operator.md."
            raise SettingError(f"Unknown setting {name}. {hint}")


def read_variable(variable: Variable, environ: Mapping[str, str]) -> Any:
    raw = environ.get(variable.name)
    file = environ.get(variable.name + FILE_SUFFIX)
    if raw is not None and file is not None:
        raise SettingError(
            f"Both {variable.name} and {variable.name}{FILE_SUFFIX} are set; keep one of them."
        )
    if file is not None:
        try:
            raw = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(
                f"{variable.name}{FILE_SUFFIX} names {file}, which cannot be read: {error.strerror}."
            ) from None
    try:
        return variable.read(variable.default if raw is None else raw.strip())
    except ValueError as error:
        # The value itself is not repeated: it may be a secret.
        raise SettingError(f"{variable.name} has a value that cannot be used; expected {error}.") from None


def load() -> dict[str, Any]:
    """The settings of this process."""
    return read_environment(os.environ)
