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
    pen.dice.pick(_TIPS)(pen, max(shape.top, 0.025) * pen.dice.between(0.8, 1.6))
    if shape.top > 0.02 and pen.dice.chance(0.7):
        pen.line((-shape.top, 0.0), (shape.top, 0.0))


def _bare(_pen: Pen, _half: float) -> None:
    """Nothing."""


def _antenna(pen: Pen, _half: float) -> None:
    pen.line((0.0, -pen.dice.between(0.05, 0.2)), (0.0, pen.dice.between(-0.02, 0.08)))


def _needle(pen: Pen, _half: float) -> None:
    pen.line((0.0, -pen.dice.between(0.2, 0.5)), (0.0, pen.dice.between(0.0, 0.1)))


def _cabin(pen: Pen, half: float) -> None:
    """A box, perhaps with an antenna."""
    height = pen.dice.between(0.05, 0.2)
    corners = [(-half, 0.0), (half, 0.0), (half, -height), (-half, -height)]
    pen.line(*corners, corners[0])
    if pen.dice.chance(0.5):
        pen.line((0.0, -height), (0.0, -height - pen.dice.between(0.05, 0.15)))


def _ball(pen: Pen, _half: float) -> None:
    r = pen.dice.between(0.025, 0.06)
    pen.loop(0.0, -r, r, r)
    if pen.dice.chance(0.4):
        pen.line((0.0, -2 * r), (0.0, -2 * r - pen.dice.between(0.05, 0.2)))


def _flag(pen: Pen, _half: float) -> None:
    height = pen.dice.between(0.05, 0.2)
    pen.line((0.0, 0.05), (0.0, -height * 1.5), (height, -height), (0.0, -height * 0.7))


def _cap(pen: Pen, half: float) -> None:
    """Pointed, with rounded flanks."""
    height = pen.dice.between(0.05, 0.2)
    for sign in (-1, 1):
        pen.curve((sign * half, 0.0), (sign * half * 0.8, -height / 2), (0.0, -height))


_TIPS: dict[Callable[[Pen, float], None], float] = {
    _bare: 42,
    _antenna: 33,
    _needle: 8,
    _cabin: 7,
    _ball: 6,
    _cap: 4,
    _flag: 3,
}


def _around(pen: Pen, shape: Silhouette) -> None:
    """Ground, grass, sun, clouds, trees: mostly nothing."""
    for draw, probability in _SURROUNDINGS.items():
        if pen.dice.chance(probability):
            draw(pen, shape.base)


def _ground(pen: Pen, base: float) -> None:
    dice = pen.dice
    reach, y = base * dice.between(1.05, 2.0), 1 + dice.between(-0.04, 0.04)
    pen.curve((-reach, y), (0.0, y + dice.between(-0.03, 0.03)), (reach, y))


def _plinth(pen: Pen, base: float) -> None:
    half, height = base * pen.dice.between(1.0, 1.4), pen.dice.between(0.05, 0.15)
    corners = [(-half, 1.0), (half, 1.0), (half, 1 + height), (-half, 1 + height)]
    pen.line(*corners, corners[0])


def _grass(pen: Pen, base: float) -> None:
    blades = [(-base * 1.3 + base * 0.26 * i, 1.0) for i in range(11)]
    pen.zigzag(blades, [(x + 0.03, y - 0.07) for x, y in blades], smooth=False)


def _sun(pen: Pen, _base: float) -> None:
    dice = pen.dice
    r = dice.between(0.05, 0.1)
    pen.loop(dice.sign() * dice.between(0.3, 0.5), dice.between(0.0, 0.3), r, r)


def _cloud(pen: Pen, _base: float) -> None:
    x, y = pen.dice.sign() * pen.dice.between(0.3, 0.5), pen.dice.between(0.05, 0.35)
    puffs = [(-0.13, 0.0), (-0.07, -0.07), (0.0, -0.02), (0.06, -0.08), (0.13, 0.0)]
    pen.curve(*((x + dx, y + dy) for dx, dy in puffs))


def _tree(pen: Pen, base: float) -> None:
    x = pen.dice.sign() * (base + pen.dice.between(0.08, 0.25))
    pen.line((x, 1.0), (x, 0.85))
    pen.loop(x, 0.8, 0.05, 0.06)


# How often each is there.
_SURROUNDINGS: dict[Callable[[Pen, float], None], float] = {
    _ground: 0.13,
    _plinth: 0.04,
    _grass: 0.03,
    _sun: 0.015,
    _cloud: 0.015,
    _tree: 0.015,
}
