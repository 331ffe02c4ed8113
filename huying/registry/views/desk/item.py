"""The page of one thing: what is known of it, where it stands, what happened to it, and its small verbs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.models import StoredFile
from huying.core.photo_links import photo_url
from huying.core.toasts import toast
from huying.people.guards import check, requires, signed_in
from huying.people.models import User
from huying.people.views.common import back_to
from huying.places.locate import current_index
from huying.registry import policy
from huying.registry.actions import add_item_photos, reveal_private, set_item_state
from huying.registry.declared.forms import field_title, private_values
from huying.registry.display import crumbs, state_badge, words_of
from huying.registry.forms import ROLE_TITLES
from huying.registry.models import Item, ItemPhoto
from huying.registry.panels import panels_of
from huying.registry.rules import PROPERTIES
from huying.registry.story import change_words, story

MOST_PHOTOS = 6  # at once
MOST_SHOWN = 24


def item_for(user: User, register: str, code: str, verb: str = policy.VIEW) -> Item:
    """The thing with what its page needs; 404 for one that this person may not see."""
    item = (
        policy.items_for(user, policy.VIEW)
        .select_related("register", "area", "road", "owner", "keeper", "supervisor")
        .defer("area__boundary", "search", "words")
        .filter(register__code=register, register__active=True, code=code)
        .first()
    )
    if item is None:
        raise Http404(_("名录里没有这个编号，或者它不在您负责的区域和部门内。请核对编号。"))
    if verb != policy.VIEW:
        policy.require(user, verb, item)
    return item


def photo_of(photo: ItemPhoto) -> dict[str, Any]:
    """One photo as the page parts show it."""
    return {
        "url": photo_url(photo.file), "thumb": photo_url(photo.file, small=True),
        "alt": photo.words or _("现场照片"), "at": photo.taken_at,
    }  # fmt: skip


def version_of(text: str) -> int | None:
    """The version that a form says it was filled from; None when it says none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _facts(item: Item) -> list[dict[str, Any]]:
    """The declared fields that are filled in; personal ones masked."""
    found = []
    for field in item.rules.fields:
        words = words_of(field, item)
        if words:
            found.append({"title": field_title(field), "words": words, "private": field.private})
        elif field.type in ("file", "signature") and item.data.get(field.code):
            url = reverse("desk:item-file", args=[item.register.code, item.code, field.code])
            found.append({"title": field_title(field), "words": "", "private": field.private, "url": url})
    return found


def _areas(item: Item) -> list[str]:
    """The areas around the thing, from the street down."""
    rows = current_index().rows
    codes = [code for code in item.area_path.split("/") if code]
    return [str(rows[code].title) for code in codes[1:] if code in rows]


def _labels_url(item: Item) -> str:
    if item.rules.label == "none":
        return ""
    try:
        return (
            f"{reverse('desk:register_labels', args=[item.register.code])}?{urlencode({'items': item.code})}"
        )
    except NoReverseMatch:
        return ""


def page_context(item: Item, user: User) -> dict[str, Any]:
    """Everything about a thing."""
    rules = item.rules
    photos = item.photos.select_related("file")[:MOST_SHOWN]
    facts = _facts(item)
    may_change = policy.may(user, policy.CHANGE, item)
    verifications = [
        {"row": row, "changes": change_words(rules, row.corrections)}
        for row in item.verifications.select_related("by")[:20]
    ]
    return {
        "item": item, "rules": rules, "badge": state_badge(item), "crumbs": crumbs(item.register),
        "facts": facts, "has_private": any(fact["private"] for fact in facts), "areas": _areas(item),
        "people": [(ROLE_TITLES[role], getattr(item, role)) for role in PROPERTIES],
        "photos": [photo_of(photo) for photo in photos], "may_change": may_change,
        "states": [state for state in rules.states if state.code != item.state],
        "labels_url": _labels_url(item), "verifications": verifications, "events": story(item),
        "panels": panels_of(item, user),
        "map": {
            "id": "item-map", "lng": item.lng, "lat": item.lat, "marker_title": item.title, "height": "small",
            "label": _("%(title)s的位置") % {"title": item.title},
        },
    }  # fmt: skip


@never_cache
@require_GET
@requires(policy.VIEW)
def show(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """The page of one thing."""
    user = signed_in(request)
    item = item_for(user, register, code)
    return render(request, "registry/item.html", page_context(item, user))


@require_POST
@requires(policy.CHANGE)
def state(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """Put a thing into another state, with a reason. The undo comes back here with what it was."""
    user = signed_in(request)
    item = item_for(user, register, code, policy.CHANGE)
    undone = "back" in request.GET
    wanted = request.GET.get("back", "") or request.POST.get("state", "")
    words = _("撤销") if undone else request.POST.get("words", "").strip()
    was = item.state
    try:
        if len(words) < 2:
            raise Refusal(_("请写一句为什么改，例如：已修好。"), field="words")
        seen = request.GET.get("seen", "") if undone else request.POST.get("version", "")
        set_item_state(
            item, state=wanted, actor=user, words=words, seen_version=version_of(seen)
        )  # fmt: skip
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        if item.state != was:
            word = str(item.stands)
            undo = f"{request.path}?{urlencode({'back': str(was), 'seen': str(item.version)})}"
            toast(request, _("状态已改为「%(state)s」。") % {"state": word}, undo_url="" if undone else undo)
    return HttpResponseRedirect(back_to(request, item.get_absolute_url()))


@require_POST
@requires(policy.CHANGE)
def photos(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """Add pictures of the thing."""
    user = signed_in(request)
    item = item_for(user, register, code, policy.CHANGE)
    try:
        uploads = request.FILES.getlist("photos")
        if not uploads:
            raise Refusal(_("请先选照片。"), field="photos")
        if len(uploads) > MOST_PHOTOS:
            raise Refusal(_("一次最多 %(most)d 张。") % {"most": MOST_PHOTOS}, field="photos")
        stored = [store_photo(upload, by=user) for upload in uploads]
        added = add_item_photos(item, stored, actor=user)
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已添加 %(n)d 张照片。") % {"n": added} if added else _("这些照片已经有了。"))
    return HttpResponseRedirect(item.get_absolute_url())


@require_safe
def file(request: HttpRequest, register: str, code: str, field: str) -> HttpResponseBase:
    """The document of a declared field; a personal one for who may change the thing."""
    if refused := check(request, policy.VIEW):
        return refused
    item = item_for(signed_in(request), register, code)
    spec = item.rules.field(field)
    if spec is None or spec.type not in ("file", "signature"):
        raise Http404
    if spec.private:
        policy.require(signed_in(request), policy.CHANGE, item)
    stored = get_object_or_404(StoredFile, pk=item.data.get(field) or 0)
    name = str(stored.file.name).rsplit("/", 1)[-1]
    return _sent(stored.file, "image/jpeg" if stored.kind == StoredFile.Kind.PHOTO else None, name)


def _sent(stored: Any, kind: str | None, name: str = "") -> HttpResponseBase:
    try:
        response = FileResponse(
            stored.open("rb"), content_type=kind, as_attachment=bool(name and kind is None), filename=name
        )
    except FileNotFoundError:
        raise Http404 from None
    patch_cache_control(response, private=True, max_age=7 * 24 * 3600)
    return response


@never_cache
@require_POST
@requires(policy.CHANGE)
def private(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """The personal fields in plain, after a reason that is put on record."""
    item = item_for(signed_in(request), register, code)
    reason = request.POST.get("reason", "")
    context: dict[str, Any] = {"item": item, "reason": reason, "crumbs": crumbs(item.register)}
    status = 200
    try:
        reveal_private(item, reason=reason, actor=signed_in(request))
        context["private"] = private_values(item.rules.fields, item.data)
    except NotAllowed:
        raise
    except Refusal as refusal:
        context["sentence"], status = str(refusal), refusal.status
    template = "registry/_private.html" if request.headers.get("HX-Request") else "registry/private.html"
    return render(request, template, context, status=status)
