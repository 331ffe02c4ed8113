"""What people write in the demonstration: the pack's own sentences, with their slots filled."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huying.core.yaml_files import read_yaml

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Words:
    """One report or answer as the pack has it."""

    topic: str
    words: str
    title: str = ""
    channels: tuple[str, ...] = ()
    weight: int = 1
    measure: str = ""
    cause: str = ""

    @property
    def slots(self) -> set[str]:
        return set(_SLOT.findall(self.title + self.words))


@dataclass(frozen=True)
class Remark:
    """What somebody says about a step; `said` is whether a check passed, or what a callback answered."""

    words: str
    said: Any = None


class Texts:
    """All texts of a pack's demonstration."""

    def __init__(self, folder: Path, roots: Mapping[str, str]) -> None:
        """`roots` names each topic's large topic: an answer for the large one serves its small ones."""
        self._roots = roots
        self._reports: dict[str, list[Words]] = defaultdict(list)
        self._answers: dict[str, list[Words]] = defaultdict(list)
        self._remarks: dict[tuple[str, str], list[Remark]] = defaultdict(list)
        self._sizes: dict[str, dict[str, int]] = {}
        self.fill: dict[str, Any] = {}
        for file in sorted((folder / "texts").glob("*.yaml")):
            self._read(read_yaml(file))

    def _read(self, document: Mapping[str, Any]) -> None:
        self.fill |= document.get("fill", {})
        for row in document.get("reports", ()):
            self._reports[row["topic"]].append(
                Words(
                    row["topic"], row["words"], row["title"], tuple(row.get("channel", ())), int(row.get("weight", 1))
                )
            )  # fmt: skip
        for row in document.get("answers", ()):
            self._answers[row["topic"]].append(
                Words(row["topic"], row["words"], measure=row.get("measure", ""), cause=row.get("cause", ""))
            )
        for kind in ("checks", "callbacks", "returns", "extensions", "declines", "reopens"):
            for row in document.get(kind, ()):
                said = row.get("passed", row.get("answer"))
                self._remarks[kind, row["topic"]].append(Remark(row["words"], said))

    def topics(self, channel: str = "") -> dict[str, int]:
        """Topics that have reports (for this channel), with their weight."""
        if channel in self._sizes:
            return self._sizes[channel]
        found = {
            topic: sum(words.weight for words in reports if not channel or channel in words.channels)
            for topic, reports in self._reports.items()
        }
        self._sizes[channel] = {topic: weight for topic, weight in found.items() if weight}
        return self._sizes[channel]

    def report(self, draw: random.Random, topic: str, channel: str) -> Words:
        """A report about the topic, in the manner of the channel where there is one."""
        among = self._reports.get(topic) or [w for t in self._family(topic) for w in self._reports.get(t, ())]
        spoken = [words for words in among if channel in words.channels] or among
        return draw.choices(spoken, [words.weight for words in spoken])[0]

    def answer(self, draw: random.Random, topic: str) -> Words:
        """What was done about a topic; of its family where it has no answer of its own."""
        among = self._answers.get(topic) or [w for t in self._family(topic) for w in self._answers.get(t, ())]
        return draw.choice(among)

    def remark(self, draw: random.Random, kind: str, topic: str, said: Any = None) -> str:
        """What somebody says about a topic: half of the time something that fits only this one."""
        root = self._roots.get(topic, topic)
        own = [r for t in dict.fromkeys((topic, root)) for r in self._remarks[kind, t] if r.said == said]
        general = [r for r in self._remarks[kind, "any"] if r.said == said]
        among: Sequence[Remark] = own if own and (not general or draw.random() < 0.5) else general
        return draw.choice(among).words

    def _family(self, topic: str) -> list[str]:
        root = self._roots.get(topic, topic)
        return [each for each, its_root in self._roots.items() if its_root == root]

    def filled(self, draw: random.Random, text: str, place: Mapping[str, str]) -> str:
        """The text with its slots filled: from the place, else from the pack's lists and ranges."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in place:
                return place[name]
            rule = self.fill[name]
            if "range" in rule:
                return str(draw.randint(*rule["range"]))
            return str(draw.choice(rule["list"]))

        return _SLOT.sub(value, text)
