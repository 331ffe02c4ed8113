"""WeCom group robots (企业微信群机器人): markdown to the webhook of a group."""

from __future__ import annotations

import json

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core import outbound
from huying.notices.channels import Channel, ChannelError, Message, Sent

# The robot speaks too fast, or the service is busy: later. All else is about the message or the address.
_LATER = {-1, 45009, 45033, 50001}
# The key is wrong or the robot was removed from its group.
_NO_ROBOT = {93000, 40058}
# WeCom counts bytes: 4096 of UTF-8. Chinese takes three each.
LONGEST_BYTES = 4096


class WeCom(Channel):
    code = "wecom"
    title = gettext_lazy("企业微信群")
    longest = LONGEST_BYTES // 3 - 100
    markdown = True
    reaches = "group"
    per_minute = 20  # by the provider's rule, for each robot

    def send(self, message: Message) -> Sent:
        words = message.words.encode()[:LONGEST_BYTES].decode("utf-8", "ignore")
        answer = post_json(message.address, {"msgtype": "markdown", "markdown": {"content": words}})
        code = answer.get("errcode")
        if code != 0:
            raise refusal(code, answer.get("errmsg"), later=_LATER, no_robot=_NO_ROBOT)
        return Sent()


def post_json(url: str, body: object) -> dict[str, object]:
    """The robot's JSON answer; ChannelError when there is none."""
    try:
        answer = outbound.send(
            "POST", url, content=json.dumps(body, ensure_ascii=False).encode(), trusted=True, max_bytes=100_000,
            headers={"Content-Type": "application/json; charset=utf-8"},
        )  # fmt: skip
    except outbound.OutboundError as error:
        raise ChannelError(str(error), temporary=error.temporary) from None
    if not answer.ok:
        raise ChannelError(_("群机器人答复 %d。") % answer.status, temporary=answer.temporary)
    try:
        found = json.loads(answer.text())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ChannelError(_("群机器人的答复看不懂，请核对 Webhook 地址。"), temporary=False)
    return found


def refusal(code: object, words: object, *, later: set[int], no_robot: set[int]) -> ChannelError:
    """What the robot's error code means."""
    return ChannelError(
        _("群机器人答复 %(code)s：%(words)s") % {"code": code, "words": str(words)[:200]},
        temporary=code in later,
        wrong_address=code in no_robot,
    )
