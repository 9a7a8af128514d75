"""A source under other names: every identifier that begins with forge_, or FORGE_, anew.

Texts stay as they are, to the byte: labels and names of models are their owners'. So the code that
a compiler makes of it is the same but for names, which same_code.py looks at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<name>\b[A-Za-z_]\w*)""",
    re.DOTALL | re.VERBOSE,
)
_OURS = re.compile(r"\b(?:forge_|FORGE_)\w+")
# What a compiler reads aloud, and makes no code of.
_ADVICE = "run tinyforge generate"


@dataclass(frozen=True)
class Naming:
    """prefix: what names begin with. others: names that become another word altogether. files: what
    comments call a file by, and its name in the library."""

    prefix: str
    others: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def name(self, identifier: str) -> str:
        """An identifier's name in the library: its own, if it is none of ours."""
        if identifier in self.others:
            return self.others[identifier]
        head, _, rest = identifier.partition("_")
        words = {"forge": self.prefix, "FORGE": self.prefix.upper()}
        return f"{words[head]}_{rest}" if head in words and rest else identifier

    def source(self, text: str) -> str:
        """A C source or header."""
        text = text.replace(_ADVICE, "run tinyforge export")
        return _TOKEN.sub(self._token, text)

    def prose(self, text: str) -> str:
        """A comment, or any text that speaks of code."""
        text = text.replace("`tinyforge generate`", "`tinyforge export`")
        for file, name in self.files.items():
            text = re.sub(rf"(?<![\w.]){re.escape(file)}\b", name, text)
        return _OURS.sub(lambda found: self.name(found[0]), text)

    def _token(self, found: re.Match[str]) -> str:
        if found["comment"]:
            return self.prose(found[0])
        return self.name(found[0]) if found["name"] else found[0]
