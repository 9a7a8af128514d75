"""A tower's silhouette, and the ways in which people draw its two sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from tinyforge.datasets.strokes import Dice, Pen, Point


@dataclass(frozen=True)
class Silhouette:
    """Half the tower's width runs from top (y = 0) to base (y = 1) as y**bend.

    bend 1 is a triangle, 2 to 5 the real tower's curve, below 1 a bullet.
    """

    top: float
    base: float
    bend: float

    @property
    def straight(self) -> bool:
        return 0.85 < self.bend < 1.2

    def half(self, y: float) -> float:
        grown: float = max(y, 0.0) ** self.bend
        return self.top + (self.base - self.top) * grown

    def side(self, sign: int, y0: float, y1: float, steps: int = 5) -> list[Point]:
        """Points down one side from y0 to y1; sign -1 is the left."""
        ys = [y0 + (y1 - y0) * i / steps for i in range(steps + 1)]
        return [(sign * self.half(y), y) for y in ys]


def silhouette(dice: Dice) -> Silhouette:
    base = dice.between(0.2, 0.46) if dice.chance(0.75) else dice.between(0.4, 0.65)
    kind = dice.pick({"straight": 32, "curved": 41, "flared": 13, "bullet": 14})
    bend = {
        "straight": dice.between(0.9, 1.15),
        "curved": dice.between(1.2, 2.6),
        "flared": dice.between(2.6, 7.0),
        "bullet": dice.between(0.4, 0.8),
    }[kind]
    top = dice.between(0.0, 0.03) if dice.chance(0.6) else dice.between(0.02, 0.11)
    if kind == "flared":
        top += dice.between(0.0, 0.08)
    return Silhouette(top, max(base, top * 1.6), bend)


def platform(pen: Pen, half: float, y: float, *, box: bool) -> None:
    """A platform at y: a line, or a flat box."""
    if not box:
        sag = pen.dice.between(-0.02, 0.02)
        pen.curve((-half, y), (0.0, y + sag), (half, y))
        return
    height = pen.dice.between(0.02, 0.07)
    a, b = (-half, y - height / 2), (half, y + height / 2)
    pen.line(a, (b[0], a[1]), b, (a[0], b[1]), a)


def _lay(pen: Pen, shape: Silhouette, points: list[Point]) -> None:
    """A side is smooth if it bends, and now and then drawn upwards."""
    if pen.dice.chance(0.3):
        points = points[::-1]
    if not shape.straight or pen.dice.chance(0.3):
        pen.curve(*points)
    else:
        pen.line(points[0], points[-1])


def apart(pen: Pen, shape: Silhouette) -> None:
    """Left side, right side; they meet, miss or cross at the top; one may be shorter."""
    meet = pen.dice.between(-0.02, 0.06)
    for sign in (-1, 1):
        start = meet if pen.dice.chance(0.7) else pen.dice.between(-0.03, 0.12)
        end = 1.0 if pen.dice.chance(0.8) else pen.dice.between(0.85, 1.05)
        _lay(pen, shape, shape.side(sign, max(start, 0.0), end))


def over(pen: Pen, shape: Silhouette) -> None:
    """Up one side and down the other, without lifting the pen; perhaps back along the ground."""
    points = shape.side(-1, 1.0, 0.0) + shape.side(1, 0.0, 1.0)
    if shape.top < 0.015:
        del points[6]
    closed = pen.dice.chance(0.35)
    if not shape.straight:
        pen.curve(*points)
        if closed:
            pen.line(points[-1], points[0])
    else:
        ends = [points[0], points[5], points[6], points[-1]]
        pen.line(*ends, *([points[0]] if closed else []))


def hollow(pen: Pen, shape: Silhouette) -> None:
    """Legs as hollow shapes: outside down, the foot, inside up to the fork and down again."""
    dice = pen.dice
    fork = dice.between(0.12, 0.85)
    foot = shape.base * dice.between(0.2, 0.7)
    inner = Silhouette(0.0, shape.base - foot, dice.pick({0.5: 2, 1.0: 3, 1.6: 2, 2.5: 1}))

    def inside(sign: int) -> list[Point]:
        ts = [0.0, 0.25, 0.5, 0.75, 1.0]
        return [(sign * inner.half(t), fork + (1 - fork) * t) for t in ts]

    draw = pen.curve if dice.chance(0.6) else pen.line
    kind = dice.pick({"outline": 40, "loops": 25, "one leg": 10, "lines": 25})
    if kind == "outline":  # in one stroke, like a star ship
        sides = shape.side(-1, 0.0, 1.0), shape.side(1, 1.0, 0.0)
        draw(*sides[0], *inside(-1)[::-1], *inside(1)[1:], *sides[1])
    elif kind in ("loops", "one leg"):
        thick = dice.sign()
        for sign in (-1, 1):
            if kind == "loops" or sign == thick:
                draw(*shape.side(sign, 0.0, 1.0), *inside(sign)[::-1])
            else:
                _lay(pen, shape, shape.side(sign, 0.0, 1.0))
        if dice.chance(0.3):
            pen.line((0.0, fork), (0.0, 0.0))
    else:
        for sign in (-1, 1):
            _lay(pen, shape, shape.side(sign, 0.0, 1.0))
            if dice.chance(0.75):
                pen.line(inside(sign)[-1], (sign * shape.base, 1.0))
        draw(*inside(-1)[::-1], *inside(1)[1:])
    if dice.chance(0.25):  # rungs between the legs
        for (x, y), (u, v) in list(zip(inside(-1), inside(1), strict=True))[1 : dice.count(2, 4)]:
            pen.line((x, y), (u, v))


def stem(pen: Pen, shape: Silhouette) -> None:
    """One line from the tip down to the fork, two legs from there."""
    dice = pen.dice
    fork = dice.between(0.25, 0.75)
    legs = dice.between(0.9, 2.2)
    pen.line((0.0, 0.0), (0.0, fork))
    if dice.chance(0.35):
        pen.line((dice.between(0.02, 0.06), 0.0), (dice.between(0.0, 0.04), fork))

    def leg(sign: int) -> list[Point]:
        ts = [0.0, 0.33, 0.67, 1.0]
        return [(sign * shape.base * t**legs, fork + (1 - fork) * t) for t in ts]

    if dice.chance(0.4):
        pen.curve(*leg(-1)[::-1], *leg(1)[1:])
    else:
        pen.curve(*leg(-1))
        pen.curve(*leg(1))


def tiers(pen: Pen, shape: Silhouette) -> None:
    """Storeys: each narrower than the platform it stands on, platforms drawn as lines or boxes."""
    dice = pen.dice
    levels = [0.0, dice.between(0.25, 0.55), dice.between(0.6, 0.8), 1.0]
    if dice.chance(0.35):
        del levels[2]
    for y0, y1 in pairwise(levels):
        shrink = dice.between(0.7, 1.0)
        top, bottom = shape.half(y0) * shrink, shape.half(y1) * dice.between(0.8, 1.0)
        pen.line((-top, y0), (-bottom, y1))
        pen.line((top, y0), (bottom, y1))
        if y1 < 1:
            platform(pen, shape.half(y1) * dice.between(1.0, 1.35), y1, box=dice.chance(0.5))


def ladder(pen: Pen, shape: Silhouette) -> None:
    """An upright shaft of even width with rungs, on legs that spread at the foot."""
    dice = pen.dice
    half, knee = dice.between(0.06, 0.19), dice.between(0.5, 0.85)
    spread = max(shape.base * dice.between(0.7, 1.0), half * 1.4)
    for sign in (-1, 1):
        points = [(sign * half, 0.0), (sign * half, knee), (sign * spread, 1.0)]
        if dice.chance(0.6):
            pen.line(*points)
        else:
            pen.curve(*points)
    rungs = dice.count(1, 6)
    step = knee * dice.between(0.4, 1.0) / rungs
    for i in range(rungs):
        pen.line((-half, step * i), (half, step * i))


def cut_off(pen: Pen, shape: Silhouette) -> None:
    """Only the lower part, open or capped at the top."""
    dice = pen.dice
    start = dice.between(0.2, 0.5)
    for sign in (-1, 1):
        _lay(pen, shape, shape.side(sign, start + dice.between(-0.05, 0.05), 1.0))
    if dice.chance(0.5):
        pen.line((-shape.half(start), start), (shape.half(start), start))


def nested(pen: Pen, shape: Silhouette) -> None:
    """An A within an A, the inner one perhaps with rungs."""
    dice = pen.dice
    apart(pen, shape)
    sizes = [dice.between(0.35, 0.8), dice.between(0.1, 0.35)]
    for size in sizes if dice.chance(0.3) else sizes[:1]:
        start = (1 - size) * dice.between(0.2, 0.9)
        left = [(x * size, start + y * (1 - start)) for x, y in shape.side(-1, 1.0, 0.0)]
        right = [(-x, y) for x, y in reversed(left)]
        if dice.chance(0.5):
            pen.curve(*left, *right)
        else:
            pen.line(left[0], left[-1], right[0], right[-1])
    if dice.chance(0.4):
        for (x, y), (u, v) in zip(left, reversed(right), strict=True):
            pen.line((x, y), (u, v))


SIDES: dict[Callable[[Pen, Silhouette], None], float] = {
    apart: 30,
    over: 20,
    hollow: 20,
    stem: 7,
    tiers: 11,
    ladder: 8,
    cut_off: 4,
    nested: 8,
}
