"""Small parts for templates: icons, badges, the clock, block parts with a body. Usage of each: ``docs/parts.md``."""

import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

TYPE_COOKIE = "huying_type"
THEME_COOKIE = "huying_theme"
THEMES = ("light", "dark", "auto")

LEVEL_ICONS = {"": "clock", "blue": "bell", "yellow": "alert", "red": "overdue", "green": "check-circle"}
NEAR = 0.8
"""Part of the time limit after which a running clock turns blue: the first rung of the default ladder."""


@cache
def _sprite() -> str:
    """The sprite's address: looking it up costs as much as drawing the icon."""
    return static("huying/icons.svg")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One icon of the sprite. With ``label`` it is read aloud; without, it is decoration beside a word."""
    href = f"{_sprite()}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
def badge(word: str, colour: str = "", icon_name: str = "") -> SafeString:
    """A state as colour, icon and word. Colours: accent, blue, yellow, red, green or none."""
    picture = icon(icon_name or LEVEL_ICONS.get(colour, "info")) if icon_name or colour else ""
    css = f"badge badge--{colour}" if colour else "badge"
    return format_html('<span class="{}">{}{}</span>', css, picture, word)


def duration_words(length: timedelta) -> str:
    """A length in its two largest units: 「2 天 4 小时」, 「3 小时 20 分」, 「45 分」; under a minute 「不到 1 分」."""
    minutes = int(abs(length.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        head, tail = _("%d 天") % days, _("%d 小时") % hours if hours else ""
    elif hours:
        head, tail = _("%d 小时") % hours, _("%d 分") % rest if rest else ""
    elif rest:
        head, tail = _("%d 分") % rest, ""
    else:
        head, tail = _("不到 1 分"), ""
    return f"{head} {tail}".strip()


@register.simple_tag
def duration(length: timedelta | None) -> str:
    """Words for a timedelta, empty for None."""
    return "" if length is None else duration_words(length)


@register.simple_tag
def clock(
    due: datetime | None,
    started: datetime | None = None,
    state: str = "running",
    ended: datetime | None = None,
    level: str = "",
    now: datetime | None = None,
) -> SafeString:
    """The clock badge. ``state``: running, parked or done (``ended`` says when).

    ``level`` (blue, yellow, red) sets the colour, for cases under supervision; otherwise the badge is blue after 80 %
    of the time from ``started`` and red when overdue.
    """
    if due is None:
        return badge(_("没有时限"), "", "clock")
    now = now or timezone.now()
    exact = _("时限 %s") % format_date(timezone.localtime(due), "Y-m-d H:i")
    if state == "parked":
        return _clock_html("", "pause", _("已挂账，时限停走"), exact, "")
    if state == "done":
        late = ended is not None and ended > due
        word = _("超时办结，超 %s") % duration_words(ended - due) if late and ended else _("按时办结")
        return _clock_html("red" if late else "green", "overdue" if late else "check-circle", word, exact, "")
    near = started + (due - started) * NEAR if started else None
    if not level:
        level = "red" if now > due else "blue" if near and now >= near else ""
    word = (_("已超 %s") if now > due else _("还剩 %s")) % duration_words(due - now)
    ticking = format_html(
        ' data-due="{}" data-near="{}"',
        int(due.timestamp() * 1000),
        int(near.timestamp() * 1000) if near else "",
    )
    return _clock_html(level, LEVEL_ICONS[level], word, exact, ticking)


def _clock_html(level: str, icon_name: str, word: str, exact: str, ticking: SafeString | str) -> SafeString:
    css = f"clock clock--{level}" if level else "clock"
    return format_html(
        '<span class="{}" title="{}"{}>{}<span class="clock__word">{}</span></span>',
        css,
        exact,
        ticking,
        icon(icon_name),
        word,
    )


@register.simple_tag
def moment(value: datetime | None) -> SafeString | str:
    """A time for people: 「今天 14:05」, 「昨天 09:30」, 「11月3日 16:00」, with the year when it is another one."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localdate()
    days = (today - local.date()).days
    if days == 0:
        text = _("今天 %s") % format_date(local, "H:i")
    elif days == 1:
        text = _("昨天 %s") % format_date(local, "H:i")
    elif local.year == today.year:
        text = _("%(month)d月%(day)d日 %(time)s") % {
            "month": local.month,
            "day": local.day,
            "time": format_date(local, "H:i"),
        }
    else:
        text = format_date(local, "Y-m-d H:i")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        format_date(local, "Y-m-d H:i:s"),
        text,
    )


@register.simple_tag(takes_context=True)
def page_attributes(context: Context, theme: str = "auto") -> SafeString:
    """Attributes of <html> from the reader's cookies: large type and theme; ``theme`` is the audience's default."""
    request: HttpRequest | None = context.get("request")
    cookies = request.COOKIES if request is not None else {}
    chosen = cookies.get(THEME_COOKIE, "")
    large = ' data-type="large"' if cookies.get(TYPE_COOKIE) == "large" else ""
    return format_html(
        'data-theme="{}"{} data-now="{}"',
        chosen if chosen in THEMES else theme,
        SafeString(large),
        int(timezone.now().timestamp() * 1000),
    )


@register.simple_tag
def script_words() -> str:
    """The words that scripts show, in the page's language (JSON for ``data-words`` on <body>)."""
    words = {
        "left": _("还剩 %s"),
        "over": _("已超 %s"),
        "days": _("%d 天"),
        "hours": _("%d 小时"),
        "minutes": _("%d 分"),
        "moment": _("不到 1 分"),
        "chosen": _("已选 %d 条"),
        "dismiss": _("关闭"),
        "offline": _("网络断开了。您填写的内容已保存在本机，网络恢复后可以继续提交。"),
        "online": _("网络已恢复，可以继续提交。"),
        "failed": _("没有完成：服务器没有应答。请稍后再试一次。"),
        "restored": _("已恢复上次没有提交的内容。"),
        "discard": _("清空重填"),
        "saved": _("草稿已保存在本机"),
        "photo_bad": _("这张照片打不开，请换一张（支持 JPG、PNG、WebP）。"),
        "photo_many": _("最多上传 %d 张照片。"),
        "photo_remove": _("移除这张照片"),
        "photo_shrunk": _("已压缩到 %s"),
        "schematic": _("示意图"),
        "zoom_in": _("放大地图"),
        "zoom_out": _("缩小地图"),
        "picked": _("已选位置：经度 %s，纬度 %s"),
        "locate_failed": _("没有取得您的位置。请在地图上点选，或输入地址。"),
        "map_failed": _("地图数据没有取到，请刷新页面再试。"),
        "picture_failed": _("图没有画出来，请等图显示完整以后再试。"),
        "no_value": _("无数据"),
    }
    return json.dumps(words, ensure_ascii=False)


@register.simple_tag(takes_context=True)
def cells(context: Context, row: dict[str, Any]) -> SafeString:
    """The cells of one row of ``parts/list.html``. In Python, because a page of 50 rows has 400 of them."""
    known: dict[int, SafeString] = context.render_context.setdefault(  # type: ignore[assignment]
        "cell_attributes",
        {},  # type: ignore[arg-type]
    )
    drawn = []
    for place, (column, value) in enumerate(row["cells"]):
        if id(column) not in known:
            known[id(column)] = format_html(
                ' data-column="{}" data-title="{}" class="{}"', column.name, column.title, column.css
            )
        inner = conditional_escape(value)
        if place:
            drawn.append(f"<td{known[id(column)]}>{inner}</td>")
        else:
            link = format_html('<a href="{}">{}</a>', row["url"], inner) if row["url"] else inner
            drawn.append(f'<th scope="row"{known[id(column)]}>{link}</th>')
    return SafeString("".join(drawn))


@register.filter
def as_json(value: Any) -> str:
    """JSON for a data- attribute (the template escapes it)."""
    return json.dumps(value, ensure_ascii=False, default=str)


@register.filter
def undo_url(message: Any) -> str:
    """The undo address that ``toast()`` put on a message, or an empty string."""
    tags = str(message.extra_tags or "")
    return tags.removeprefix("undo:") if tags.startswith("undo:") else ""


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's own query string with some parameters replaced (None removes): ``?{% query page=2 %}``."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value is not None:
            params[name] = str(value)
    return params.urlencode()


@register.filter
def with_query(url: str, params: dict[str, Any]) -> str:
    """``url`` with ``params`` added as a query string."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}"


@register.simple_block_tag
def panel(content: str, title: str = "", icon_name: str = "") -> SafeString:
    """A white box with an optional heading: ``{% panel title=… %}…{% endpanel %}``."""
    head = (
        format_html(
            '<div class="panel__head"><h2>{} {}</h2></div>', icon(icon_name) if icon_name else "", title
        )
        if title
        else ""
    )
    return format_html('<section class="panel">{}<div class="panel__body">{}</div></section>', head, content)


@register.simple_block_tag
def dropdown(
    content: str, label: str, icon_name: str = "", css: str = "button", side: str = "right"
) -> SafeString:
    """A menu that opens without a script (<details>): links, buttons or labels inside."""
    return format_html(
        '<details class="dropdown dropdown--{}" data-dropdown><summary class="{}">{}{}{}</summary>'
        '<div class="dropdown__menu">{}</div></details>',
        side,
        css,
        icon(icon_name) if icon_name else "",
        label,
        icon("chevron-down"),
        content,
    )


@register.simple_block_tag
def dialog(content: str, name: str, title: str) -> SafeString:
    """A native <dialog id=name>; any button with ``data-dialog="name"`` opens it, Escape and the cross close it."""
    return format_html(
        '<dialog class="dialog" id="{0}" aria-labelledby="{0}-title">'
        '<div class="dialog__head"><h2 id="{0}-title">{1}</h2><form method="dialog">'
        '<button class="button button--quiet button--icon" aria-label="{2}">{3}</button></form></div>'
        '<div class="dialog__body">{4}</div></dialog>',
        name,
        title,
        _("关闭"),
        icon("close"),
        content,
    )


@register.filter
def chart_rows(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """The chart's numbers as table rows: label, its address if any, one value per series, each with its address."""
    links = chart.get("links") or {}
    return [
        {
            "label": label,
            "url": links.get(label, ""),
            "values": [
                (line["values"][place], (line.get("urls") or {place: ""})[place]) for line in chart["series"]
            ],
        }
        for place, label in enumerate(chart["labels"])
    ]
