"""What happens with messages by itself."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from huying.core.jobs import at, every, job
from huying.integrations.netizen import fetching, sending
from huying.integrations.netizen.models import Mailbox, Message, MessagesUpload
from huying.integrations.sheets import forget_uploads


@every("*/5 * * * *")
def fetch_mail(moment: dt.datetime) -> None:
    """Look into every mailbox."""
    for mailbox in Mailbox.objects.filter(active=True):
        fetching.fetch(mailbox)


@job()
def send_reply(message_id: int) -> None:
    """Send a released answer; running it twice sends one mail."""
    message = Message.objects.select_related("mailbox", "report__case").filter(pk=message_id).first()
    if message is not None:
        sending.send_reply(message)


@every("* * * * *")
def send_due_replies(moment: dt.datetime) -> None:
    """Send again what could not be sent."""
    due = Message.objects.filter(reply_state=Message.Reply.RELEASED, next_try_at__lte=timezone.now())
    for message in due.select_related("mailbox", "report__case")[:200]:
        sending.send_reply(message)


@every(at(3, 35))
def forget_senders(moment: dt.datetime) -> None:
    """Delete addresses with the contact of their report, and tables that were not put right."""
    Message.objects.filter(report__contact_forgotten=True).exclude(sender="").update(sender="", nickname="")
    forget_uploads(MessagesUpload)
