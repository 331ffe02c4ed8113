"""Relations that printed numbers should keep, written as they would be on paper, and judged exactly.

    {000-21} + {000-23} = {000-24}
    {001-30} + {001-31} <= {001-23}
    {000-39} <= 10 * {households}              a code that is no statement's is a figure's: its counted value
    whole_base({000-21}, {000-22})             some whole number makes the first the printed share

What stands in braces is the printed value, out of its scale: 91.3 % is 0.913.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

from huying.figures.statements.comparing import Stated
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

_NAME = re.compile(r"\{([A-Za-z0-9][A-Za-z0-9._-]*)\}")
_SUMS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARED: dict[type[ast.cmpop], Callable[[Fraction, Fraction, Fraction], bool]] = {
    ast.Eq: lambda a, b, within: abs(a - b) <= within,
    ast.LtE: lambda a, b, within: a <= b + within,
    ast.GtE: lambda a, b, within: a + within >= b,
}
Values = Callable[[str], Stated]


def codes_of(rule: str) -> tuple[str, ...]:
    """The codes that a relation names, in its order."""
    return tuple(dict.fromkeys(_NAME.findall(rule)))


def check_rule(rule: str) -> str:
    """The relation, if it can be read. Raises ValueError with a sentence."""
    if not codes_of(rule):
        raise ValueError(Sentence(_("写明说法的编号，例如 {000-21} + {000-23} = {000-24}。")))
    holds(rule, lambda code: Stated(Fraction(1)))
    return rule


def holds(rule: str, value: Values, within: Fraction = Fraction(0)) -> bool:
    """Whether the printed values keep the relation. Raises ValueError for what can't be read."""
    codes = codes_of(rule)
    names = {f"v{index}": code for index, code in enumerate(codes)}
    text = _NAME.sub(lambda match: f"v{codes.index(match[1])}", rule)
    try:
        whole = ast.parse(re.sub(r"(?<![<>=])=(?!=)", "==", text), mode="eval").body
    except SyntaxError:
        raise _unread(rule) from None
    if isinstance(whole, ast.Call):
        return _has_base(whole, names, value, rule)
    if not isinstance(whole, ast.Compare) or len(whole.ops) != 1 or type(whole.ops[0]) not in _COMPARED:
        raise _unread(rule)
    left = _number(whole.left, names, value, rule)
    right = _number(whole.comparators[0], names, value, rule)
    return _COMPARED[type(whole.ops[0])](left, right, within)


def _number(node: ast.expr, names: dict[str, str], value: Values, rule: str) -> Fraction:
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        left, right = _number(node.left, names, value, rule), _number(node.right, names, value, rule)
        if isinstance(node.op, ast.Div) and not right:
            raise _unread(rule)
        return _SUMS[type(node.op)](left, right)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    if isinstance(node, ast.Name) and node.id in names:
        return value(names[node.id]).whole
    raise _unread(rule)


def _has_base(node: ast.Call, names: dict[str, str], value: Values, rule: str) -> bool:
    ids = [each.id for each in node.args if isinstance(each, ast.Name) and each.id in names]
    if not isinstance(node.func, ast.Name) or node.func.id != "whole_base" or len(ids) != 2:
        raise _unread(rule)
    part, share = (value(names[each]) for each in ids)
    return bool(share.bases(part.whole))


def _unread(rule: str) -> ValueError:
    said = _("读不懂“%(found)s”：写成 {000-21} + {000-23} = {000-24}，可用 + - * / 和 = <= >=。")
    return ValueError(Sentence(said, {"found": rule}))
