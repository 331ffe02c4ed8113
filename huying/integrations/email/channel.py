"""E-mail over SMTP, by Django's mail. Settings: HUYING_SMTP_* and HUYING_MAIL_FROM."""

from __future__ import annotations

import smtplib
from email.errors import MessageError
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.notices.channels import Channel, ChannelError, Message, Sent

TIMEOUT_S = 20
# The mailbox is not there, or not taken from us (RFC 5321, 4.2.2 and 4.2.3).
_NO_SUCH_MAILBOX = (501, 550, 551, 553)


class Email(Channel):
    code = "email"
    title = gettext_lazy("电子邮件")

    def why_not(self) -> str:
        return "" if settings.EMAIL_HOST else _("没有配置邮件服务器（HUYING_SMTP_HOST）。")

    def send(self, message: Message) -> Sent:
        """One mail. The Message-ID is made of the key, so a mail sent twice shows once in most mailboxes."""
        try:
            validate_email(message.address)
        except ValidationError:
            raise ChannelError(_("邮箱地址不正确。"), temporary=False, wrong_address=True) from None
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
        reference = f"<{message.key}@{domain}>"
        mail = EmailMessage(
            " ".join(message.subject.split()),
            message.words,
            settings.DEFAULT_FROM_EMAIL,
            [message.address],
            headers={"Message-ID": reference, "Auto-Submitted": "auto-generated"},
            connection=get_connection(timeout=TIMEOUT_S),
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _refused(code, words) from None
        except smtplib.SMTPResponseException as error:
            # Sender refused or signing in failed: the fault is ours, and mended by the operator within the days
            # that a message is tried.
            raise ChannelError(_said(error.smtp_code, error.smtp_error), temporary=True) from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(
                _("连接不上邮件服务器：%s") % (str(error)[:200] or type(error).__name__), temporary=True
            ) from None
        except (MessageError, ValueError) as error:
            raise ChannelError(str(error)[:200], temporary=False) from None
        return Sent(reference)


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return _("邮件服务器答复 %(code)d：%(words)s") % {"code": code, "words": text[:200]}


def _refused(code: int, words: bytes | str) -> ChannelError:
    return ChannelError(_said(code, words), temporary=code < 500, wrong_address=code in _NO_SUCH_MAILBOX)
