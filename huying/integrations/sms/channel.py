"""Short messages over the HTTP gateway that HUYING_SMS_GATEWAY declares (see gateway.py)."""

from __future__ import annotations

import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core import expressions, outbound
from huying.integrations.sms import gateway as declared
from huying.notices.channels import Channel, ChannelError, Message, Sent

MOBILE = re.compile(r"^(?:\+?86[- ]?)?(1[3-9]\d{9})$")


class Sms(Channel):
    code = "sms"
    title = gettext_lazy("短信")
    longest = 500  # what gateways take at most, after which it would be split into more than eight

    def why_not(self) -> str:
        return "" if settings.SMS_GATEWAY else _("没有配置短信网关（HUYING_SMS_GATEWAY）。")

    def send(self, message: Message) -> Sent:
        """One message. The gateway's own number is the reference."""
        number = MOBILE.match(message.address.replace(" ", ""))
        if number is None:
            raise ChannelError(_("不是手机号，收不到短信。"), temporary=False, wrong_address=True)
        gateway = settings.SMS_GATEWAY
        request = declared.request(
            gateway, phone=number[1], words=message.words, id=message.key,
            key=settings.SMS_KEY, secret=settings.SMS_SECRET,
        )  # fmt: skip
        try:
            answer = outbound.send(
                request.method, request.url, content=request.content, headers=request.headers, trusted=True,
                max_bytes=100_000,
            )  # fmt: skip
        except outbound.OutboundError as error:
            raise ChannelError(str(error), temporary=error.temporary) from None
        facts = {"status": answer.status, "body": _json(answer.text()), "text": answer.text()}
        if expressions.holds(gateway.success, facts):
            return Sent(declared.at(gateway.reference, facts))
        wrong = bool(gateway.wrong_number) and expressions.holds(gateway.wrong_number, facts)
        again = answer.temporary or (bool(gateway.retry) and expressions.holds(gateway.retry, facts))
        raise ChannelError(
            _("短信网关答复 %(status)d：%(words)s") % {"status": answer.status, "words": answer.text()[:200]},
            temporary=again and not wrong,
            wrong_address=wrong,
        )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}
