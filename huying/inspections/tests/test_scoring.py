"""One score, counted by the server and by the phone: by hand, by chance, and the same on both."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huying.inspections.scoring import FAIL, NOT_APPLICABLE, PASS, score, scoring_data
from huying.inspections.standards import Grade, StandardItem, StandardRules, read_standard

VECTORS = json.loads((Path(__file__).parent / "score-vectors.json").read_text(encoding="utf-8"))
SCRIPT = Path(__file__).parents[1] / "static" / "huying" / "inspections" / "scoring.js"
ANSWERS = (PASS, FAIL, NOT_APPLICABLE)


def rules_of(declaration: dict[str, Any]) -> StandardRules:
    items = [{"title": item["code"], **item} for item in declaration["items"]]
    head = {"standard": "x", "title": "x", "applies_to": {"departments": True}}
    rules, problems = read_standard(head | declaration | {"items": items})
    assert problems == []
    return rules


def counted(rules: StandardRules, answers: dict[str, Any]) -> dict[str, Any]:
    """The score in the words of the phone."""
    found = score(rules, answers)
    return {
        "earned": found.earned, "applicable": found.applicable, "tenths": found.tenths, "passed": found.passed,
        "grade": found.grade.title if found.grade else "", "failed": list(found.failed_items),
        "unanswered": list(found.unanswered),
    }  # fmt: skip


def on_the_phone(tasks: list[tuple[StandardRules, dict[str, Any]]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here")
    program = (
        f'import {{ score }} from "{SCRIPT.as_uri()}";'
        'import { readFileSync } from "node:fs";'
        'const tasks = JSON.parse(readFileSync(0, "utf8"));'
        "console.log(JSON.stringify(tasks.map(([standard, answers]) => score(standard, answers))));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", program],
        input=json.dumps([[scoring_data(rules), answers] for rules, answers in tasks]),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_made_by_hand(vector: dict[str, Any]) -> None:
    assert counted(rules_of(vector["standard"]), vector["answers"]) == vector["expect"]


def test_the_phone_counts_the_vectors_like_the_server() -> None:
    found = on_the_phone([(rules_of(vector["standard"]), vector["answers"]) for vector in VECTORS])
    assert found == [vector["expect"] for vector in VECTORS]


def test_the_phone_counts_by_chance_like_the_server() -> None:
    chance = random.Random(20261121)
    tasks = [by_chance(chance) for _number in range(200)]
    assert on_the_phone(tasks) == [counted(*task) for task in tasks]


def by_chance(chance: random.Random) -> tuple[StandardRules, dict[str, Any]]:
    items: list[StandardItem] = []
    answers: dict[str, Any] = {}
    for number in range(chance.randint(1, 40)):
        code, reading = f"i{number}", chance.random() < 0.2
        bounds = tuple(
            tuple(
                (chance.choice(["<", "<=", ">", ">=", "==", "!="]), chance.randint(-9, 9) / 2)
                for _one in range(2)
            )
            for _group in range(chance.randint(1, 2))
        )
        items.append(
            StandardItem(
                code, code, points=chance.choice([0, 1, 5, 20, 333, 1000]),
                evidence="reading" if reading else "none", bounds=bounds if reading else (),
                critical=chance.choice(["", "", "", "", "fails", "zero"]),
            )
        )  # fmt: skip
        if chance.random() < 0.97:
            answers[code] = chance.randint(-10, 10) / 2 if reading else chance.choice([PASS, PASS, *ANSWERS])
    grades = tuple(Grade(since, f"{since}") for since in sorted(chance.sample(range(1001), 3), reverse=True))
    return StandardRules(
        "x", "x", items=tuple(items), pass_tenths=chance.randint(0, 1000), grades=grades
    ), answers


checklists = st.lists(
    st.tuples(st.integers(0, 1000), st.sampled_from(ANSWERS), st.sampled_from(["", "", "fails", "zero"])),
    min_size=1, max_size=30,
)  # fmt: skip


def built(rows: list[tuple[int, str, str]], **more: Any) -> tuple[StandardRules, dict[str, str]]:
    items = [
        StandardItem(str(n), str(n), points=points, critical=crit)
        for n, (points, _a, crit) in enumerate(rows)
    ]
    return StandardRules("x", "x", items=tuple(items), **more), {str(n): row[1] for n, row in enumerate(rows)}


@given(checklists)
def test_the_score_is_the_rounded_share_of_the_points(rows: list[tuple[int, str, str]]) -> None:
    rules, answers = built(rows)
    found = score(rules, answers)
    assert 0 <= found.tenths <= 1000 and found.earned <= found.applicable
    if "zero" in {crit for _points, answer, crit in rows if answer == FAIL}:
        assert found.tenths == 0
    elif found.applicable:
        exact = Fraction(1000 * found.earned, found.applicable)
        assert exact - Fraction(1, 2) < found.tenths <= exact + Fraction(1, 2)


@given(checklists, st.integers(0, 1000))
def test_a_failed_critical_item_never_passes(rows: list[tuple[int, str, str]], mark: int) -> None:
    rules, answers = built(rows, pass_tenths=mark, grades=(Grade(mark, "合格"),))
    found = score(rules, answers)
    if any(answer == FAIL and crit for _points, answer, crit in rows):
        assert not found.passed and found.grade is None
    else:
        assert found.passed == (found.tenths >= mark) == (found.grade is not None)


@given(checklists, st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(
    rows: list[tuple[int, str, str]], chance: random.Random
) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)
    one, other = score(*built(rows)), score(*built(mixed))
    assert (one.tenths, one.earned, one.applicable, one.passed) == (
        other.tenths, other.earned, other.applicable, other.passed,
    )  # fmt: skip


@given(checklists)
def test_mending_one_item_never_lowers_the_score(rows: list[tuple[int, str, str]]) -> None:
    rules, answers = built(rows)
    before = score(rules, answers).tenths
    for code, answer in answers.items():
        if answer == FAIL:
            assert score(rules, answers | {code: PASS}).tenths >= before
