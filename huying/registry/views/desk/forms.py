"""Add a thing, change a thing: one form from the declaration. Who saves an old version is shown both."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url
from huying.core.toasts import toast
from huying.people.guards import requires, signed_in
from huying.registry import policy
from huying.registry.actions import add_item, add_item_photos, change_item
from huying.registry.display import crumbs
from huying.registry.forms import ItemForms
from huying.registry.models import Item, Register
from huying.registry.story import fact_title, fact_words
from huying.registry.views.desk.item import MOST_PHOTOS, item_for, version_of


def _page(
    request: HttpRequest, register: Register, forms: ItemForms, item: Item | None, status: int = 200, **more: Any
) -> HttpResponse:  # fmt: skip
    place = register.rules.place
    title = _("新增%(register)s") % {"register": register}
    context: dict[str, Any] = {
        "register": register, "rules": register.rules, "forms": forms, "item": item,
        "facts_form": forms.facts, "declared_form": forms.declared,
        "version": item.version if item else "",
        "title": _("修改：%(title)s") % {"title": item.title} if item else title,
        "cancel_url": item.get_absolute_url() if item else register.get_absolute_url(),
        "crumbs": crumbs(register, *([(item.title, item.get_absolute_url())] if item else [])),
        "draft": f"item-{register.code}-{item.code if item else 'new'}",
        "map": {"id": "item-picker", "picker": True, "label": _("在地图上选位置")} if place != "none" else None,
        **more,
    }  # fmt: skip
    return render(request, "registry/item_form.html", context, status=status)


def _refuse(forms: ItemForms, refusal: Refusal) -> None:
    """Show a refusal beside the field it is about, or on top."""
    if refusal.field in forms.declared.fields:
        forms.declared.add_error(refusal.field, str(refusal))
    else:
        forms.facts.add_error(refusal.field if refusal.field in forms.facts.fields else None, str(refusal))


def _photos(request: HttpRequest, forms: ItemForms) -> list[StoredFile]:
    """Photos of this form: those kept from an earlier try, and the new ones, which are kept at once."""
    found = draft_photos(request.POST.getlist("kept"))
    try:
        uploads = request.FILES.getlist("photos")
        if len(found) + len(uploads) > MOST_PHOTOS:
            raise Refusal(_("一次最多 %(most)d 张。") % {"most": MOST_PHOTOS})
        found += [store_photo(upload, by=request.user) for upload in uploads]
    except Refusal as refusal:
        forms.facts.add_error(None, str(refusal))
    return found


def _kept(photos: list[StoredFile]) -> list[dict[str, str]]:
    tokens = [(draft_token(photo), photo) for photo in photos]
    return [{"token": token, "url": photo_url(photo, small=True, draft=token)} for token, photo in tokens]


@never_cache
@requires(policy.CHANGE)
def add(request: HttpRequest, register: str) -> HttpResponse:
    """A new thing."""
    row = get_object_or_404(Register, code=register, active=True)
    user = signed_in(request)
    if request.method != "POST":
        return _page(request, row, ItemForms(row), None)
    forms = ItemForms(row, None, request.POST, request.FILES)
    photos = _photos(request, forms)
    if forms.is_valid():
        try:
            cleaned = forms.facts.cleaned_data
            item = add_item(
                row, actor=user, values=forms.values(), data=forms.data(user), code=cleaned["code"],
                state=cleaned["state"],
            )  # fmt: skip
        except Refusal as refusal:
            _refuse(forms, refusal)
        else:
            toast(
                request, _("已登记「%(title)s」，编号 %(code)s。") % {"title": item.title, "code": item.code}
            )
            return redirect(f"{item.get_absolute_url()}?saved=item-{row.code}-new")
    return _page(request, row, forms, None, status=422, kept=_kept(photos))


@never_cache
@requires(policy.CHANGE)
def change(request: HttpRequest, register: str, code: str) -> HttpResponse:
    """Change a thing. What somebody else saved meanwhile stands beside what was typed here."""
    user = signed_in(request)
    item = item_for(user, register, code, policy.CHANGE)
    row = item.register
    if request.method != "POST":
        return _page(request, row, ItemForms(row, item), item)
    forms = ItemForms(row, item, request.POST, request.FILES)
    photos = _photos(request, forms)
    seen = request.POST.get("version", "")
    if forms.is_valid():
        values, data = forms.values(), forms.data(user)
        try:
            changes = change_item(
                item, actor=user, values=values, data=data,
                seen_version=version_of(seen) or 0,
            )  # fmt: skip
            added = add_item_photos(item, photos, actor=user)
        except NotAllowed as refusal:
            _refuse(forms, refusal)
        except Conflict:
            current = item_for(user, register, code, policy.CHANGE)
            return _page(
                request,
                row,
                forms,
                current,
                409,
                kept=_kept(photos),
                differences=_differences(current, values, data),
            )
        except Refusal as refusal:
            _refuse(forms, refusal)
        else:
            toast(request, _("已保存。") if changes or added else _("没有改动。"))
            return redirect(f"{item.get_absolute_url()}?saved=item-{row.code}-{item.code}")
    return _page(request, row, forms, item, status=422, kept=_kept(photos))


def _differences(current: Item, values: dict[str, Any], data: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what, as it is now, as it was typed here) of everything that differs; personal values stay unsaid."""
    rules, found = current.rules, []
    now = {name: getattr(current, name) for name in values} | dict(current.data)
    for name in dict.fromkeys((*values, *data, *current.data)):
        mine = values[name] if name in values else data.get(name)
        if now.get(name) == mine:
            continue
        field = rules.field(name)
        if field is not None and field.private:
            found.append((fact_title(rules, name), _("（不显示）"), _("（您填的）")))
        else:
            found.append(
                (
                    fact_title(rules, name),
                    fact_words(rules, name, now.get(name)),
                    fact_words(rules, name, mine),
                )
            )
    return found
