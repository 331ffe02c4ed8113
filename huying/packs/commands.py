"""What `huying pack check`, `load` and `new` say on the terminal, in English and in Chinese."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from huying.packs.checker import check_pack
from huying.packs.loader import PackMistakes, load_pack
from huying.packs.starting import write_starter
from huying.packs.wording import Mistake, both

SHOWN_MISTAKES = 200


def check(path: Path | str) -> int:
    """Print every mistake of the pack; 1 when there are any."""
    mistakes = check_pack(Path(path))
    if mistakes:
        tell(mistakes)
        return 1
    say(_("%(path)s：没有错误。"), path=path)
    return 0


def load(path: Path | str, dry_run: bool = False) -> int:
    """Load the pack and print what changes; with `dry_run` only print it."""
    try:
        load_pack(Path(path), dry_run=dry_run)
    except PackMistakes as refused:
        tell(refused.mistakes)
        return 1
    return 0


def diff(path: Path | str) -> int:
    """Print what loading the pack would change."""
    return load(path, dry_run=True)


def new(path: Path | str, code: str = "") -> int:
    """Write a small, commented pack that passes `check` and loads."""
    try:
        files = write_starter(Path(path), code)
    except FileExistsError:
        say(_("%(path)s 里已经有文件。换一个新文件夹。"), path=path, error=True)
        return 1
    except ValueError as error:
        raise ImproperlyConfigured(error) from None
    for file in files:
        print(f"  {file}")
    say(_("写好了。下一步：huying pack check %(path)s"), path=path)
    return 0


def tell(mistakes: list[Mistake]) -> None:
    """Every mistake with its place, in both languages."""
    for mistake in mistakes[:SHOWN_MISTAKES]:
        english, chinese = both(mistake.sentence)
        print(f"{mistake.file}:{mistake.line}: {english}", file=sys.stderr)
        if chinese != english:
            print(f"    {chinese}", file=sys.stderr)
    say(_("共 %(count)d 处错误。改好后再运行一次。"), count=len(mistakes), error=True)


def say(sentence: object, *, error: bool = False, **values: object) -> None:
    """One line in both languages."""
    english, chinese = both(sentence)
    line = english % values
    if chinese != english:
        line += f"  {chinese % values}"
    print(line, file=sys.stderr if error else sys.stdout)
