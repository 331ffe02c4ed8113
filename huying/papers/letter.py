"""What stands on a paper, apart from how it is drawn: the same content for the page, the PDF and the Word file.

A paper is Chinese in whatever language its reader uses the pages: its text was frozen when it was issued.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from huying.core.photo_links import photo_url
from huying.papers.blocks import Block, Heading, Paragraph, Span, blocks_of, words_of
from huying.papers.details import names_of, said_details
from huying.papers.models import Paper, PaperDraft, PaperPicture
from huying.places.district import current_district

_COLOURS = {"blue": "蓝色督办", "yellow": "黄色督办", "red": "红色督办"}
_HEAD_WIDTH_PT, _HEAD_LARGEST_PT = 430, 44
_SEAL_NAME = re.compile(r"[\w.-]+\.png")
# From this length on a signature does not fit centred above a date that stands four characters in.
_LONG_SIGNATURE = 14


class Pictures(Mapping[str, str]):
    """The pictures of a text as data: addresses, each read when it is drawn: a page shows them by their own address."""

    def __init__(self, rows: Iterable[PaperPicture] = (), drawn: Mapping[str, str] | None = None) -> None:
        self.rows, self.drawn = {row.name: row for row in rows}, dict(drawn or {})

    def __getitem__(self, name: str) -> str:
        if name in self.drawn:
            return self.drawn[name]
        row = self.rows[name]
        if row.file is None:
            return _data_address(bytes(row.data))
        with row.file.file.open("rb") as file:
            return _data_address(file.read())

    def __iter__(self) -> Iterator[str]:
        return iter({**self.rows, **self.drawn})

    def __len__(self) -> int:
        return len({**self.rows, **self.drawn})

    def address(self, name: str) -> str:
        """Where a page of this site finds the picture; empty for one that is not there."""
        row = None if name in self.drawn else self.rows.get(name)
        return photo_url(row.file) if row and row.file else self.get(name, "")


@dataclass(frozen=True)
class Letter:
    """The parts of an official letter by GB/T 9704-2012, in the order in which they stand."""

    mark: str  # 紧急程度's place: the colour of the supervision
    head: str  # 发文机关标志
    number: str  # 发文字号
    title: str
    addressee: str
    blocks: tuple[Block, ...]
    signature: str
    date: str
    colour: str = ""
    layout: str = "letter"
    copy_number: str = ""  # 份号
    secrecy: str = ""
    signer: str = ""  # 签发人, of a paper that goes upward
    attachments: tuple[str, ...] = ()
    cc: str = ""
    printer: str = ""  # 印发机关
    signatories: tuple[str, ...] = ()
    attendees: tuple[str, ...] = ()
    seal: str = ""  # a PNG as data: address
    link: str = ""  # the whole address that the QR code holds
    pictures: Pictures = field(default_factory=Pictures)
    counted_url: str = ""  # of a draft with numbers that count themselves: the page that works on them
    void: str = ""  # 已废止, with the reason

    @cached_property
    def paragraphs(self) -> tuple[str, ...]:
        """The text of headings and paragraphs, one by one."""
        return tuple(
            words_of(block.spans) + (words_of(block.rest) if isinstance(block, Heading) else "")
            for block in self.blocks
            if isinstance(block, Heading | Paragraph)
        )

    @property
    def marks(self) -> tuple[str, ...]:
        """份号, 密级, 紧急程度: those that are there, one line each."""
        return tuple(word for word in (self.copy_number, self.secrecy, self.mark) if word)

    @property
    def title_lines(self) -> tuple[str, ...]:
        """A title may be written in several lines."""
        return tuple(line.strip() for line in self.title.replace("\\n", "\n").splitlines() if line.strip())

    @property
    def head_size_pt(self) -> int:
        """The red head fills the line, and a long name stays on one line."""
        return min(_HEAD_LARGEST_PT, _HEAD_WIDTH_PT // max(len(self.head), 1))

    @property
    def long_signature(self) -> bool:
        return len(self.signature) > _LONG_SIGNATURE

    @property
    def qr(self) -> str:
        """The QR code of the link as an SVG data: address; empty without a link."""
        if not self.link:
            return ""
        import segno

        made: str = segno.make(self.link, error="m", micro=False).svg_data_uri(border=0)
        return made


def issuer() -> str:
    """The office in whose name papers are issued: the setting, else the district's government."""
    if settings.PAPER_ISSUER:
        return str(settings.PAPER_ISSUER)
    district = current_district()
    return f"{district.title}人民政府" if district else "人民政府"


def number_of(paper: Paper) -> str:
    """The number as it is cited: 督办函〔2026〕3号, 卫东督查第3期."""
    with translation.override("zh-hans"):
        mark = paper.mark or paper.get_kind_display()
    if paper.form.get("numbering") == "issue":
        return f"{mark}第{paper.number}期"
    return f"{mark}〔{paper.year}〕{paper.number}号"


def letter_of(paper: Paper, copy: int = 1) -> Letter:
    """The content of a paper as it was issued; where copies are numbered, this one of them."""
    due = paper.reply_due_at
    reply = f"回复期限：{_day(due)}{timezone.localtime(due):%H:%M}前。" if due else ""
    names = [paper.addressed_to] if paper.addressed_to else []
    details = dict(paper.details)
    if details.get("addressees"):
        names = names_of(details["addressees"])
    # Papers of the rules themselves, issued without a draft, are letters as they always were.
    form = {"layout": "letter", **paper.form}
    void = f"已废止：{paper.withdrawn_reason}" if paper.withdrawn_at else ""
    if paper.superseded_by is not None and (newer := number_of(paper.superseded_by)) not in void:
        void += f"（由{newer}替代）"
    return _letter(
        form,
        title=paper.title,
        body=paper.body,
        details=details,
        number=_shown_number(paper),
        names=names,
        reply=reply,
        date=_day(paper.issued_at),
        colour=paper.colour,
        link_path=paper.link_path,
        pictures=_pictures(paper.body, draft__paper=paper),
        void=void,
        sealed=True,
        copy=copy,
        signer=str(paper.signed_by or ""),
    )


def _shown_number(paper: Paper) -> str:
    return "" if paper.form.get("numbering") == "none" else number_of(paper)


@dataclass(frozen=True)
class ShownText:
    """A draft's text as it reads now, where it holds more than words: `url` is the page that works on it."""

    body: str
    drawn: Mapping[str, str]  # pictures as data: addresses, by name
    url: str = ""


Reading = Callable[[PaperDraft, str], ShownText | None]
_readings: dict[str, Reading] = {}


def register_reading(function: Reading) -> None:
    """Ask `function(draft, body)` how a draft reads: floors above put values in the place of their tokens.

    The draft's own text is left as it is. None: it knows nothing of this draft. Registering it again changes nothing.
    """
    _readings[f"{function.__module__}.{function.__qualname__}"] = function


def shown_text(draft: PaperDraft, body: str) -> ShownText:
    """The body as it is read."""
    found = (function(draft, body) for function in list(_readings.values()))
    return next((each for each in found if each is not None), ShownText(body, {}))


def letter_of_draft(
    draft: PaperDraft,
    *,
    title: str | None = None,
    body: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Letter:
    """The content as it would be issued today: the number is not there yet. Unsaved words may stand for saved ones."""
    from huying.papers.kinds import kind_rules

    rules = kind_rules(draft.kind)
    said = dict(draft.details if details is None else details)
    shown = shown_text(draft, draft.body if body is None else body)
    number = "" if rules.numbering == "none" else f"{rules.cited}〔{timezone.localdate().year}〕　号"
    if rules.numbering == "issue":
        number = f"{rules.cited}第　期"
    return _letter(
        {"layout": rules.layout, **rules.form()},
        title=draft.title if title is None else title,
        body=shown.body,
        details=said,
        number=number,
        names=names_of(said.get("addressees", ())),
        reply=f"回复期限：自印发之日起{rules.reply.zh}内。" if rules.reply else "",
        date=_day(timezone.now()),
        colour=draft.colour,
        link_path=draft.link_path,
        pictures=_pictures(shown.body, shown.drawn, draft=draft),
        signer=str(draft.signed_by or ""),
        counted_url=shown.url,
    )


def _letter(
    form: Mapping[str, str],
    *,
    title: str,
    body: str,
    details: Mapping[str, Any],
    number: str,
    names: Sequence[str],
    reply: str,
    date: str,
    colour: str,
    link_path: str,
    pictures: Pictures,
    void: str = "",
    sealed: bool = False,
    copy: int = 1,
    signer: str = "",
    counted_url: str = "",
) -> Letter:
    layout, office = form.get("layout", "letter"), issuer()
    blocks = blocks_of(body)
    if reply:
        blocks = (*blocks, Paragraph((Span(reply),)))
    head = form.get("head") or (f"{office}文件" if layout == "document" else office)
    said = said_details(details)
    return Letter(
        mark=_COLOURS.get(colour, "") or said.get("urgency", ""),
        head="" if layout == "form" else head,
        number=number,
        title=title,
        addressee=f"{'，'.join(names)}：" if names else "",
        blocks=blocks,
        signature="" if layout in ("form", "minutes") else office,
        date=date,
        colour=colour,
        layout=layout,
        copy_number=f"{copy:06d}" if form.get("copies") else "",
        signer=signer or "　　　" if form.get("upward") else "",
        secrecy=said.get("secrecy", ""),
        attachments=tuple(details.get("attachments", ())),
        cc="，".join(names_of(details.get("cc", ()))),
        printer=form.get("printer") or (office if layout in ("document", "minutes") else ""),
        signatories=tuple(details.get("signatories", ())) if layout == "form" else (),
        attendees=tuple(details.get("attendees", ())) if layout == "minutes" else (),
        seal=_seal(form.get("seal", "")) if sealed else "",
        link=f"{settings.PUBLIC_URL}{link_path}" if link_path else "",
        pictures=pictures,
        void=void,
        counted_url=counted_url,
    )


def _seal(name: str) -> str:
    """The seal's image from the folder of seals; a name that is not there leaves the place empty."""
    if not name or not settings.PAPER_SEALS or not _SEAL_NAME.fullmatch(name):
        return ""
    file = Path(settings.PAPER_SEALS) / name
    return _data_address(file.read_bytes()) if file.is_file() else ""


def _pictures(body: str, drawn: Mapping[str, str] | None = None, **of: Any) -> Pictures:
    if "](picture:" not in body:
        return Pictures()
    return Pictures(PaperPicture.objects.filter(**of).select_related("file"), drawn)


def _data_address(picture: bytes) -> str:
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _day(at: dt.datetime) -> str:
    local = timezone.localtime(at)
    return f"{local.year}年{local.month}月{local.day}日"
