"""DingTalk group robots (钉钉群机器人): markdown to the webhook, signed with the robot's secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import quote_plus

from django.utils.translation import gettext_lazy

from huying.integrations.wecom.channel import post_json, refusal
from huying.notices.channels import Channel, Message, Sent

# 410100 speaks too fast; -1 busy; 310000 is about signature, keyword or address of the sender.
_LATER = {-1, 410100, 430104}
_NO_ROBOT = {300001, 400101, 400102, 400105, 400106}


class DingTalk(Channel):
    code = "dingtalk"
    title = gettext_lazy("钉钉群")
    longest = 6000  # 20,000 bytes; Chinese takes three each
    markdown = True
    reaches = "group"
    per_minute = 20  # by the provider's rule; beyond it the robot is silenced for ten minutes

    def send(self, message: Message) -> Sent:
        url = signed(message.address, message.secret) if message.secret else message.address
        content = {"title": message.subject or message.words[:40], "text": message.words}
        answer = post_json(url, {"msgtype": "markdown", "markdown": content})
        if answer.get("errcode") != 0:
            raise refusal(answer.get("errcode"), answer.get("errmsg"), later=_LATER, no_robot=_NO_ROBOT)
        return Sent()


def signed(address: str, secret: str, *, now: float | None = None) -> str:
    """The webhook with timestamp (ms) and sign: HMAC-SHA256 of "timestamp\\nsecret" under the secret, Base64."""
    timestamp = str(round((time.time() if now is None else now) * 1000))
    mac = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return f"{address}&timestamp={timestamp}&sign={quote_plus(base64.b64encode(mac))}"
