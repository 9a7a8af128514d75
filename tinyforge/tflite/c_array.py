"""A model's bytes as a C array, and back: the proof that what is compiled is what was verified."""

from __future__ import annotations

import re

from tinyforge.errors import ForgeError

_PER_LINE = 12

_HEADER = """\
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif

extern const unsigned char {symbol}[{size}];
extern const unsigned int {symbol}_len;

#ifdef __cplusplus
}}
#endif

#endif
"""

# The declarations give the constants external linkage in C++, where const alone denies it.
_SOURCE = """\
#ifdef __cplusplus
extern "C" {{
#else
#include <stdalign.h>
#endif

extern const unsigned char {symbol}[{size}];
extern const unsigned int {symbol}_len;

alignas(16) const unsigned char {symbol}[{size}] = {{
{rows}
}};
const unsigned int {symbol}_len = {size};

#ifdef __cplusplus
}}
#endif
"""

_DEFINITION = re.compile(
    r"^alignas\(16\) const unsigned char ([A-Za-z_]\w*)\[\d+\] = \{\n(.*?)\n\};$",
    re.DOTALL | re.MULTILINE | re.ASCII,
)


def c_array(data: bytes, symbol: str) -> str:
    """C11 and C++ source that defines `symbol`, 16-byte aligned, and `symbol_len`.

    data: at least one byte. symbol: a valid C identifier.
    """
    assert data
    assert re.fullmatch(r"[A-Za-z_]\w*", symbol, re.ASCII)
    literals = [f"0x{byte:02x}," for byte in data]
    rows = (
        "  " + " ".join(literals[start : start + _PER_LINE])
        for start in range(0, len(literals), _PER_LINE)
    )
    return _SOURCE.format(symbol=symbol, size=len(data), rows="\n".join(rows))


def c_array_header(symbol: str, size: int) -> str:
    """A header, for C and C++, that declares what c_array() defines for size bytes."""
    return _HEADER.format(symbol=symbol, size=size, guard=f"{symbol.upper()}_H")


def parse_c_array(text: str) -> bytes:
    """The bytes that a source made by c_array() defines.

    ForgeError if a single character differs from what c_array() writes for these bytes.
    """
    definition = _DEFINITION.search(text)
    if definition:
        symbol, rows = definition.groups()
        data = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2}),", rows))
        if data and c_array(data, symbol) == text:
            return data
    raise ForgeError(
        "the C array of the model is not as it was generated",
        fix="generate the project again, and do not edit the array",
    )
