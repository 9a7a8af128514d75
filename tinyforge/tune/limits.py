"""What a model may take on the board, and how right it must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from tinyforge.errors import ForgeError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}
_NAMES = ("ram", "flash", "ms")
_LEAST = 0.01  # of what is left to 1, that a lack of accuracy is a share of


class Cost(msgspec.Struct, frozen=True):
    """What firmware takes, measured. flash, ram: bytes of all of it. instructions, cycles, ms: of
    one inference; ms at the most. None: not known of this board."""

    flash: int
    ram: int
    instructions: int | None
    cycles: int | None
    ms: float | None


@dataclass(frozen=True)
class Limits:
    """The most, in bytes and in milliseconds of an inference, and the least accuracy; None: any."""

    ram: int | None = None
    flash: int | None = None
    ms: float | None = None
    accuracy: float | None = None

    @property
    def on_device(self) -> tuple[str, ...]:
        """The names of those that the board's figures are held against."""
        return tuple(name for name in _NAMES if getattr(self, name) is not None)

    def over(self, cost: Cost, room: float = 1.0) -> dict[str, float]:
        """By what share of itself each limit, times room, is exceeded; only those that are."""
        found = {}
        for name in self.on_device:
            limit, used = getattr(self, name) * room, getattr(cost, name)
            if used is None:
                raise ForgeError(
                    "nothing is known of this board's time, but the budget limits it",
                    fix="leave ms out of the budget, or use --machine unicorn",
                )
            if used > limit:
                found[name] = used / limit - 1
        return found

    def lacking(self, score: float) -> float:
        """How far a score is below the least, as a share of what that is below 1; 0: it is not."""
        if self.accuracy is None or score >= self.accuracy:
            return 0.0
        return (self.accuracy - score) / max(_LEAST, 1 - self.accuracy)


def limits(budget: str | None, accuracy: float | None) -> Limits:
    """From the command line: "ram=64K,flash=256K,ms=20", in any order, each at most once; K and M
    are 1,024 and 1,048,576 bytes. accuracy: from 0 to 1. ForgeError for anything else."""
    if accuracy is not None and not 0 < accuracy <= 1:
        raise ForgeError(
            f"an accuracy of {accuracy} cannot be wanted",
            where="--min-accuracy",
            fix="a share of 1, e.g. --min-accuracy 0.97",
        )
    found: dict[str, Any] = {}
    for part in (budget or "").split(",") if budget is not None else ():
        name, _, text = part.strip().partition("=")
        value = _value(name, text)
        if value is None or name in found:
            raise ForgeError(
                f"{part.strip()!r:.80} is no limit" if value is None else f"two limits of {name}",
                where="--budget",
                fix="e.g. --budget ram=64K,flash=256K,ms=20",
            )
        found[name] = value
    return Limits(**found, accuracy=accuracy)


def _value(name: str, text: str) -> float | None:
    if name == "ms":
        number = re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII)
        return float(text) or None if number else None
    size = re.fullmatch(r"(\d+)([KM]?)", text, re.ASCII)
    if name not in _NAMES or size is None:
        return None
    return int(size[1]) * _UNITS[size[2]] or None
