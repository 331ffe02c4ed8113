"""Names and phone numbers as strangers see them: enough to recognise one's own, too little to call a neighbour."""

from __future__ import annotations


def mask_name(name: str) -> str:
    """The first character, a star for each of the others: 王小明 → 王**, 李雷 → 李*; a single character is hidden."""
    name = name.strip()
    if len(name) <= 1:
        return "*" * len(name)
    return name[0] + "*" * (len(name) - 1)


def mask_phone(phone: str) -> str:
    """A mobile number keeps 3 digits in front and 4 behind (13812345678 → 138****5678).

    Anything shorter keeps its last two characters at most, because a landline's last four are nearly all of it.
    """
    phone = phone.strip()
    if len(phone) >= 11:
        return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]
    shown = 2 if len(phone) >= 5 else 0
    return "*" * (len(phone) - shown) + (phone[-shown:] if shown else "")
