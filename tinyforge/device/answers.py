"""What an application says on its console: lines, of which some are a classifier's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinyforge.report.wording import printable

# forge_answer.h: the class, or its number where classes have no names, and thousandths.
_ANSWER = re.compile(r"(?P<name>.+) (?P<score>-?\d+\.\d{3})")
_NUMBERED = re.compile(r"class \d+")

# A line that never ends is none.
_LONGEST = 4096


@dataclass(frozen=True)
class Said:
    """One line. answer, score: what it says where it is an answer; a score of 1 is certain."""

    text: str
    answer: str | None = None
    score: float | None = None


class Console:
    """Takes bytes off the line as they come. labels: the names of the classes, perhaps none."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = frozenset(map(printable, labels))
        self._begun = b""

    def feed(self, data: bytes) -> Iterator[Said]:
        """The lines that these bytes complete."""
        *ended, begun = (self._begun + data).split(b"\n")
        self._begun = begun[-_LONGEST:]
        for line in ended:
            text = printable(line.decode("utf-8", "replace").strip())
            if text:
                yield self._said(text)

    def _said(self, text: str) -> Said:
        found = _ANSWER.fullmatch(text)
        if found is None:
            return Said(text)
        name = found["name"]
        known = name in self._labels if self._labels else _NUMBERED.fullmatch(name) is not None
        return Said(text, name, float(found["score"])) if known else Said(text)
