"""The runs of a paper's text as HTML."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.template import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from huying.core.models import StoredFile
from huying.core.photo_links import photo_url
from huying.papers.blocks import Heading, NewPage, Paragraph, Picture, Span, Table

register = template.Library()


@register.simple_tag(takes_context=True)
def runs(context: Context, spans: Iterable[Span]) -> SafeString:
    """The text; what leads to a page of this site is a link, in a file with the site's address (`base`) before it."""
    base = context.get("base", "")
    return mark_safe(
        "".join(
            format_html('<a class="letter__number-link" href="{}{}">{}</a>', base, span.href, span.text)
            if span.href
            else conditional_escape(span.text)
            for span in spans
        )
    )


@register.filter
def block_kind(block: object) -> str:
    """heading, paragraph, table, picture or new-page: templates ask for it."""
    kinds = {
        Heading: "heading",
        Paragraph: "paragraph",
        Table: "table",
        Picture: "picture",
        NewPage: "new-page",
    }
    return kinds[type(block)]


@register.simple_tag(takes_context=True)
def picture_address(context: Context, name: str) -> str:
    """The address of a picture: in a file (`base`) the picture itself; empty for one that is not there."""
    pictures = context["letter"].pictures
    return str(pictures.get(name, "") if "base" in context else pictures.address(name))


@register.simple_tag
def thumbnail(file: StoredFile) -> str:
    """The small picture of an uploaded photo."""
    return photo_url(file, small=True)
