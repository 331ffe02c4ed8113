"""A client of the Huying API.

from huying_client import Huying

with Huying("https://huying.example.org", token="hy_…") as site:
    receipt = site.report("snapshot", "street-light", "路灯不亮", lng=113.29, lat=33.74)
    for case in site.cases(status="open", due="overdue"):
        print(case.number, case.title, case.due_at)
"""

from huying_client.client import Huying
from huying_client.errors import (
    Changed,
    Conflict,
    HuyingError,
    NotAllowed,
    NotFound,
    Refused,
    SignedOut,
    TooMany,
    Unreachable,
)
from huying_client.types import Area, Case, Category, Figures, Ledger, Me, Receipt

__all__ = [
    "Area",
    "Case",
    "Category",
    "Changed",
    "Conflict",
    "Figures",
    "Huying",
    "HuyingError",
    "Ledger",
    "Me",
    "NotAllowed",
    "NotFound",
    "Receipt",
    "Refused",
    "SignedOut",
    "TooMany",
    "Unreachable",
]
