"""Rosters (值班) and handing over between shifts (交接班): who is on, whether they came, and what they leave behind.

`rules` reads what a pack declares; `planning` puts people on shifts; `watch` takes them over, hands over and finds what
was missed; `sources` is where other floors say which work is open; `figures` counts whether the posts were filled.
"""

from huying.people.rosters.onduty import on_duty

__all__ = ["on_duty"]
