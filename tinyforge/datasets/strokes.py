"""What a drawing is made of: strokes, the dice that vary them, and the pen that lays them down.

Coordinates are a drawing's own: x to the right, y downwards, any unit. The renderer scales every
drawing to its canvas and adds the shaky hand, so the shapes here are clean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

Point = tuple[float, float]
T = TypeVar("T")

_POOL = 8192


@dataclass(frozen=True)
class Stroke:
    """One movement of the pen through points: straight from each to the next, or smooth."""

    points: tuple[Point, ...]
    smooth: bool


class Dice:
    """Scalar choices from a NumPy generator.

    Numbers are drawn in blocks: one at a time, NumPy takes ten times as long, and a drawing needs
    a hundred of them.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._pool: list[float] = []

    def unit(self) -> float:
        """Uniform in [0, 1)."""
        if not self._pool:
            self._pool = self._rng.random(_POOL).tolist()
        return self._pool.pop()

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit()

    def count(self, low: int, high: int) -> int:
        """Uniform over low, ..., high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        return self.unit() < probability

    def sign(self) -> int:
        return 1 if self.unit() < 0.5 else -1

    def pick(self, weights: dict[T, float]) -> T:
        """One key, as likely as its weight says."""
        mark = self.unit() * sum(weights.values())
        for item, weight in weights.items():
            mark -= weight
            if mark < 0:
                return item
        return item


@dataclass
class Pen:
    """Lays down the strokes of one drawing."""

    dice: Dice
    strokes: list[Stroke] = field(default_factory=list)

    def line(self, *points: Point) -> None:
        """Straight from point to point."""
        self.strokes.append(Stroke(points, smooth=False))

    def curve(self, *points: Point) -> None:
        """Smooth through all points."""
        self.strokes.append(Stroke(points, smooth=True))

    def dot(self, x: float, y: float, size: float) -> None:
        """A dab: the pen goes down and hardly moves."""
        self.line((x, y), (x + size, y + size * self.dice.between(-1, 1)))

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, *, turn: float = 0.0, sweep: float = 1.0
    ) -> None:
        """Around the centre (x, y), beginning at turn, over sweep; both in full turns.

        Turn 0 is the right-hand side, 0.25 the bottom, 0.75 the top.
        """
        steps = max(4, round(10 * abs(sweep)))
        angles = [2 * math.pi * (turn + sweep * i / steps) for i in range(steps + 1)]
        self.curve(*((x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles))

    def loop(self, x: float, y: float, rx: float, ry: float) -> None:
        """An ellipse as people close it: begun anywhere, a bit short or a bit over."""
        sweep = self.dice.between(0.93, 1.1) * self.dice.sign()
        self.ellipse(x, y, rx, ry, turn=self.dice.between(0.55, 0.95), sweep=sweep)

    def zigzag(self, left: Sequence[Point], right: Sequence[Point], *, smooth: bool) -> None:
        """To and fro between two rows of points, in one stroke."""
        points = [p for pair in zip(left, right, strict=True) for p in pair]
        self.strokes.append(Stroke(tuple(points), smooth))

    def scribble(self, x0: float, y0: float, x1: float, y1: float, turns: int) -> None:
        """Fills a box by going to and fro; upright or level, whichever comes up."""
        along = self.dice.chance(0.5)
        first: list[Point] = []
        second: list[Point] = []
        for i in range(turns):
            a, b = (i + self.dice.unit() * 0.5) / turns, (i + 0.5 + self.dice.unit() * 0.5) / turns
            low, high = self.dice.between(0, 0.2), self.dice.between(0.8, 1)
            if along:
                first.append((x0 + (x1 - x0) * a, y0 + (y1 - y0) * low))
                second.append((x0 + (x1 - x0) * b, y0 + (y1 - y0) * high))
            else:
                first.append((x0 + (x1 - x0) * low, y0 + (y1 - y0) * a))
                second.append((x0 + (x1 - x0) * high, y0 + (y1 - y0) * b))
        self.zigzag(first, second, smooth=self.dice.chance(0.5))
