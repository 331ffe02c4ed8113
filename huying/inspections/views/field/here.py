"""Standing before a thing whose label was scanned: what is due there now, one tap each, and all standards."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.views.field.access import worker
from huying.inspections.rounds.going import going, open_cases_at, places_for, plans_of
from huying.inspections.rounds.here import checks_here, duties_here
from huying.inspections.rounds.rights import MAKE
from huying.inspections.rounds.sites import Site, site_for
from huying.inspections.views.field.rounds import KEPT_OFFLINE, out_and_about
from huying.people.access import can
from huying.people.models import User
from huying.registry.models import Item
from huying.registry.scanning import labelled, read_label


def here_panel(item: Item, user: User) -> str:
    """On the page that a scan opens: what is due here for this reader, one tap each."""
    if not can(user, MAKE):
        return ""
    duties, checks = duties_here(user, item), checks_here(user, item)
    if not duties and not checks:
        return ""
    context = {"item": item, "duties": duties, "checks": checks, "here_url": here_url(item)}
    return render_to_string("inspections/field/_here_panel.html", context)


def here_url(item: Item) -> str:
    """The field page of this thing."""
    return reverse("inspections:field-here", args=[item.label])


@never_cache
@out_and_about
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """A label that was typed, or read by the phone's camera inside the app."""
    label = read_label(request.GET.get("label", ""))
    if not label or labelled(label) is None:
        return render(request, "inspections/field/scan.html", {"typed": request.GET.get("label", "")[:40]})
    return redirect("inspections:field-here", label)


@never_cache
@out_and_about
@require_safe
def here(request: HttpRequest, label: str) -> HttpResponse:
    """One thing in the field: its duties now, every standard that applies, its open cases."""
    user = worker(request)
    wanted = read_label(label)
    found = labelled(wanted)
    if found is None:
        raise Http404(_("没有这个标牌码，请核对后再输入。"))
    site = site_for("item", found.pk)
    assert site.item is not None
    duties, checks = duties_here(user, site.item), checks_here(user, site.item)
    if not duties and not checks:
        raise Http404(_("这里没有要您做的，也没有您能用的检查标准。要报问题，请用“上报”。"))
    context = {
        "item": site.item, "duties": duties, "checks": checks, "cases": open_cases_at([found.pk]).get(found.pk, 0),
        "lng": _number(site, 0), "lat": _number(site, 1),
    }  # fmt: skip
    return render(request, "inspections/field/here.html", context)


def _number(site: Site, place: int) -> str:
    # As a script reads numbers: never with the comma of a language.
    return str(site.point[place]) if site.point else ""


def pages(user: User) -> Iterator[tuple[str, str]]:
    """The pages of the things whose turn it is, kept on the phone: a scan inside the app opens them without a
    signal.
    """
    hour = f"{timezone.localtime():%Y%m%d%H}"
    labels: dict[str, str] = {}
    for plan in plans_of(user):
        if not plan.rules.registers:
            continue
        due = going(plan, places_for(user, plan))[:KEPT_OFFLINE]
        rows = Item.objects.filter(pk__in=[each.place.pk for each in due]).exclude(label="")
        for pk, label in rows.values_list("pk", "label"):
            labels[label] = f"{hour} {pk} {plan.pk}"
    if labels:
        yield reverse("inspections:field-scan"), hour
    for label, version in labels.items():
        yield reverse("inspections:field-here", args=[label]), version
