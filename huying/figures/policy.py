"""Who sees a figure, who publishes one, and which of its rows a reader may open.

A figure is the same number for every reader. Its rows keep their own rights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.figures.collections import Collection, RowFacts, collection
from huying.figures.models import Figure, PublishedFigure
from huying.figures.rules import FigureRules
from huying.people.access import Scope, can, scopes, with_stations
from huying.people.models import User

VIEW, PUBLISH = "figure.view", "figure.publish"
Reader = User | AnonymousUser


def may_see(user: Reader, rules: FigureRules) -> bool:
    """Whether this person sees the figure: staff who read figures, and everybody where it is public."""
    return rules.visible == "public" or can(user, VIEW)


def may_publish(user: Reader) -> bool:
    """Whether this person freezes figures."""
    return can(user, PUBLISH)


def require_publish(user: User) -> None:
    """Refuse, saying why, unless this person publishes figures."""
    if not may_publish(user):
        raise NotAllowed(_("公布数字要有“公布数字”的权限。请联系督查室或文字秘书。"))


def figures_for(user: Reader) -> QuerySet[Figure]:
    """The figures in use that this person sees."""
    found = Figure.objects.filter(active=True)
    if can(user, VIEW):
        return found
    # A declaration keeps the order of its keys, and so is json: only its text can be compared.
    visible = KeyTextTransform("visible", "declaration")
    return found.alias(_visible=visible).filter(_visible="public")


def published_for(user: Reader) -> QuerySet[PublishedFigure]:
    """The published values that this person sees; a part goes with its whole."""
    found = PublishedFigure.objects.all()
    return found if can(user, VIEW) else found.filter(declaration__visible="public")


def is_staff_reader(user: Reader) -> bool:
    """Whether this person reads rows at all: signed in, and reading figures."""
    return isinstance(user, User) and can(user, VIEW)


def readable_keys(of: Collection, user: Reader, keys: Sequence[int]) -> set[int]:
    """Those of these rows that there are today and that this person may open."""
    if not is_staff_reader(user):
        return set()
    assert isinstance(user, User)
    found = of.readable(user)
    return set(found.filter(pk__in=keys).order_by().values_list("pk", flat=True))


def there_today(of: Collection, keys: Sequence[int]) -> set[int]:
    """Those of these rows that have not been deleted since."""
    rows = of.model._default_manager.filter(pk__in=keys)
    return set(rows.order_by().values_list("pk", flat=True))


def shown_keys(code: str, user: Reader, facts: Iterable[RowFacts]) -> set[int]:
    """Of frozen rows those that this person may read: open to them today, or gone and once in their reach."""
    rows = {each.pk: each for each in facts}
    of, keys = collection(code), list(rows)
    mine = readable_keys(of, user, keys)
    if len(mine) == len(keys) or not is_staff_reader(user):
        return mine
    gone = set(keys) - mine - there_today(of, [key for key in keys if key not in mine])
    within = [(scope, _departments(scope)) for scope in scopes(user, VIEW)]
    return mine | {key for key in gone if any(_reaches(scope, units, rows[key]) for scope, units in within)}


def _departments(scope: Scope) -> set[int]:
    return with_stations(scope.department_id) if scope.department_id is not None else set()


def _reaches(scope: Scope, units: set[int], facts: RowFacts) -> bool:
    inside = not scope.path or facts.area_path.startswith(scope.path)
    return inside and (scope.department_id is None or facts.department in units)
