"""A register of lamps in the small district of the test base."""

from typing import Any

import pytest

from huying.core.testing import MiniDistrict, make_user
from huying.people.models import User
from huying.registry.models import Register

LAMPS: dict[str, Any] = {
    "register": "lamp",
    "title": {"zh": "路灯", "en": "Street lamp"},
    "code": "0137",
    "numbered": "LD-0000",
    "place": "point",
    "label": "qr",
    "verified": True,
    "fields": {
        "kind": {
            "type": "choice",
            "title": {"zh": "类型", "en": "Kind"},
            "of": ["单臂灯", "双臂灯"],
            "required": True,
        },
        "height": {"type": "number", "title": {"zh": "杆高", "en": "Height"}, "unit": "m"},
        "guard": {"type": "person", "title": {"zh": "看护人", "en": "Guard"}, "private": True},
    },
    "people": {"owner": "department", "supervisor": "urban-management"},
    "states": ["in use", "out", "retired"],
    "public": {"map": True, "fields": ["kind", "owner"]},
}


@pytest.fixture
def lamps(district: MiniDistrict) -> Register:
    """The register, without a lamp."""
    return Register.objects.create(code="lamp", title="路灯", title_en="Street lamp", declaration=dict(LAMPS))


@pytest.fixture
def admin(district: MiniDistrict) -> User:
    """May change every register."""
    return make_user("administrator")
