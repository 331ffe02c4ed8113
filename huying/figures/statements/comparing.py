"""Whether a counted value is what was printed: exactly, as a bound, roughly, or rounded.

What is printed is seldom a bare number. 300余 (300 and some) is at least 300 and less than 400: somebody with 400 would
have said so. 近百 (nearly a hundred) is at most 100 and not less than nine tenths of it. 约, 左右 (about) is five
percent either way. A rounded value is rounded half up to its step, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

SCALES = {
    "": Fraction(1),
    "percent": Fraction(1, 100),
    "per mille": Fraction(1, 1000),
    "thousand": Fraction(1000),
    "wan": Fraction(10**4),
    "yi": Fraction(10**8),
}
BOUNDS = ("exact", "at least", "at most", "about", "rounded")
ABOUT = Fraction(1, 20)
NEARLY = Fraction(9, 10)


@dataclass(frozen=True)
class Stated:
    """A printed value: the number, the scale that it is printed in, how sharp it is, and the step of its rounding."""

    value: Fraction
    scale: str = ""
    bound: str = "exact"
    step: Fraction | None = None

    @property
    def whole(self) -> Fraction:
        """The value out of its scale: 91.3 percent is 0.913."""
        return self.value * SCALES[self.scale]

    def agrees(self, counted: Fraction) -> bool:
        """Whether what was counted can be printed like this."""
        found = counted / SCALES[self.scale]
        if self.bound == "at least":
            return self.value <= found < self.value + (self.step or step_of(self.value))
        if self.bound == "at most":
            return self.value * NEARLY <= found <= self.value
        if self.bound == "about":
            return abs(found - self.value) <= abs(self.value) * ABOUT
        if self.bound == "rounded":
            return half_up(found, self.step or step_of(self.value)) == self.value
        return found == self.value

    def difference(self, counted: Fraction) -> Fraction:
        """Counted less stated, in the scale that it is printed in."""
        return counted / SCALES[self.scale] - self.value

    def bases(self, part: Fraction) -> range:
        """The whole numbers of which `part` is this rounded share: the bases that a printed rate can have had."""
        half = (self.step or step_of(self.value)) / 2
        scale = SCALES[self.scale]
        most, least = part / ((self.value - half) * scale), part / ((self.value + half) * scale)
        # The rate that lies exactly half a step up would have been rounded to the next one.
        first = -(-least.numerator // least.denominator)
        first += 1 if least == first else 0
        return range(max(first, 1), most.numerator // most.denominator + 1)


def step_of(value: Fraction) -> Fraction:
    """The place of the last digit that is not nought: 100 for 300, 1 for 836, 0.01 for 99.46."""
    if not value:
        return Fraction(1)
    step = Fraction(1)
    while (value / step).denominator != 1:
        step /= 10
    while (value / (step * 10)).denominator == 1:
        step *= 10
    return step


def half_up(value: Fraction, step: Fraction) -> Fraction:
    """Rounded to a whole number of steps, halves away from nought."""
    scaled = abs(value) / step
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return step * (whole if value >= 0 else -whole)


def decimal_of(value: Fraction) -> Decimal:
    """A number for a table or a spreadsheet, with as many places as a reader needs: six at most."""
    rounded = half_up(value, Fraction(1, 10**6))
    return (Decimal(rounded.numerator) / Decimal(rounded.denominator)).normalize()


def written(value: Fraction) -> str:
    """The number as people read it: 1,234.5."""
    return f"{decimal_of(value):,f}"
