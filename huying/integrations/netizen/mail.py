"""A mail, read: who wrote, what, with which photos. Nothing in it is trusted."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import hashlib
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser

from django.utils.translation import gettext as _

WORDS_AT_MOST = 5000
PHOTOS_AT_MOST = 9
_HIDDEN = {"script", "style", "head", "title", "template", "noscript"}
_BREAKS = {"p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "blockquote", "table"}
_QUOTE = re.compile(
    r"^\s*(>|-{3,}\s*(原始邮件|Original Message|回复的原邮件)|在.{4,60}(写道|wrote)[:：]|On .{4,80} wrote:)",
    re.I,
)


@dataclass
class Mail:
    """What a mail says. `nothing` is the reason why it is no message, where it is none."""

    number: str
    sender: str
    nickname: str
    subject: str
    words: str
    posted_at: dt.datetime | None
    answers: list[str] = field(default_factory=list)  # Message-IDs of the mails before it
    photos: list[bytes] = field(default_factory=list)
    nothing: str = ""


class _Text(HTMLParser):
    """The words of HTML, without what is not shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in _HIDDEN))

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def text_of_html(html: str) -> str:
    """The words of an HTML text; tags, scripts and styles are gone."""
    reader = _Text()
    reader.feed(html[:2_000_000])
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)


def read_mail(raw: bytes) -> Mail:
    """Read a mail; what is broken in it is left out, and it is never an error."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    nickname, sender = parseaddr(_header(message, "From"))
    number = _header(message, "Message-ID").strip()[:250] or f"sha256:{hashlib.sha256(raw).hexdigest()}"
    subject = " ".join(_header(message, "Subject").split())[:200]
    text, photos = _content(message)
    return Mail(
        number=_clean(number), sender=_clean(sender)[:200], nickname=_clean(nickname)[:60], subject=_clean(subject),
        words=_clean(_own_words(text))[:WORDS_AT_MOST].strip() or _clean(subject), posted_at=_moment(message),
        answers=re.findall(r"<[^<>\s]{1,248}>", f"{_header(message, 'References')} {_header(message, 'In-Reply-To')}"),
        photos=photos, nothing=_nothing(message, sender),
    )  # fmt: skip


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, TypeError, IndexError, AttributeError, LookupError):
        return ""  # the library stumbles over some headers that are no headers


def _clean(text: str) -> str:
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _moment(message: EmailMessage) -> dt.datetime | None:
    try:
        at = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return at if 2000 <= at.year <= 2200 else None


def _nothing(message: EmailMessage, sender: str) -> str:
    """Why nobody asks anything with this mail (RFC 3834, RFC 3464); empty when somebody may."""
    if _header(message, "Auto-Submitted").strip().lower() not in ("", "no"):
        return _("自动回复")
    if _header(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return _("群发邮件")
    if message.get_content_type() == "multipart/report" or _header(message, "Return-Path").strip() == "<>":
        return _("退信通知")
    name = sender.partition("@")[0].lower()
    if name in ("mailer-daemon", "postmaster") or name.replace("-", "").replace("_", "") == "noreply":
        return _("系统邮件")
    if any(_header(message, header) for header in ("X-Autoreply", "X-Autorespond", "List-Unsubscribe")):
        return _("自动回复")
    return "" if "@" in sender else _("没有发件人")


def _content(message: EmailMessage) -> tuple[str, list[bytes]]:
    plain: list[str] = []
    html: list[str] = []
    photos: list[bytes] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        try:
            data = part.get_payload(decode=True)
        except (ValueError, LookupError, AssertionError):
            continue
        if not isinstance(data, bytes):
            continue
        if kind.startswith("image/"):
            if len(photos) < PHOTOS_AT_MOST:
                photos.append(data)
        elif kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            (plain if kind == "text/plain" else html).append(_decoded(data, part.get_content_charset()))
    text = "\n".join(plain).strip()
    return (text or text_of_html("\n".join(html))), photos


def _decoded(data: bytes, charset: str | None) -> str:
    """As declared; Chinese mail that declares nothing, or GB 2312 with more characters than it has, is GB 18030."""
    declared = (charset or "").lower()
    first = "gb18030" if declared.startswith(("gb", "cp936", "x-gb")) else declared
    for name in filter(None, (first, "utf-8", "gb18030")):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("gb18030", "replace")


def _own_words(text: str) -> str:
    """Without the quoted mail below; a mail that is nothing but quote keeps it."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if _QUOTE.match(line) and "".join(lines[:place]).strip():
            return "\n".join(lines[:place])
    return text
