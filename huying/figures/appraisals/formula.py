"""Formulas of scoring rules: a part of CEL, reckoned in exact fractions, written out, and as a spreadsheet's.

    formula = read("max(12.5, 25 - 0.5 * (98 - p))")
    formula.value({"p": Fraction("83.33")})            # 3533/200
    formula.with_numbers({"p": Fraction("83.33")})     # "max(12.5, 25 − 0.5 × (98 − 83.33))"
    formula.spreadsheet({"p": "D4"})                   # "MAX(12.5,25-0.5*(98-D4))"

Numbers, names, `+ - * /`, comparisons, `&&`, `||`, `!`, `a ? b : c`, and of functions min, max and abs. CEL itself
reckons in binary floating point, where 25 - 0.5 * (98 - 83.33) is not 17.665; a score must be what a pencil says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

Names = Mapping[str, Fraction]
_TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|==|!=|&&|\|\||[-+*/()<>?:,!]))", re.ASCII
)
_FUNCTIONS: dict[str, Callable[..., Fraction]] = {"min": min, "max": max, "abs": abs}
_BINDING = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!="), ("+", "-"), ("*", "/"))
_SIGNS = {"*": "×", "/": "÷", "-": "−", "<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "&&": "且", "||": "或"}
LONGEST = 400
DEEPEST = 40


class Undefined(ArithmeticError):
    """A formula that has no value here: something is divided by nought, or a name has no number."""


@dataclass(frozen=True)
class Node:
    """A piece of a formula: a number, a name, or an operation (`+`, `?`, `max` …) on others."""

    kind: str
    parts: tuple[Node, ...] = ()
    number: Fraction = Fraction(0)
    name: str = ""


@dataclass(frozen=True)
class Formula:
    """A formula that was read."""

    text: str
    node: Node

    @property
    def names(self) -> frozenset[str]:
        """The names that stand in it."""
        return frozenset(_names(self.node))

    def value(self, names: Names) -> Fraction:
        """The exact value. Raises Undefined."""
        return _value(self.node, names)

    def with_numbers(self, names: Names) -> str:
        """The formula as one writes it on paper, with the numbers put in; unknown names stay."""
        return _written(self.node, lambda name: plain(names[name]) if name in names else name, 0)

    def shown(self) -> str:
        """The formula with the signs of paper."""
        return _written(self.node, lambda name: name, 0)

    def spreadsheet(self, cells: Mapping[str, str]) -> str:
        """The formula for a spreadsheet, without the leading `=`; `cells` says where each name stands."""
        return _spreadsheet(self.node, cells)


@lru_cache(maxsize=512)
def read(text: str) -> Formula:
    """Read a formula. Raises ValueError with a sentence."""
    tokens = _tokens(text)
    reader = _Reader(tokens)
    node = reader.ternary()
    if reader.next() != "":
        raise _unreadable(text, reader.next())
    return Formula(text, node)


def plain(number: Fraction) -> str:
    """A number as short as it is exact; what never ends stands as a fraction."""
    if number.denominator == 1:
        return str(number.numerator)
    rest, places = number.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        places = max(places, count)
    if rest != 1 or places > 8:
        return f"{number.numerator}/{number.denominator}"
    digits = f"{abs(number.numerator) * 10**places // number.denominator:0{places + 1}d}"
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _unreadable(text: str, found: str) -> ValueError:
    said = _("公式“%(text)s”读不懂：在“%(found)s”这里。例如 max(12.5, 25 - 0.5 * (98 - p))。")
    return ValueError(Sentence(said, {"text": text, "found": found or "…"}))


def _tokens(text: str) -> list[str]:
    if not text.strip() or len(text) > LONGEST:
        raise _unreadable(text[:80], text[:10])
    found: list[str] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, text[at : at + 10].strip())
        found.append(match[1] or match[2] or match[3])
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next()
        self.at += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise _unreadable(" ".join(self.tokens), token)

    def ternary(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _unreadable(" ".join(self.tokens)[:80], self.next())
        node = self.binary(0)
        if self.next() == "?":
            self.take()
            first = self.ternary()
            self.expect(":")
            node = Node("?", (node, first, self.ternary()))
        self.depth -= 1
        return node

    def binary(self, level: int) -> Node:
        if level == len(_BINDING):
            return self.unary()
        node = self.binary(level + 1)
        while self.next() in _BINDING[level]:
            sign = self.take()
            node = Node(sign, (node, self.binary(level + 1)))
        return node

    def unary(self) -> Node:
        if self.next() in ("-", "!"):
            sign = self.take()
            return Node("negative" if sign == "-" else "!", (self.unary(),))
        return self.atom()

    def atom(self) -> Node:
        token = self.take()
        if token == "(":
            node = self.ternary()
            self.expect(")")
            return node
        if token[:1].isdigit():
            return Node("number", number=Fraction(token))
        if token[:1].isalpha() or token[:1] == "_":
            return self.call(token) if self.next() == "(" else Node("name", name=token)
        raise _unreadable(" ".join(self.tokens), token)

    def call(self, name: str) -> Node:
        if name not in _FUNCTIONS:
            raise _unreadable(" ".join(self.tokens), name)
        self.expect("(")
        parts = [self.ternary()]
        while self.next() == ",":
            self.take()
            parts.append(self.ternary())
        self.expect(")")
        if (name == "abs") != (len(parts) == 1):
            raise _unreadable(" ".join(self.tokens), name)
        return Node(name, tuple(parts))


def _names(node: Node) -> Iterator[str]:
    if node.kind == "name":
        yield node.name
    for part in node.parts:
        yield from _names(part)


def _value(node: Node, names: Names) -> Fraction:
    if node.kind == "number":
        return node.number
    if node.kind == "name":
        if node.name not in names:
            raise Undefined(node.name)
        return names[node.name]
    if node.kind == "?":
        return _value(node.parts[1 if _value(node.parts[0], names) else 2], names)
    values = [_value(part, names) for part in node.parts]
    if node.kind in _FUNCTIONS:
        return Fraction(_FUNCTIONS[node.kind](*values))
    if node.kind == "negative":
        return -values[0]
    if node.kind == "!":
        return Fraction(not values[0])
    return _reckoned(node.kind, *values)


def _reckoned(sign: str, left: Fraction, right: Fraction) -> Fraction:
    if sign == "/" and not right:
        raise Undefined("/")
    done: dict[str, Callable[[], Fraction]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "<": lambda: Fraction(left < right),
        "<=": lambda: Fraction(left <= right),
        ">": lambda: Fraction(left > right),
        ">=": lambda: Fraction(left >= right),
        "==": lambda: Fraction(left == right),
        "!=": lambda: Fraction(left != right),
        "&&": lambda: Fraction(bool(left and right)),
        "||": lambda: Fraction(bool(left or right)),
    }
    return done[sign]()


def _level(node: Node) -> int:
    """How tightly an operation binds: 9 for what never needs brackets."""
    if node.kind == "?":
        return 0
    level = next((place for place, signs in enumerate(_BINDING, start=1) if node.kind in signs), 9)
    return 7 if node.kind in ("negative", "!") else level


def _written(node: Node, name: Callable[[str], str], outer: int) -> str:
    if node.kind == "number":
        return plain(node.number)
    if node.kind == "name":
        said = name(node.name)
        return f"({said})" if outer > 4 and ("/" in said or said.startswith("-")) else said
    level = _level(node)
    if node.kind in _FUNCTIONS:
        return f"{node.kind}({', '.join(_written(part, name, 0) for part in node.parts)})"
    if node.kind == "?":
        test, first, other = (_written(part, name, 1) for part in node.parts)
        text = f"{test} ? {first} : {other}"
    elif node.kind in ("negative", "!"):
        text = f"{'−' if node.kind == 'negative' else '非 '}{_written(node.parts[0], name, 8)}"
    else:
        left, right = _written(node.parts[0], name, level), _written(node.parts[1], name, level + 1)
        text = f"{left} {_SIGNS.get(node.kind, node.kind)} {right}"
    return f"({text})" if level < outer else text


def _spreadsheet(node: Node, cells: Mapping[str, str]) -> str:
    if node.kind == "number":
        return plain(node.number)
    if node.kind == "name":
        return cells[node.name]
    parts = [_spreadsheet(part, cells) for part in node.parts]
    if node.kind in _FUNCTIONS:
        return f"{node.kind.upper()}({','.join(parts)})"
    if node.kind == "?":
        return f"IF({','.join(parts)})"
    if node.kind == "negative":
        return f"(-{parts[0]})"
    if node.kind in ("!", "&&", "||"):
        return f"{ {'!': 'NOT', '&&': 'AND', '||': 'OR'}[node.kind] }({','.join(parts)})"
    sign = {"==": "=", "!=": "<>"}.get(node.kind, node.kind)
    return f"({parts[0]}{sign}{parts[1]})"
