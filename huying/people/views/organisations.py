"""The organisation tree: five levels of party bodies (12 / 34 / 165 / 200 / 287), and the bodies around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from huying.people.guards import requires
from huying.people.models import Organisation
from huying.people.policy import organisations_for
from huying.people.views.common import MANAGE_PEOPLE

Kind = Organisation.Kind
FIVE_LEVELS = (
    Kind.PARTY_WORKING_COMMITTEE,
    Kind.COMMUNITY_PARTY_COMMITTEE,
    Kind.COMPOUND_PARTY,
    Kind.GRID_PARTY_BRANCH,
    Kind.BUILDING_PARTY_GROUP,
)


@dataclass
class Node:
    """One organisation and those below it."""

    organisation: Organisation
    children: list[Node] = field(default_factory=list)

    @property
    def below(self) -> int:
        """How many organisations are below this one, at any depth."""
        return sum(1 + child.below for child in self.children)


def build_tree(rows: list[Organisation]) -> list[Node]:
    """Nest organisations under their superiors; one whose superior isn't among them stands at the top."""
    nodes = {row.pk: Node(row) for row in rows}
    tops: list[Node] = []
    for row in rows:
        above = nodes.get(row.parent_id) if row.parent_id else None
        (above.children if above else tops).append(nodes[row.pk])
    return tops


@requires(MANAGE_PEOPLE)
def organisations(request: HttpRequest) -> HttpResponse:
    """The tree, with the count of each level."""
    rows = list(organisations_for(request.user).filter(valid_to=None).order_by("code"))
    tops = build_tree(rows)
    counts = {kind: sum(row.kind == kind for row in rows) for kind in Kind}
    levels: list[dict[str, Any]] = [{"title": kind.label, "count": counts[kind]} for kind in FIVE_LEVELS]
    others: list[dict[str, Promise | int | str]] = [
        {"title": kind.label, "count": counts[kind]} for kind in Kind if kind not in FIVE_LEVELS
    ]
    context = {
        "levels": levels,
        "others": others,
        "tree": [node for node in tops if node.children or node.organisation.kind in FIVE_LEVELS],
        "around": [
            node.organisation
            for node in tops
            if not node.children and node.organisation.kind not in FIVE_LEVELS
        ],
        "total": len(rows),
    }
    return render(request, "people/organisations.html", context)
