"""The official answer goes back by mail, in the thread of the message that it answers."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Case
from huying.core.backoff import next_try
from huying.core.journal import log
from huying.integrations.netizen.models import MAIL, Message

TRIES_AT_MOST = 12
TIMEOUT_SECONDS = 20
_MARK = "huying-answer-"


def reference_of(message: Message) -> str:
    """Our answer's own Message-ID: the same at every try, so that a mail sent twice shows once."""
    assert message.mailbox is not None
    return f"<{_MARK}{message.pk}@{message.mailbox.address.partition('@')[2]}>"


def original_of(reference: str) -> str:
    """The Message-ID of the mail that this answer of ours answered; empty for any other."""
    key = reference.strip("<>").partition("@")[0].removeprefix(_MARK)
    if not reference.startswith(f"<{_MARK}") or not key.isdecimal() or len(key) > 15:
        return ""
    return Message.objects.filter(pk=int(key), platform=MAIL).values_list("number", flat=True).first() or ""


def send_reply(message: Message) -> bool:
    """Send a released answer, if it is due and nobody else does; whether it is sent."""
    now = timezone.now()
    # The claim is the time of the next try: a sender that dies leaves it to the next.
    won = Message.objects.filter(
        pk=message.pk, reply_state=Message.Reply.RELEASED, next_try_at__lte=now
    ).update(next_try_at=now + next_try(message.tries + 1, seed=message.pk), tries=message.tries + 1)
    if not won or message.mailbox is None:
        return False
    problem, permanent = "", False
    try:
        _mail(message).send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        problem, permanent = _("对方邮箱不收：%s") % code, code >= 500
    except (smtplib.SMTPException, OSError) as error:
        problem = _("邮件没有发出：%s") % (str(error)[:200] or type(error).__name__)
    except ValueError as error:
        problem, permanent = str(error)[:200], True
    with transaction.atomic():
        if not problem:
            sent = Message.objects.filter(pk=message.pk, reply_state=Message.Reply.RELEASED).update(
                reply_state=Message.Reply.SENT, replied_at=timezone.now(), next_try_at=None, problem=""
            )
            if sent:
                case = Case.objects.get(pk=message.report.case_id)
                log(case, "case.netizen_replied", report=message.report.number)
            return bool(sent)
        failed = permanent or message.tries + 1 >= TRIES_AT_MOST
        Message.objects.filter(pk=message.pk).update(
            problem=problem[:500],
            **({"reply_state": Message.Reply.FAILED, "next_try_at": None} if failed else {}),
        )
    return False


def _mail(message: Message) -> EmailMessage:
    assert message.mailbox is not None
    address = message.sender_address()
    if not settings.EMAIL_HOST and "smtp" in settings.EMAIL_BACKEND:
        raise OSError(_("没有配置邮件服务器（HUYING_SMTP_HOST）。"))
    subject = message.subject or str(message.report.case.title)
    answers = message.number if message.number.startswith("<") else ""
    return EmailMessage(
        subject if subject.lower().startswith(("re:", "回复")) else f"Re: {subject}",
        message.reply,
        parseaddr(settings.DEFAULT_FROM_EMAIL)[1] or message.mailbox.address,
        [address],
        reply_to=[message.mailbox.address],
        headers={
            "Message-ID": reference_of(message),
            **({"In-Reply-To": answers, "References": answers} if answers else {}),
        },
        connection=get_connection(timeout=TIMEOUT_SECONDS) if "smtp" in settings.EMAIL_BACKEND else get_connection(),
    )  # fmt: skip
