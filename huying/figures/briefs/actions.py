"""Briefs begun, settled and issued. Each verb is one function, for page, API and job.

The text is a draft of `papers` and goes its way (review, signature, number). At issue, inside the issuing transaction,
`freeze` counts every number again as of one moment, publishes it with its rows, and puts the permanent addresses into
the text.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.core.temporal import as_of
from huying.figures.briefs.composing import Composer, codes_of, first_text, period_words, said_number
from huying.figures.briefs.finding import doubts, loose_numbers, unsettled
from huying.figures.briefs.models import Brief, BriefNumber, BriefRun
from huying.figures.counting import Asked
from huying.figures.models import new_token
from huying.figures.publishing import publish_together
from huying.inspections.campaigns.rules import Span
from huying.papers.drafting import start_draft
from huying.papers.letter import ShownText
from huying.papers.models import PaperDraft, PaperPicture
from huying.people.access import can
from huying.people.models import User

WRITE = "brief.write"
SHORTEST_WORDS = 6


def require_write(actor: User | None) -> None:
    """Refuse, saying why, unless this person writes briefs; None is the system itself."""
    if actor is not None and not can(actor, WRITE):
        raise NotAllowed(_("写简报要有“撰写简报”的权限。请联系文字秘书或督查室。"))


def composer_for(run: BriefRun, at: dt.datetime | None = None) -> Composer:
    """The numbers of a brief's days, as of this moment."""
    return Composer(run.span, run.brief.rules.where, at)


@transaction.atomic
def start_brief(
    brief: Brief,
    *,
    actor: User | None,
    span: Span | None = None,
    scheduled: bool = False,
    at: dt.datetime | None = None,
) -> BriefRun:
    """Begin an issue: the text of the pack, its conditions decided, as a draft. Conflict when the schedule made it."""
    require_write(actor)
    rules, at = brief.rules, at or timezone.now()
    span = span or rules.span(timezone.localdate(at))
    if span.last is None:
        raise Refusal(_("写明数到哪一天。"), field="last_day")
    if span.first and span.first > span.last:
        raise Refusal(_("时段的开头比结尾晚。"), field="last_day")
    period = f"{span.first or ''}..{span.last}"
    try:
        with transaction.atomic():
            run = BriefRun.objects.create(
                brief=brief,
                period=period,
                first_day=span.first,
                last_day=span.last,
                scheduled=scheduled,
                made_at=at,
                token=new_token(),
            )
    except IntegrityError:
        raise Conflict(_("这一期已经自动起草过了。")) from None
    with of_record():
        body = first_text(rules, Composer(span, rules.where, at))
        title = f"{rules.title}（{period_words(span)}）"
    run.draft = start_draft(
        rules.paper,
        title=title,
        body=body,
        subject_label=rules.title,
        actor=actor,
        link_path=run.numbers_url(),
        addressees=[rules.to] if rules.to else (),
        at=at,
    )
    run.save(update_fields=["draft"])
    log(run, "brief.started", actor=actor, at=at, brief=brief.code, period=period, scheduled=scheduled)
    return run


def _held(run: BriefRun, actor: User) -> BriefRun:
    """The run, locked, while its text can still be written."""
    require_write(actor)
    held = BriefRun.objects.select_for_update().select_related("brief").get(pk=run.pk)
    if held.counted_at is not None:
        raise Conflict(_("已经印发的不能再改。写错的，另出一期更正。"))
    return held


@transaction.atomic
def quote_number(run: BriefRun, *, text: str, source: str, actor: User) -> BriefRun:
    """Say where a number comes from that no figure counts: it stands in the paper as a quotation with this source."""
    held = _held(run, actor)
    source, text = source.strip(), text.strip()
    if len(source) < 4:
        raise Refusal(_("写清楚出处，例如“区统计局三季度快报第 2 页”。"), field="source")
    if held.draft is None or text not in {
        each.text for each in loose_numbers(held.draft.body, None, held.brief.rules)
    }:
        raise Conflict(_("正文里没有“%(text)s”这个数了，请刷新。") % {"text": text[:40]})
    held.quotes = [each for each in held.quotes if each["text"] != text]
    held.quotes.append(
        {"text": text, "source": source[:200], "by": str(actor), "at": timezone.now().isoformat()}
    )
    held.save(update_fields=["quotes"])
    log(held, "brief.quoted", actor=actor, text=text, source=source[:200])
    return held


@transaction.atomic
def confirm_doubt(run: BriefRun, *, key: str, words: str, actor: User) -> BriefRun:
    """Say in words why the brief goes out although a relation fails or a value was told otherwise before."""
    held = _held(run, actor)
    words = words.strip()
    if len(words) < SHORTEST_WORDS:
        raise Refusal(_("写清楚为什么可以这样印发（至少 %d 个字）。") % SHORTEST_WORDS, field="words")
    body = held.draft.body if held.draft else ""
    found = {each.key: each for each in doubts(held, body, composer_for(held))}
    if key not in found:
        raise Conflict(_("这一条已经变了，请刷新后再看。"))
    held.confirmed = {
        **held.confirmed,
        key: {
            "words": words[:300],
            "by": str(actor),
            "at": timezone.now().isoformat(),
            "sentence": found[key].sentence,
        },
    }
    held.save(update_fields=["confirmed"])
    log(held, "brief.confirmed", actor=actor, sentence=found[key].sentence, words=words[:300])
    return held


def replace_number(body: str, text: str, token: str) -> str:
    """The body with a number, and the unit after it, replaced by a token. Conflict when it is not there."""
    if text not in body:
        raise Conflict(_("正文里没有“%(text)s”这个数了，请刷新。") % {"text": text[:40]})
    return body.replace(text, token, 1)


# -- issue ---------------------------------------------------------------------------------------------------


def freeze(draft: PaperDraft) -> str | None:
    """Called by `papers` when a draft is issued: the body with every number published; None for what is no brief.

    Raises Refusal while something is unsettled: then nothing is issued and no number is used up.
    """
    run = BriefRun.objects.select_for_update().filter(draft=draft).select_related("brief").first()
    if run is None:
        return None
    codes, rules = codes_of(draft.body), run.brief.rules
    asked = Asked(run.span, rules.where or {})
    # At issue the actor is whoever moved the draft last; the journal of the draft names them.
    found = (
        publish_together([(code, asked) for code in codes], actor=None, purpose=draft.title) if codes else []
    )
    at = found[0].at if found else timezone.now()
    published = dict(zip(codes, found, strict=True))
    with as_of(at):
        composer = Composer(run.span, rules.where, at, published)
        with of_record():
            said = unsettled(run, draft.body, composer)
            body = "" if said else composer.expand(draft.body)
    if said:
        raise Refusal(_("还有没有核清的：%s 请退回起草人处理。") % " ".join(said[:5]))
    for name, png in composer.pictures.items():
        PaperPicture.objects.update_or_create(draft=draft, name=name, defaults={"data": png})
    with of_record():
        BriefNumber.objects.bulk_create(
            BriefNumber(
                run=run, position=place, words=said_number(each.rules, each.exact)[:120], published=each
            )
            for place, each in enumerate(found, start=1)
        )
    run.counted_at = at
    run.save(update_fields=["counted_at"])
    log(run, "brief.issued", actor=None, at=at, numbers=len(found), title=draft.title)
    return _with_sources(body, run)


def english_of(run: BriefRun) -> str:
    """What the declaration's `en` says of these days: of an issued brief with its published numbers. "" without one.

    For reading only: papers are issued in Chinese, and nothing of this is kept.
    """
    pieces = run.brief.rules.en
    if not pieces:
        return ""
    if run.counted_at is None:
        return composer_for(run).translated(pieces)
    published = {
        each.published.figure.code: each.published for each in run.numbers.select_related("published__figure")
    }
    with as_of(run.counted_at):
        return Composer(run.span, run.brief.rules.where, run.counted_at, published).translated(pieces)


def values_shown(draft: PaperDraft, body: str) -> ShownText | None:
    """Called by `papers` wherever a draft is read: its numbers as they are now; None for what is no open brief."""
    if "{" not in body:
        return None
    run = BriefRun.objects.filter(draft=draft, counted_at=None).select_related("brief").first()
    if run is None:
        return None
    composer = composer_for(run)
    return ShownText(composer.expand(body), composer.picture_addresses(), run.get_absolute_url())


def _with_sources(body: str, run: BriefRun) -> str:
    """The body, and where its quoted numbers come from."""
    quoted = [each for each in run.quotes if each["text"] in body]
    if not quoted:
        return body
    said = "；".join(f"“{each['text']}”引自{each['source']}" for each in quoted)
    return f"{body}\n（{said}。）"
