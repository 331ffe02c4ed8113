"""What was printed about the district: the rows that its sheets become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def source_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a source's row."""
    return {
        "code": row["code"], "title": row["title"], "title_en": row["title_en"], "published_on": row["day"],
    }  # fmt: skip


def statement_values(row: Mapping[str, Any], sources: Mapping[str, int]) -> dict[str, Any]:
    """The fields of a statement's row."""
    return {
        "code": row["code"], "title": row["title"], "title_en": row["title_en"],
        "source_id": sources[row["source"]], "value": row["value"], "unit": row["unit"],
        "unit_en": row["unit_en"], "scale": row["scale"], "bound": row["bound"], "step": row["step"],
        "system": row["system"], "figure": row["figure"] or "", "first_day": row["from"], "last_day": row["to"],
        "where": row["where"], "active": True,
    }  # fmt: skip


def relation_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a relation's row."""
    return {
        "code": row["code"], "title": row["title"], "title_en": row["title_en"], "rule": row["rule"],
        "within": row["within"], "doubts": row["doubts"], "active": True,
    }  # fmt: skip
