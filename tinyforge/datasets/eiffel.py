"""The Eiffel Tower, in the many ways in which people draw it in twenty seconds.

A tower is 1 unit high: y = 0 is the tip (the antenna goes above it), y = 1 the ground, x = 0 the
middle. A drawing is put together from independent choices: how the sides run, how they are drawn,
what crosses them, what fills them, what stands on top, below and around.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from tinyforge.datasets.strokes import Dice, Pen, Stroke
from tinyforge.datasets.tower import SIDES, Silhouette, hollow, ladder, platform, silhouette, tiers


def eiffel_tower(dice: Dice) -> list[Stroke]:
    """One drawing."""
    pen = Pen(dice)
    shape = silhouette(dice)
    how = dice.pick(SIDES)
    how(pen, shape)
    bars = _bars(pen, shape, how)
    _fill(pen, shape, bars)
    _bottom(pen, shape, how)
    _tip(pen, shape)
    _around(pen, shape)
    return pen.strokes


# --- what crosses and fills them -----------------------------------------------------------------


def _bars(pen: Pen, shape: Silhouette, how: Callable[[Pen, Silhouette], None]) -> list[float]:
    """Cross bars; returns their heights, the bands' borders."""
    dice = pen.dice
    n = dice.pick({0: 14, 1: 24, 2: 28, 3: 14, 4: 8, 5: 5, 6: 4, 8: 3})
    if how in (tiers, hollow, ladder):
        n //= 2
    low = 0.12 if n > 3 else dice.between(0.2, 0.5)
    heights = [low + (0.92 - low) * (i + dice.between(0.1, 0.9)) / max(n, 1) for i in range(n)]
    wide = dice.between(0.8, 1.15) if dice.chance(0.75) else dice.between(1.1, 1.7)
    box = dice.between(0.0, 0.7) if dice.chance(0.4) else 0.0
    for y in heights:
        half = max(shape.half(y), 0.03) * wide * dice.between(0.9, 1.1)
        platform(pen, half, y, box=dice.chance(box))
    return heights


def _fill(pen: Pen, shape: Silhouette, bars: list[float]) -> None:
    """Lattices and scribbles, in all the bands between the bars or in some."""
    dice = pen.dice
    kind = dice.pick(_FILLS)
    if kind is None:
        return
    levels = [0.05, *bars, 1.0]
    if dice.chance(0.5):  # an arch is left free at the bottom
        levels[-1] = max(dice.between(0.65, 0.9), levels[-2])
    share = dice.pick({1.0: 2, 0.5: 1})
    for y0, y1 in pairwise(levels):
        if y1 - y0 > 0.05 and dice.chance(share):
            kind(pen, shape, y0, y1)


def _cross(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    """One X, or several above each other."""
    n = pen.dice.count(1, max(1, round((y1 - y0) / 0.2)))
    for i in range(n):
        a, b = y0 + (y1 - y0) * i / n, y0 + (y1 - y0) * (i + 1) / n
        pen.line((-shape.half(a), a), (shape.half(b), b))
        pen.line((shape.half(a), a), (-shape.half(b), b))


def _zigzag(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    """From side to side on the way down."""
    n = pen.dice.count(2, max(2, round((y1 - y0) * 9)))
    ys = [y0 + (y1 - y0) * i / (2 * n - 1) for i in range(2 * n)]
    left = [(-shape.half(y), y) for y in ys[::2]]
    right = [(shape.half(y), y) for y in ys[1::2]]
    pen.zigzag(left, right, smooth=pen.dice.chance(0.3))


def _rungs(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    n = pen.dice.count(1, max(1, round((y1 - y0) * 8)))
    for i in range(n):
        y = y0 + (y1 - y0) * (i + 0.5) / n
        pen.line((-shape.half(y), y), (shape.half(y), y))


def _uprights(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    n = pen.dice.count(1, 3)
    for i in range(n):
        u = (2 * (i + 1) / (n + 1) - 1) * pen.dice.between(0.8, 1.2)
        pen.line((u * shape.half(y0), y0), (u * shape.half(y1), y1))


def _hatching(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    """Slanted lines, one way or both ways."""
    step = pen.dice.between(0.07, 0.16)
    slants = (1, -1) if pen.dice.chance(0.6) else (pen.dice.sign(),)
    for sign in slants:
        for y in np.arange(y0, y1, step).tolist():
            end = min(y + step * 1.3, 1.0)
            pen.line((-sign * shape.half(y), y), (sign * shape.half(end), end))


def _shade_legs(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    """Scribbles along one or both sides, so that the legs look solid."""
    dice = pen.dice
    n = max(3, round((y1 - y0) * dice.between(8, 20)))
    inner = dice.between(0.3, 0.75)
    for sign in (-1, 1) if dice.chance(0.7) else (dice.sign(),):
        ys = [y0 + (y1 - y0) * i / n for i in range(n)]
        outside = [(sign * shape.half(y), y) for y in ys]
        inside = [(sign * shape.half(y) * inner, y + 0.3 / n) for y in ys]
        pen.zigzag(outside, inside, smooth=dice.chance(0.5))


def _solid(pen: Pen, shape: Silhouette, y0: float, y1: float) -> None:
    n = max(3, round((y1 - y0) * pen.dice.between(12, 24)))
    ys = [y0 + (y1 - y0) * i / n for i in range(n)]
    left = [(-shape.half(y), y) for y in ys]
    right = [(shape.half(y), y + 0.5 / n) for y in ys]
    pen.zigzag(left, right, smooth=False)


_FILLS: dict[Callable[[Pen, Silhouette, float, float], None] | None, float] = {
    None: 42,
    _cross: 18,
    _zigzag: 9,
    _rungs: 8,
    _uprights: 6,
    _hatching: 7,
    _shade_legs: 6,
    _solid: 2,
}


# --- below, on top, around -----------------------------------------------------------------------


def _bottom(pen: Pen, shape: Silhouette, how: Callable[[Pen, Silhouette], None]) -> None:
    """What joins the feet, and the feet themselves."""
    dice = pen.dice
    if how is not hollow:
        kind = dice.pick({"open": 45, "arch": 30, "ground": 17, "point": 8})
        inner = shape.base * dice.between(0.45, 1.0)
        rise = dice.between(0.08, 0.35)
        if kind == "arch":
            for k in range(1 + dice.chance(0.2)):
                r = 1 - 0.25 * k
                pen.ellipse(0.0, 1.0, inner * r, rise * r, turn=0.5, sweep=0.5)
        elif kind == "point":
            pen.line((-inner, 1.0), (0.0, 1 - rise), (inner, 1.0))
        elif kind == "ground":
            pen.line((-shape.base, 1.0), (shape.base, 1.0))
    if dice.chance(0.15):
        size = dice.between(0.04, 0.12)
        for sign in (-1, 1):
            x = sign * shape.base
            if dice.chance(0.5):
                pen.line((x - size, 1.0), (x + size, 1.0))
            else:
                box = [(x - size, 1.0), (x + size, 1.0), (x + size, 1 + size), (x - size, 1 + size)]
                pen.line(*box, box[0])


def _tip(pen: Pen, shape: Silhouette) -> None:
    """The antenna, and what people put there instead."""
    dice = pen.dice
    kind = dice.pick(
        {"bare": 42, "line": 33, "needle": 8, "box": 7, "ball": 6, "flag": 3, "cap": 4}
    )
    height = dice.between(0.05, 0.2)
    width = max(shape.top, 0.025) * dice.between(0.8, 1.6)
    if kind == "line":
        pen.line((0.0, -height), (0.0, dice.between(-0.02, 0.08)))
    elif kind == "needle":
        pen.line((0.0, -dice.between(0.2, 0.5)), (0.0, dice.between(0.0, 0.1)))
    elif kind == "box":
        corner = [(-width, 0.0), (width, 0.0), (width, -height), (-width, -height)]
        pen.line(*corner, corner[0])
        if dice.chance(0.5):
            pen.line((0.0, -height), (0.0, -height - dice.between(0.05, 0.15)))
    elif kind == "ball":
        r = dice.between(0.025, 0.06)
        pen.loop(0.0, -r, r, r)
        if dice.chance(0.4):
            pen.line((0.0, -2 * r), (0.0, -2 * r - height))
    elif kind == "flag":
        pen.line((0.0, 0.05), (0.0, -height * 1.5), (height, -height), (0.0, -height * 0.7))
    elif kind == "cap":
        pen.curve((-width, 0.0), (-width * 0.8, -height / 2), (0.0, -height))
        pen.curve((width, 0.0), (width * 0.8, -height / 2), (0.0, -height))
    if shape.top > 0.02 and dice.chance(0.7):
        pen.line((-shape.top, 0.0), (shape.top, 0.0))


def _around(pen: Pen, shape: Silhouette) -> None:
    """Ground, grass, sun, clouds, trees, people: mostly nothing."""
    dice = pen.dice
    if dice.chance(0.13):
        reach = shape.base * dice.between(1.05, 2.0)
        y = 1 + dice.between(-0.04, 0.04)
        pen.curve((-reach, y), (0.0, y + dice.between(-0.03, 0.03)), (reach, y))
    if dice.chance(0.04):
        base, height = shape.base * dice.between(1.0, 1.4), dice.between(0.05, 0.15)
        box = [(-base, 1.0), (base, 1.0), (base, 1 + height), (-base, 1 + height)]
        pen.line(*box, box[0])
    if dice.chance(0.03):
        blades = [(-shape.base * 1.3 + shape.base * 0.26 * i, 1.0) for i in range(11)]
        pen.zigzag(blades, [(x + 0.03, y - 0.07) for x, y in blades], smooth=False)
    if dice.chance(0.015):
        x = dice.sign() * dice.between(0.3, 0.5)
        y, r = dice.between(0.0, 0.3), dice.between(0.05, 0.1)
        pen.loop(x, y, r, r)
    if dice.chance(0.015):
        x, y = dice.sign() * dice.between(0.3, 0.5), dice.between(0.05, 0.35)
        pen.curve(
            (x - 0.13, y), (x - 0.07, y - 0.07), (x, y - 0.02), (x + 0.06, y - 0.08), (x + 0.13, y)
        )
    if dice.chance(0.015):
        x = dice.sign() * (shape.base + dice.between(0.08, 0.25))
        pen.line((x, 1.0), (x, 0.85))
        pen.loop(x, 0.8, 0.05, 0.06)
