"""Compile the message catalogues, or with --check only look for entries that are missing or wrong.

Written with Babel because GNU gettext is not on every machine.
"""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[1] / "huying" / "locale"


def main() -> int:
    checking = "--check" in sys.argv
    faults = 0
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parts[-3], abort_invalid=True)
        for message in catalog:
            if not message.id:
                continue
            problems = [str(error) for error in message.check(catalog)]
            strings = [message.string] if isinstance(message.string, str) else list(message.string)
            if message.fuzzy or not all(strings):
                problems.append("not translated" if not message.fuzzy else "fuzzy")
            for problem in problems:
                faults += 1
                print(
                    f"{source.relative_to(LOCALE)}:{message.lineno}: {problem}: {message.id}", file=sys.stderr
                )
        if not checking:
            with source.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalog)
    return int(checking and faults > 0)


if __name__ == "__main__":
    sys.exit(main())
