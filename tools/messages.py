"""Keep the English catalogue: `collect` new sentences from the code, `check` that none is missing, `compile`.

The sentences in the code are Chinese. Written with Babel because GNU gettext is not on every machine.
"""

import io
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "huying" / "locale"
LANGUAGES = ("en",)

# What a call looks like: the places of singular, plural and context among its arguments.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}

Found = tuple[str, int, str | tuple[str, ...], str | None]


def found_in_code() -> Iterator[Found]:
    """Every marked sentence with its file, line and context, outside tests and migrations."""
    from django.utils.translation.template import templatize

    for file in sorted((ROOT / "huying").rglob("*")):
        name = file.relative_to(ROOT).as_posix()
        if "/tests/" in name or "/migrations/" in name or file.suffix not in (".py", ".html"):
            continue
        text = file.read_text("utf-8")
        if file.suffix == ".html":
            # Django's own way: everything of the template but its sentences becomes harmless code.
            text = "\n".join(line.lstrip() for line in templatize(text, origin=name).splitlines())
        for line, function, said, _comments in extract_python(
            io.BytesIO(text.encode()), list(KEYWORDS), [], {"encoding": "utf-8"}
        ):
            yield from _sentence(name, line, function, said)


def _sentence(name: str, line: int, function: str, said: object) -> Iterator[Found]:
    arguments = said if isinstance(said, tuple) else (said,)
    spec = KEYWORDS[function]
    context = None
    if spec is None:
        ids = [arguments[0]]
    else:
        ids = []
        for place in spec:
            if isinstance(place, tuple):
                context = arguments[place[0] - 1]
            else:
                ids.append(arguments[place - 1])
    if all(isinstance(one, str) and one for one in ids):
        yield name, line, ids[0] if len(ids) == 1 else tuple(ids), context


def read(language: str) -> Catalog:
    """The catalogue as it is; empty when there is none."""
    source = path_of(language)
    if not source.exists():
        return empty(language)
    with source.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def empty(language: str) -> Catalog:
    return Catalog(
        locale=language,
        project="Huying",
        header_comment=f"# The interface in {language!r}; the sentences of the code are Chinese.",
        creation_date=datetime(2026, 11, 20, tzinfo=UTC),
        revision_date=datetime(2026, 11, 20, tzinfo=UTC),
        last_translator="",
        language_team="",
        msgid_bugs_address="",
        charset="utf-8",
        fuzzy=False,
    )


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def collect() -> int:
    """Write the catalogues anew: sentences of the code, with the translations that are there."""
    for language in LANGUAGES:
        old, new = read(language), empty(language)
        for name, _line, said, context in found_in_code():
            known = old.get(said, context)
            string = known.string if known is not None else None
            # Files, not lines: a moved line is no change of the catalogue.
            new.add(said, string=string, locations=[(name, 0)], context=context)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, new, width=110, sort_output=True, omit_header=False, include_lineno=False)
        open_ = sum(not _is_translated(message.string) for message in new if message.id)
        print(f"{language}: {len(new)} sentences, {open_} without translation")
    return 0


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


def check() -> int:
    """Name every sentence that is missing, untranslated, unsure or whose placeholders do not fit."""
    faults = 0
    for language in LANGUAGES:
        catalog = read(language)
        problems: dict[str, str] = {}
        for name, line, said, context in found_in_code():
            if catalog.get(said, context) is None:
                problems[str(said)] = f"{name}:{line}: not collected (make messages)"
        for message in catalog:
            if not message.id:
                continue
            if message.fuzzy:
                problems[str(message.id)] = "fuzzy"
            elif not _is_translated(message.string):
                problems[str(message.id)] = "not translated"
            elif errors := [str(error) for error in message.check(catalog)]:
                problems[str(message.id)] = "; ".join(errors)
        for said, problem in problems.items():
            faults += 1
            print(f"{language}: {problem}: {said}", file=sys.stderr)
    return int(faults > 0)


def compile_catalogues() -> int:
    for language in LANGUAGES:
        with path_of(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, read(language))
    return 0


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")
    commands = {"collect": collect, "check": check, "compile": compile_catalogues}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print(f"say one of: {', '.join(commands)}", file=sys.stderr)
        return 2
    return commands[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
