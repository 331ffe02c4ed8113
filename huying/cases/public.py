"""What residents may read of other people's matters: no names, no numbers to call, no front door.

A ledger decides whether the words are shown at all (`public: {words: summary}`); whatever is shown is masked.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from huying.cases.models import Case
from huying.core.masking import mask_name, mask_phone

_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15}(?!\d)")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:0\d{2,3}[- ]?)?[2-8]\d{6,7}(?!\d)")
_ACCOUNT = re.compile(r"(?<!\d)\d{12,19}(?!\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\- ]?[A-Z0-9]{4,5}[A-Z0-9挂学警]"
)
# Unit and door: which building has a leak is a public matter, whose flat is not.
_DOOR = re.compile(
    r"[\d一二三四五六七八九十]+\s*单元\s*[\d一二三四五六七八九十]*\s*(?:层|楼)?\s*\d*\s*(?:室|户|号)?"
    r"|(?<!\d)\d{3,4}\s*(?:室|户)"
)
_CHAT = re.compile(r"((?:微信|QQ|qq|VX|vx|邮箱)(?:号)?(?:是|为)?[:： ]?)[\w.@+-]{4,}")
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢"
    "蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段"
    "雷钱汤尹黎易常武乔贺赖龚文"
)
_TITLED = re.compile(rf"([{_SURNAMES}])([\u4e00-\u9fa5]{{1,2}})(?=先生|女士|同志|师傅|老师|大爷|大妈|阿姨)")
_NAMED = re.compile(
    r"((?:姓名|联系人|我叫|本人叫|我的名字是|户主|业主叫|住户叫)(?:是|为)?[:： ]?)([\u4e00-\u9fa5]{2,4}?)"
    r"(?=[\s\d,，。;；、:：（(!！?？]|电话|手机|住|家|$)"
)


def mask_words(text: str, *, landlines: bool = True) -> str:
    """The text with identity, phone, account and plate numbers, doors and what looks like a name made unreadable.

    `landlines=False` leaves office numbers, which a reporter may want to call.
    """
    text = _IDENTITY.sub(lambda match: match[0][:3] + "*" * (len(match[0]) - 3), text)
    text = _MOBILE.sub(lambda match: mask_phone(re.sub(r"[- ]", "", match[0])), text)
    text = _ACCOUNT.sub(lambda match: "*" * len(match[0]), text)
    if landlines:
        text = _LANDLINE.sub(lambda match: "*" * len(match[0]), text)
    text = _PLATE.sub(lambda match: match[0][:2] + "*****", text)
    text = _CHAT.sub(r"\1****", text)
    text = _DOOR.sub("＊＊", text)
    text = _NAMED.sub(lambda match: match[1] + mask_name(match[2]), text)
    return _TITLED.sub(lambda match: match[1] + "*" * len(match[2]), text)


def public_title(case: Case) -> str:
    """The headline where the ledger shows words; else what kind of matter it is."""
    return mask_words(case.title) if case.rules.public_words == "summary" else str(case.category)


def public_words(case: Case, most: int = 300) -> str:
    """The resident's words, masked and cut, where the ledger shows them."""
    if case.rules.public_words != "summary":
        return ""
    words = mask_words(case.words.strip())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def public_answer(case: Case) -> str:
    """What was done, masked."""
    return mask_words(case.answer.strip())


def public_place(case: Case) -> str:
    """The street or compound, without the door; needs `subdistrict` and `compound` selected."""
    if case.rules.public_photos != "none" and case.address:
        return mask_words(case.address)
    # Ledgers without public photos are about people's homes: the compound is near enough.
    parts = [str(area) for area in (case.subdistrict, case.compound) if area is not None]
    return " · ".join(parts) or str(_("区内"))


def public_point(case: Case) -> tuple[float, float] | None:
    """The place on public maps; for matters at home only to about 100 m."""
    if case.lng is None or case.lat is None or not case.rules.public_map:
        return None
    if case.rules.public_photos == "none":
        return round(case.lng, 3), round(case.lat, 3)
    return round(case.lng, 6), round(case.lat, 6)
