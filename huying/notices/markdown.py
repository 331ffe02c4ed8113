"""Markdown of news as safe HTML: no raw HTML, and what comes out is cleaned once more."""

from __future__ import annotations

import re
from html import unescape

import nh3
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "a", "blockquote", "table", "thead", "tbody",
    "tr", "th", "td",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}


def _parser() -> MarkdownIt:
    # Pictures come as attachments: one that is linked would tell another server who reads.
    return (
        MarkdownIt("commonmark", {"html": False})
        .enable("table")
        .disable(["image", "html_block", "html_inline"])
    )


def render(text: str) -> SafeString:
    """HTML for a page. Headings begin at the second level: the first is the page's own."""
    html = _parser().render(text)
    html = re.sub(r"<(/?)h([1-6])>", lambda tag: f"<{tag[1]}h{min(int(tag[2]) + 1, 4)}>", html)
    return mark_safe(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "ol": {"start"}},
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )
    )


def plain(text: str) -> str:
    """The words alone, in one line: for loudspeakers, chat groups and short messages."""
    html = re.sub(r"</(p|li|h\d|tr|blockquote)>|<br ?/?>", "\n", str(render(text)))
    lines = [" ".join(line.split()) for line in unescape(strip_tags(html)).splitlines()]
    spoken = [line if line[-1] in "。！？；：，.!?;:," else f"{line}。" for line in lines if line]
    return "".join(spoken)
