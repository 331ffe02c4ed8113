"""Who may open the pictures of a thing: everyone where its register is public, else who may see the thing."""

from __future__ import annotations

from django.http import HttpRequest

from huying.core.models import StoredFile
from huying.registry.models import ItemPhoto
from huying.registry.policy import items_for


def may_open_of_item(request: HttpRequest, file: StoredFile) -> bool:
    """Whether whoever asks may see a thing that this picture shows."""
    uses = ItemPhoto.objects.filter(file=file).select_related("item__register")
    if any(use.item.rules.public for use in uses):
        return True
    user = request.user
    return user.is_authenticated and uses.filter(item__in=items_for(user)).exists()
