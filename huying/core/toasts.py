"""Short news after an action, with a way back."""

from django.contrib import messages
from django.http import HttpRequest


def toast(request: HttpRequest, text: str, *, undo_url: str = "", level: int = messages.SUCCESS) -> None:
    """Show ``text`` on the next page; with ``undo_url`` it carries a 撤销 button that POSTs there."""
    messages.add_message(request, level, text, extra_tags=f"undo:{undo_url}" if undo_url else "")
