"""What pruning and quantization-aware training did to accuracy, where that was measured.

curves.json is written by `python -m tests.bench.curves --write`; it says of which models.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from tinyforge.advice.record import Accuracy


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """lost: points of accuracy that int8 models lost by it, against the same int8 models without;
    one of each model."""

    lost: tuple[float, ...]


class Curves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """measured: the models and data, in words. command: what measures it. channels, blocks,
    unstructured: by share, "0.5". aware: quantization-aware training alone."""

    measured: tuple[str, ...]
    command: str
    channels: dict[str, Point]
    blocks: dict[str, Point]
    unstructured: dict[str, Point]
    aware: Point


@cache
def curves() -> Curves:
    content = (files("tinyforge.advice") / "curves.json").read_bytes()
    return msgspec.json.decode(content, type=Curves)


def accuracy(point: Point) -> Accuracy:
    return Accuracy(min(point.lost), max(point.lost), len(point.lost))
