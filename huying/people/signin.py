"""Sign-in that repeated guessing does not get through.

A lock counts failures of the last `WINDOW`. It is tight on one account from one address, and loose on the account
from anywhere and on the address for any account: a stranger can't keep a colleague out by guessing wrongly, and an
office behind one address isn't locked by one forgetful person.
"""

from __future__ import annotations

import datetime as dt
import ipaddress

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from huying.people.models import SignInFailure

WINDOW = dt.timedelta(minutes=15)
MOST_HERE = 5  # of one account from one address
MOST_OF_ACCOUNT = 30  # of one account from anywhere
MOST_OF_ADDRESS = 100  # of any account from one address


def client_address(request: HttpRequest) -> str:
    """Who is calling: behind a trusted proxy the last address that the proxy itself wrote down."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR")):
        address = forwarded.rsplit(",", 1)[-1].strip()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def locked_for(username: str, address: str) -> dt.timedelta | None:
    """How long sign-in stays locked for this account from this address; None when it is open."""
    now = timezone.now()
    recent = SignInFailure.objects.filter(at__gt=now - WINDOW).order_by("-at").values_list("at", flat=True)
    account, here = Q(username=_key(username)), Q(address=address)
    limits = ((account & here, MOST_HERE), (account, MOST_OF_ACCOUNT), (here, MOST_OF_ADDRESS))
    # A lock ends when the failure that filled the measure no longer counts.
    ends = [at + WINDOW for found, most in limits for at in recent.filter(found)[most - 1 : most]]
    return max(ends) - now if ends else None


def attempts_left(username: str, address: str) -> int:
    """How many more failures this account has from this address before the lock."""
    since = timezone.now() - WINDOW
    here = SignInFailure.objects.filter(username=_key(username), address=address, at__gte=since).count()
    return max(MOST_HERE - here, 0)


def note_failure(username: str, address: str) -> None:
    """Count one failure; failures that no longer count are forgotten."""
    SignInFailure.objects.filter(at__lt=timezone.now() - WINDOW).delete()
    SignInFailure.objects.create(username=_key(username), address=address)


def forget_failures(username: str, address: str) -> None:
    """After a success the account starts afresh from this address."""
    SignInFailure.objects.filter(username=_key(username), address=address).delete()


def _key(username: str) -> str:
    return username.strip().lower()[:150]
