"""How an exact value is written: in which scale, to how many places. Rounded half up, once, at the very end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

_SHOWN = re.compile(r"(?:(percent|per mille|wan|yi)\b,?\s*)?(?:(\d) decimals?)?")
_SCALE = {
    "percent": Fraction(1, 100),
    "per mille": Fraction(1, 1000),
    "wan": Fraction(10**4),
    "yi": Fraction(10**8),
}
_SIGN = {"percent": "%", "per mille": "‰", "wan": "万", "yi": "亿"}


@dataclass(frozen=True)
class Show:
    """How a value is written: in which scale, to how many places. Half up, once, at the very end."""

    scale: str = ""
    decimals: int = 0

    def rounded(self, value: Fraction) -> Decimal:
        """The value in its scale, rounded half away from nought."""
        scaled = value / _SCALE.get(self.scale, Fraction(1)) * 10**self.decimals
        whole = (abs(scaled.numerator) * 2 + scaled.denominator) // (scaled.denominator * 2)
        return Decimal(whole if scaled >= 0 else -whole).scaleb(-self.decimals)

    def write(self, value: Fraction | None) -> str:
        """The value as people read it: 99.46%, 120.54亿; a dash where there is nothing to divide by."""
        if value is None:
            return "—"
        return f"{self.rounded(value):,.{self.decimals}f}{_SIGN.get(self.scale, '')}"

    @property
    def rule(self) -> Sentence:
        """The rule of rounding in words."""
        if self.decimals:
            return Sentence(_("四舍五入到小数点后 %(places)s 位"), {"places": self.decimals})
        return Sentence(_("四舍五入到个位"))


WHOLE = Show()


def parse_show(value: object) -> Show:
    """`percent, 2 decimals`, `yi, 2 decimals`, `1 decimal`. Raises ValueError with a sentence."""
    match = _SHOWN.fullmatch(str(value).strip())
    if match is None or not str(value).strip():
        said = _(
            "写成 percent, 2 decimals 或 1 decimal（也可用 per mille、wan 万、yi 亿），不是“%(found)s”。"
        )
        raise ValueError(Sentence(said, {"found": value}))
    return Show(match[1] or "", int(match[2] or 0))
