"""The prefix of a library: what all its names begin with, in place of this project's own."""

from __future__ import annotations

import re

from tinyforge.errors import ForgeError

# The longest name is then still one that C11 holds apart from all others.
_MAX_PREFIX = 24
_FIX = "give one with --prefix: a lower-case word such as kws"

# Names that headers have, <prefix>.h would hide them; and words that no name in C or C++ is.
_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn "
    "string strings tgmath threads time uchar unistd wchar wctype arduino"
)
_KEYWORDS = (
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl "
    "concept const consteval constexpr constinit const_cast continue co_await co_return "
    "co_yield decltype default delete do double dynamic_cast else enum explicit export extern "
    "false float for friend goto if inline int long mutable namespace new noexcept not not_eq "
    "nullptr operator or or_eq private protected public register reinterpret_cast requires "
    "restrict return short signed sizeof static static_assert static_cast struct switch "
    "template this thread_local throw true try typedef typeid typename typeof typeof_unqual "
    "union unsigned using virtual void volatile while xor xor_eq"
)
# What the emulator's side of a library is called.
_OURS = "forge"
_TAKEN = frozenset((*_HEADERS.split(), *_KEYWORDS.split(), _OURS))
# <stdint.h> has macros and types that begin so: INT8_MAX.
_INTEGER = re.compile(r"u?int(_least|_fast)?(8|16|32|64|max|ptr)?|size|ptrdiff|wint")


def checked_prefix(text: str) -> str:
    """The prefix, if names of C and C++, macros, files and CMake targets can begin with it.

    ForgeError for anything but a lower-case word of letters, digits and single underscores, for
    keywords, names of standard headers and types, and this project's own prefix.
    """
    problem = ""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", text):
        problem = "is no lower-case word of letters, digits and single underscores"
    elif len(text) > _MAX_PREFIX:
        problem = f"has more than {_MAX_PREFIX} characters"
    elif text in _TAKEN or _INTEGER.fullmatch(text):
        problem = "is taken, by C, C++ or tinyforge itself"
    if problem:
        raise ForgeError(f"the prefix {text[:60]!r} {problem}", fix=_FIX)
    return text


def prefix_of(model: str) -> str:
    """The prefix that a model's name, a file's, gives. ForgeError where it gives none."""
    words = re.sub("[^a-z0-9]+", "_", model.lower()).strip("_")
    try:
        return checked_prefix(words)
    except ForgeError as error:
        raise ForgeError(
            f"the model's name gives no prefix: {error.what}", where=repr(model[:60]), fix=_FIX
        ) from error
