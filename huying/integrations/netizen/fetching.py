"""Mail is fetched over IMAP; a mail leaves the inbox only after what it says is in the database."""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
from collections import Counter
from contextlib import suppress
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.secrets import SealedText
from huying.integrations.netizen.actions import take_mail
from huying.integrations.netizen.mail import read_mail
from huying.integrations.netizen.models import Mailbox

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 30
AT_ONCE = 100
BIGGEST = 25 * 1024 * 1024
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")


def fetch(mailbox: Mailbox) -> Counter[str]:
    """Take in what lies in the mailbox: how many of each outcome. What went wrong stands on the mailbox."""
    done: Counter[str] = Counter()
    problem = ""
    try:
        _fetch(mailbox, done)
    except ssl.SSLCertVerificationError as error:
        problem = _("邮箱服务器的证书不可信：%s。请联系邮箱管理员。") % error.verify_message
    except imaplib.IMAP4.error as error:
        problem = _("邮箱服务器不接受：%s。请核对登录名、密码和文件夹。") % _said(error)
    except (OSError, EOFError) as error:
        problem = _("连接不上邮箱服务器：%s。") % (str(error)[:200] or type(error).__name__)
    except Refusal as error:
        problem = str(error)
    Mailbox.objects.filter(pk=mailbox.pk).update(
        problem=problem.replace("\0", " ")[:500], **({} if problem else {"fetched_at": timezone.now()})
    )
    return done


def _said(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return (first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first))[:200]


def _connect(mailbox: Mailbox) -> imaplib.IMAP4:
    if mailbox.security == Mailbox.Security.TLS:
        return imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT_SECONDS
        )
    client = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)
    if mailbox.security == Mailbox.Security.STARTTLS:
        client.starttls(ssl.create_default_context())
    return client


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _fetch(mailbox: Mailbox, done: Counter[str]) -> None:
    password = mailbox.password.open() if isinstance(mailbox.password, SealedText) else str(mailbox.password)
    client = _connect(mailbox)
    try:
        client.login(mailbox.username, password)
        _expect(client.select(_quoted(mailbox.folder)))
        client.create(_quoted(mailbox.done_folder))  # NO where it is there already
        found = _expect(client.uid("SEARCH", "ALL"))
        uids = (found[0] or b"").split()
        for uid in uids[:AT_ONCE]:
            outcome = _take(mailbox, client, uid.decode())
            done[outcome] += 1
            if outcome != "failed":
                _move(client, uid.decode(), mailbox.done_folder)
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()


def _expect(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(data[0] if data else status)
    return data


def _take(mailbox: Mailbox, client: imaplib.IMAP4, uid: str) -> str:
    size = _expect(client.uid("FETCH", uid, "(RFC822.SIZE)"))
    told = _SIZE.search(size[0] or b"")
    if told and int(told[1]) > BIGGEST:
        log.warning("a mail is larger than 25 MB and stays in the mailbox", extra={"mailbox": mailbox.pk})
        return "failed"
    data = _expect(client.uid("FETCH", uid, "(BODY.PEEK[])"))
    raw: bytes = next((part[1] for part in data if isinstance(part, tuple)), b"")
    try:
        return take_mail(mailbox, read_mail(raw))
    except Refusal as refusal:
        log.warning("a mail could not be taken in: %s", refusal, extra={"mailbox": mailbox.pk})
    except Exception:
        # One mail that nobody foresaw must not keep all behind it from being read.
        log.exception("a mail could not be read", extra={"mailbox": mailbox.pk})
    return "failed"


def _move(client: imaplib.IMAP4, uid: str, folder: str) -> None:
    if "MOVE" in client.capabilities:
        _expect(client.uid("MOVE", uid, _quoted(folder)))
        return
    _expect(client.uid("COPY", uid, _quoted(folder)))
    _expect(client.uid("STORE", uid, "+FLAGS", "(\\Deleted)"))
    client.expunge()
