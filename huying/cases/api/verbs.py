"""Every verb of a case as `POST /cases/{number}/{verb}`, with a schema made from the verb's own form.

A verb that is added to `views/desk/verbs.py` appears here by itself.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from pydantic import create_model

from huying.cases.api.shapes import CaseRow, case_row
from huying.cases.api.writing import photos_of
from huying.cases.filters import for_rows
from huying.cases.models import Case
from huying.cases.views.desk.case import case_for
from huying.cases.views.desk.verb_forms import CheckForm, HandledForm, VerbForm
from huying.cases.views.desk.verbs import VERBS, Verb, why_not
from huying.core.api import Problem, etag, form_data, require_match, require_version
from huying.core.errors import Refusal
from huying.people.api import caller

router = Router(tags=["verbs"])

_TYPES: dict[type[forms.Field], Any] = {
    forms.IntegerField: int,
    forms.FloatField: float,
    forms.BooleanField: bool,
}


class Invalid(Refusal):
    """The verb's form refuses what was sent; the first sentence, with its field."""


class DoneOut(Schema):
    """What was done, in a sentence, and the case as it is now."""

    said: str
    case: CaseRow


class VerbIn(Schema):
    """What every verb takes besides its own fields."""

    version: int | None = Field(
        None,
        ge=1,
        le=2**31 - 1,
        description="version that the caller read; refused when the case has changed",
    )


def _type_of(field: forms.Field) -> Any:
    for kind, found in _TYPES.items():
        if type(field) is kind:
            return found
    return str


def schema_of(verb: Verb) -> type[Schema]:
    """The body of a verb: the fields of its form, `photos` where it takes some, `fields` where a ledger asks more."""
    found: dict[str, Any] = {}
    for name, field in verb.form.base_fields.items():
        kind, about = _type_of(field), str(field.label or "")
        # Whether a field is needed depends on the case too, so that the form alone decides; see its sentences.
        found[name] = (kind | None, Field(None, description=about))
    if verb.form.photos:
        found["photos"] = (
            list[str],
            Field([], description="tokens that uploading photos gave", max_length=9),
        )
    if issubclass(verb.form, HandledForm):
        found["fields"] = (dict[str, Any], Field({}, description="values of the ledger's handling form"))
    if issubclass(verb.form, CheckForm):
        found["refusals"] = (
            dict[str, bool],
            Field({}, description="answers to the five refusals, where asked"),
        )
    name = "".join(part.title() for part in verb.code.split("_"))
    return create_model(f"{name}In", __base__=VerbIn, __doc__=f"What {verb.code} takes.", **found)


def _form_of(verb: Verb, case: Case, user: Any, sent: dict[str, Any]) -> VerbForm:
    fields, refusals = sent.pop("fields", {}), sent.pop("refusals", {})
    values = form_data(sent)
    values.update(form_data(fields, "handling-"))
    values.update(form_data({code: "yes" if held else "no" for code, held in refusals.items()}, "refusal_"))
    return verb.form(case, user, values, {})


def act(
    request: HttpRequest, response: HttpResponse, number: str, verb: Verb, body: VerbIn
) -> dict[str, Any]:
    """Do the verb, exactly as the desk does it."""
    user = caller(request, "case.view")
    case = case_for(user, number)
    sent = body.model_dump(exclude_none=True)
    version, photos = sent.pop("version", None), photos_of(sent.pop("photos", []))
    require_match(request, case.version)
    require_version(version, case.version)
    if not verb.is_open(case, user):
        raise why_not(verb, case, user)
    form = _form_of(verb, case, user, sent)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise Invalid(errors[0], field=None if name == "__all__" else name.removeprefix("handling-"))
    said = verb.act(case, form, user, photos)
    # After a return the case may be somebody else's.
    now = for_rows(Case.objects.filter(number=number)).get()
    response["ETag"] = etag(now.version)
    return {"said": said, "case": case_row(now)}


def _add(verb: Verb) -> None:
    body = schema_of(verb)

    def operation(request: HttpRequest, response: HttpResponse, number: str, data: Any) -> dict[str, Any]:
        return act(request, response, number, verb, data)

    operation.__annotations__["data"] = body
    operation.__name__ = f"{verb.code}_case"
    router.post(
        f"/cases/{{number}}/{verb.code}",
        response={200: DoneOut, 403: Problem, 404: Problem, 409: Problem, 412: Problem, 422: Problem},
        operation_id=f"{verb.code}_case",
        summary=f"{verb.code.replace('_', ' ').capitalize()} a case",
        description=f"{verb.title}{'：' + str(verb.about) if verb.about else ''}",
    )(operation)


for _verb in VERBS.values():
    _add(_verb)
