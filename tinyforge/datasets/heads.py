"""Her head: its outline, the face and the hair.

The head is at (0, 0) and 1 unit is half its height; y grows downwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tinyforge.datasets.strokes import Dice, Pen, Point


@dataclass(frozen=True)
class Woman:
    """Her measures.

    rx, ry: half width and half height of the head. neck: y at which the body begins. shoulder: half
    width of the body. waist: y down to which she is drawn. shift: how far she leans to one side.
    """

    rx: float
    ry: float
    neck: float
    shoulder: float
    waist: float
    shift: float


def some_woman(dice: Dice, *, near: bool) -> Woman:
    """near: the head fills more of the drawing, as it does without a frame."""
    return Woman(
        rx=dice.between(0.65, 1.05),
        ry=dice.between(0.85, 1.2),
        neck=1.0 + (dice.between(0.0, 0.7) if dice.chance(0.6) else 0.0),
        shoulder=dice.between(0.9, 2.3),
        waist=dice.between(1.9, 4.0) if near and dice.chance(0.6) else dice.between(2.2, 5.0),
        shift=dice.between(-0.7, 0.7) if dice.chance(0.4) else 0.0,
    )


def head(pen: Pen, woman: Woman) -> None:
    """The head with its hair; long hair may stand for both."""
    dice = pen.dice
    hair = dice.pick(_HAIR)
    if hair not in (_crown, _parted) or dice.chance(0.8):
        _outline(pen, woman)
    hair(pen, woman)
    if dice.chance(0.1):
        dice.pick(_HAIR)(pen, woman)


def _outline(pen: Pen, woman: Woman) -> None:
    dice = pen.dice
    kind = dice.pick({"loop": 79, "chin": 13, "solid": 3, "twice": 4, "box": 1})
    rx, ry = woman.rx, woman.ry
    if kind in ("loop", "twice"):
        pen.loop(0.0, 0.0, rx, ry)
    if kind == "twice":
        pen.loop(0.0, 0.0, rx * dice.between(0.8, 1.1), ry * dice.between(0.8, 1.1))
    elif kind == "chin":
        pen.curve((-rx, -ry * 0.6), (-rx * 0.9, 0.2), (0.0, ry), (rx * 0.9, 0.2), (rx, -ry * 0.6))
    elif kind == "solid":
        pen.scribble(-rx, -ry, rx, ry, dice.count(4, 7))
    elif kind == "box":
        pen.line((-rx, -ry), (-rx, ry), (rx, ry), (rx, -ry), (-rx, -ry))


def face(pen: Pen, woman: Woman) -> None:
    """Eyes, nose, mouth; often not all of them."""
    dice = pen.dice
    x, y = woman.rx * dice.between(0.3, 0.5), -woman.ry * dice.between(0.05, 0.4)
    if dice.chance(0.85):
        eye = dice.pick({"dot": 5, "dash": 3, "ring": 2})
        size = dice.between(0.08, 0.18)
        for sign in (-1, 1):
            if eye == "dot":
                pen.dot(sign * x, y, 0.05)
            elif eye == "dash":
                pen.line((sign * x - size, y), (sign * x + size, y))
            else:
                pen.loop(sign * x, y, size, size * 0.7)
    if dice.chance(0.4):
        bottom = woman.ry * 0.3
        if dice.chance(0.5):
            pen.line((0.0, y), (0.0, bottom))
        else:
            pen.line((0.0, y), (-0.15, bottom), (0.1, bottom))
    if dice.chance(0.85):
        width, height = woman.rx * dice.between(0.3, 0.6), woman.ry * dice.between(0.45, 0.65)
        smile = dice.between(-0.05, 0.25)
        pen.curve((-width, height - smile), (0.0, height), (width, height - smile))


# --- hair ----------------------------------------------------------------------------------------


def _bald(pen: Pen, woman: Woman) -> None:
    """No hair at all."""


def _crown(pen: Pen, woman: Woman) -> None:
    """One line from one shoulder over the head to the other: the outline of long hair."""
    dice = pen.dice
    for k in range(1 + dice.chance(0.3)):
        gap = dice.between(0.1, 0.45) + 0.25 * k
        w, top = woman.rx + gap, -woman.ry - gap * dice.between(0.3, 1.0)
        flare = dice.between(0.9, 1.5)
        left, right = dice.between(0.6, 3.2), dice.between(0.6, 3.2)
        if dice.chance(0.6):
            right = left
        pen.curve(
            (-w * flare, left),
            (-w, 0.3),
            (-w * 0.75, -woman.ry * 0.7),
            (0.0, top),
            (w * 0.75, -woman.ry * 0.7),
            (w, 0.3),
            (w * flare, right),
        )


def _parted(pen: Pen, woman: Woman) -> None:
    """From the parting down each side, in one or more strands."""
    dice = pen.dice
    strands = dice.pick({1: 5, 2: 3, 3: 2, 5: 1})
    start = dice.between(-0.3, 0.3) if dice.chance(0.5) else 0.0
    wave = dice.between(0.1, 0.35) if dice.chance(0.2) else 0.0
    for sign in (-1, 1):
        length = dice.between(0.5, 3.4)
        for k in range(strands):
            w = woman.rx * (1.0 + 0.25 * k) * dice.between(0.8, 1.1)
            end = length * dice.between(0.8, 1.1)
            ys = [-woman.ry * 1.05, -woman.ry * 0.5, 0.3, 0.3 + (end - 0.3) / 2, end]
            xs = [
                start,
                sign * w * 0.8,
                sign * w,
                sign * (w * 1.05 + wave),
                sign * (w * 1.1 - wave),
            ]
            pen.curve(*zip(xs, ys, strict=True))


def _locks(pen: Pen, woman: Woman) -> None:
    """Each side scribbled up and down until it is full."""
    dice = pen.dice
    turns, end = dice.count(2, 6), dice.between(0.4, 3.0)
    inner, outer = woman.rx * dice.between(0.7, 1.0), woman.rx + dice.between(0.3, 0.9)
    sides = (-1, 1) if dice.chance(0.8) else (dice.sign(),)
    for sign in sides:
        xs = [inner + (outer - inner) * i / turns for i in range(turns)]
        tops = [(sign * x, -woman.ry * dice.between(0.3, 1.0)) for x in xs]
        ends = [(sign * (x + 0.1), end * dice.between(0.75, 1.0)) for x in xs]
        pen.zigzag(tops, ends, smooth=dice.chance(0.6))
    if dice.chance(0.6):
        pen.ellipse(0.0, 0.0, outer, woman.ry * dice.between(1.05, 1.3), turn=0.5, sweep=0.5)


def _mop(pen: Pen, woman: Woman) -> None:
    """A scribble over the top of the head, perhaps a thick one all around."""
    dice = pen.dice
    if dice.chance(0.6):
        low = -woman.ry * dice.between(0.2, 0.7)
        pen.scribble(-woman.rx, -woman.ry * 1.1, woman.rx, low, dice.count(3, 6))
    else:
        n = dice.count(7, 14)
        sweep = dice.between(0.5, 0.85)
        turns = [0.75 - sweep / 2 + sweep * i / n for i in range(n)]
        thick = dice.between(1.25, 1.7)
        pen.zigzag(
            [_at(woman, t, 0.95) for t in turns],
            [_at(woman, t + 0.03, thick) for t in turns],
            smooth=dice.chance(0.5),
        )


def _at(woman: Woman, turn: float, scale: float) -> Point:
    """A point around the head."""
    angle = 2 * math.pi * turn
    return woman.rx * scale * math.cos(angle), woman.ry * scale * math.sin(angle)


def _one_side(pen: Pen, woman: Woman) -> None:
    """Hair that falls to one side, several strands or one."""
    dice = pen.dice
    sign, length = dice.sign(), dice.between(0.8, 3.2)
    for k in range(dice.count(1, 4)):
        w = woman.rx * (0.9 + 0.22 * k)
        pen.curve(
            (-sign * woman.rx * 0.5, -woman.ry),
            (sign * w * 0.5, -woman.ry * 1.1),
            (sign * w, 0.0),
            (sign * w * 1.1, length * dice.between(0.8, 1.1)),
        )


def _fringe(pen: Pen, woman: Woman) -> None:
    """A line across the forehead, or a cap."""
    dice = pen.dice
    y = -woman.ry * dice.between(0.3, 0.7)
    pen.curve(
        (-woman.rx * 0.85, y + 0.2), (0.0, y - dice.between(-0.1, 0.3)), (woman.rx * 0.85, y + 0.2)
    )
    if dice.chance(0.4):
        pen.ellipse(0.0, 0.0, woman.rx * 1.15, woman.ry * 1.15, turn=0.5, sweep=0.5)


def _curls(pen: Pen, woman: Woman) -> None:
    """Small loops down both sides."""
    dice = pen.dice
    n, r = dice.count(3, 6), dice.between(0.2, 0.35)
    for sign in (-1, 1):
        points: list[Point] = []
        for i in range(n):
            x, y = sign * (woman.rx + r * 0.6), -woman.ry * 0.7 + i * r * 1.5
            points += [(x - r, y), (x, y - r), (x + r, y), (x, y + r)]
        pen.curve(*points)


_HAIR: dict[Callable[[Pen, Woman], None], float] = {
    _bald: 20,
    _crown: 22,
    _parted: 22,
    _locks: 10,
    _mop: 6,
    _one_side: 7,
    _fringe: 5,
    _curls: 3,
}
