"""The one gate through which any text from outside enters C, INI or a path.

Layer names, file names and what the user calls his project are data. Each function here makes such
text harmless for one place, or refuses it where silently changing it would mislead.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from pathlib import PurePosixPath

from tinyforge.errors import ForgeError

# What C11 guarantees to be significant in an identifier.
MAX_IDENTIFIER = 63
MAX_COMMENT = 100
MAX_INI_VALUE = 1000
# Windows allows 260 characters with the folder the project lies in.
MAX_PATH = 150


def c_identifier(text: str, taken: Collection[str] = (), *, prefix: str = "x") -> str:
    """A name, valid and free in C and C++, that resembles the text: "my-model" gives x_my_model.

    The prefix is what makes it free: no keyword, no macro, no function of a C library, and none of
    the names that the standards (__x, _X, a__b) and we (forge_) reserve begin with x_, and a list
    of all those could never be complete. A prefix must have that property: one lower-case word.
    taken: names in use; the result is none of them (a-b and a_b give x_a_b and x_a_b_2).
    """
    words = re.sub("[^a-z0-9]+", "_", text.lower()).strip("_") or "unnamed"
    name = f"{prefix}_{words}"[:MAX_IDENTIFIER].rstrip("_")
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        suffix = f"_{number}"
        candidate = name[: MAX_IDENTIFIER - len(suffix)].rstrip("_") + suffix
    return candidate


def c_string(text: str) -> str:
    """A C string literal, quotes included, that holds the text's UTF-8 bytes.

    Everything but plain printable characters is a three-digit octal escape: hexadecimal ones would
    swallow digits that follow. So are question marks, which can begin a trigraph.
    """
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    body = "".join(
        chr(byte) if byte in plain else f"\\{byte:03o}"
        for byte in text.encode("utf-8", errors="replace")
    )
    return f'"{body}"'


def c_comment(text: str) -> str:
    """The text as it may stand inside a C comment, of either kind: one line of printable ASCII.

    It can neither end nor open a comment, nor continue a line. At most MAX_COMMENT characters.
    """
    line = re.sub(r"[^ -~]|[*\\?]", ".", text).replace("//", "/.")
    return line if len(line) <= MAX_COMMENT else line[: MAX_COMMENT - 3] + "..."


def c_float(value: float) -> str:
    """A C literal that reads back as exactly this value's float32. value: finite, also as such."""
    (single,) = struct.unpack("f", struct.pack("f", value))
    text = f"{single:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def ini_value(text: str, *, what: str) -> str:
    """The text, if PlatformIO reads it back from platformio.ini exactly as it is.

    what: what the text is ("the author"), for the error. ForgeError for anything that the file
    gives a meaning: more lines, comments, ${...} and %(...)s, and a leading !, which PlatformIO
    executes.
    """
    found = (
        _first(r"[^\x20-\U0010ffff]|[\x7f-\x9f\u2028\u2029\ud800-\udfff]", text)
        or _first(r"^\s|\s$", text)
        or _first(r"[$%`]", text)
        or _first(r"(?:^|[\s,])!", text)
        or _first(r"(?:^|\s)[#;]", text)
    )
    if found or len(text) > MAX_INI_VALUE:
        reason = f"holds {found!r}" if found else f"has more than {MAX_INI_VALUE} characters"
        raise ForgeError(
            f"{what} {reason}, which cannot stand in platformio.ini",
            where=_shortened(text),
            fix="use letters, digits, spaces and plain punctuation",
        )
    return text


_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\..*)?", re.IGNORECASE)


def safe_path(text: str) -> PurePosixPath:
    """A relative path that stays inside its folder, on every system.

    ForgeError for ../ and absolute paths, names that Windows cannot hold (CON, a trailing dot),
    characters outside letters, digits, space and ._+-, and more than MAX_PATH characters.
    """
    reason = ""
    if len(text) > MAX_PATH:
        reason = f"has more than {MAX_PATH} characters"
    for part in text.split("/"):
        if not re.fullmatch(r"[A-Za-z0-9._+ -]+", part):
            reason = reason or "has a part that is empty or holds special characters"
        elif part.startswith(("-", " ")) or part.endswith((".", " ")):
            reason = reason or "has a part that begins with - or a space, or ends with one or a dot"
        elif _DEVICE.fullmatch(part):
            reason = reason or "has a part that is the name of a device on Windows"
    if reason:
        raise ForgeError(
            f"the path {reason}",
            where=_shortened(text),
            fix="use a relative path of letters, digits and ._+- below the target folder",
        )
    return PurePosixPath(text)


def _first(pattern: str, text: str) -> str:
    """The first match in the text, or nothing."""
    match = re.search(pattern, text)
    return match.group() if match else ""


def _shortened(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= MAX_COMMENT else shown[:MAX_COMMENT] + "..."
