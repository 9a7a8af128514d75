"""Numbers and names as people read them: the same words in the terminal and in the browser.

Everything here returns printable text, ASCII unless a name from outside is not.
"""

from __future__ import annotations

_KIB = 1024
_MIB = 1024 * 1024


def count(value: int) -> str:
    """1234567 to "1,234,567"."""
    return f"{value:,}"


def about(value: int) -> str:
    """An estimate, to three digits: 1234567 to "1.23 M", 98765 to "98.8 k"; 951 stays."""
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if value >= size:
            scaled = value / size
            digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{scaled:,.{digits}f} {unit}"
    return str(value)


def nbytes(value: int) -> str:
    """1234567 to "1,234,567 B": exact, because a byte decides whether firmware fits."""
    return f"{value:,} B"


def capacity(value: int) -> str:
    """A memory's size: "256 KiB", "1 MiB"; bytes where it is neither."""
    if value and value % _MIB == 0:
        return f"{value // _MIB:,} MiB"
    if value and value % _KIB == 0:
        return f"{value // _KIB:,} KiB"
    return nbytes(value)


def percent(share: float, digits: int = 1) -> str:
    """0.987 to "98.7 %". Only exactly 1 is 100 %: 0.9999 is 99.9 %, 1.0001 is 100.1 %."""
    rounded, step = round(share * 100, digits), 10.0**-digits
    if rounded == 100 and share != 1:
        rounded += step if share > 1 else -step
    return f"{rounded:.{digits}f} %"


def points(value: float) -> str:
    """More or fewer points of accuracy: "+0.3", "-1.2", "0.0"."""
    rounded = round(value, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def times(ratio: float) -> str:
    """3.46 to "3.5 times"."""
    return f"{ratio:.1f} times"


def per(numerator: int | None, denominator: int) -> str:
    """A quotient with two decimals, or "" where there is none to give."""
    return f"{numerator / denominator:.2f}" if numerator is not None and denominator else ""


def removed(constant: int, unread: int, of: int, weight_bytes: int, macs: int) -> str:
    """What was removed of a model's channels, and what went with it."""
    first = f"{constant:,} of {of:,} channels cannot vary"
    if not constant:
        first = f"{unread:,} of {of:,} channels are read by nobody"
    elif unread:
        first += f", {unread:,} more are read by nobody"
    return f"{first}: removed, exactly, with {nbytes(weight_bytes)} of weights and {macs:,} MACs"


def within(layer: int) -> str:
    """What stands for the figures of a layer that runs within another."""
    return f"in {layer}"


def shape(dims: tuple[int, ...]) -> str:
    """(1, 26, 26, 12) to "26x26x12": the batch, always 1, is left out."""
    return "x".join(str(d) for d in (dims[1:] or dims)) or "scalar"


def plural(number: int, noun: str) -> str:
    """1, "layer" to "1 layer"; 7, "layer" to "7 layers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str) -> str:
    """Text from a model or a file, with what could steer a terminal or break UTF-8 replaced."""
    return "".join(c if c.isprintable() else "?" for c in text)


def short_name(name: str) -> str:
    """A tensor name's telling part: "model/conv2d_1/Relu;model/bias..." to "conv2d_1/Relu"."""
    return "/".join(printable(name).split(";")[0].split("/")[-2:])
