"""The Mona Lisa, in the many ways in which people draw her in twenty seconds.

Her head is at (0, 0) and 1 unit is half its height; y grows downwards, and she reaches down to
about y = 5. A drawing is put together from independent choices: head, face, hair, body, hands,
then a frame around as much of it as the frame takes in, and what is behind and outside.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyforge.datasets.frames import frame
from tinyforge.datasets.heads import Woman, face, head, some_woman
from tinyforge.datasets.strokes import Dice, Pen, Point, Stroke


def mona_lisa(dice: Dice) -> list[Stroke]:
    """One drawing."""
    pen = Pen(dice)
    framed = dice.chance(0.74)
    woman = some_woman(dice, near=not framed)
    if dice.chance(0.1 if framed else 0.3):
        _portrait(pen, woman)
    else:
        _figure(pen, woman, face_likely=not framed)
    if framed:
        frame(pen)
    return pen.strokes


def _figure(pen: Pen, woman: Woman, *, face_likely: bool) -> None:
    """Head and body; the smaller she is drawn, the rarer a face."""
    dice = pen.dice
    head(pen, woman)
    if dice.chance(0.75 if face_likely else 0.4):
        face(pen, woman)
    body = dice.pick(_BODIES)
    body(pen, woman)
    if body is not _stick and dice.chance(0.4):
        dice.pick(_ARMS)(pen, woman)
    if dice.chance(0.1):
        _clothes(pen, woman)


def _portrait(pen: Pen, woman: Woman) -> None:
    """Nothing but the head, large, with a face."""
    head(pen, woman)
    face(pen, woman)
    if pen.dice.chance(0.3):
        x = woman.rx * 0.4
        for sign in (-1, 1):
            pen.line((sign * x, woman.ry), (sign * x, woman.ry + 0.6))


# --- body and hands ------------------------------------------------------------------------------


def _bell(pen: Pen, woman: Woman) -> None:
    """From the neck out to the shoulders and straight down, one line or two."""
    dice = pen.dice
    n, s, y = woman.rx * dice.between(0.15, 0.6), woman.shoulder, woman.neck
    drop = dice.between(0.3, 1.2)
    low = s * dice.between(0.9, 1.25)

    def half(sign: int) -> list[Point]:
        d = woman.shift
        return [
            (sign * n, min(y, woman.ry) - 0.15),
            (sign * n, y),
            (sign * s * 0.8 + d * 0.3, y + drop * 0.6),
            (sign * s + d * 0.6, y + drop * 1.4),
            (sign * low + d, woman.waist),
        ]

    left, right = half(-1), half(1)
    if dice.chance(0.5):
        left, right = left[1:], right[1:]
    if dice.chance(0.15):
        pen.curve(*left[::-1], *right)
        return
    pen.curve(*left)
    if dice.chance(0.95):
        pen.curve(*right)
    if dice.chance(0.2):
        pen.line(left[-1], right[-1])


def _slopes(pen: Pen, woman: Woman) -> None:
    """Two lines, straight or bowed, from head to bottom: a cone of a dress."""
    dice = pen.dice
    start, bow = woman.rx * dice.between(0.2, 0.9), dice.between(-0.3, 0.6)
    end = woman.shoulder * dice.between(0.8, 1.6)
    y = woman.ry * dice.between(0.6, 1.0)
    for sign in (-1, 1):
        middle = (sign * ((start + end) / 2 + bow), (y + woman.waist) / 2)
        pen.curve((sign * start, y), middle, (sign * end + woman.shift, woman.waist))
    if dice.chance(0.35):
        pen.line((-end + woman.shift, woman.waist), (end + woman.shift, woman.waist))


def _shoulders(pen: Pen, woman: Woman) -> None:
    """One arch under the head, shallow or deep."""
    dice = pen.dice
    height = dice.between(0.5, 1.0) * (woman.waist - woman.ry)
    bottom = woman.ry * 0.95 + height
    pen.ellipse(woman.shift * 0.5, bottom, woman.shoulder, height, turn=0.5, sweep=0.5)


def _oval(pen: Pen, woman: Woman) -> None:
    middle = (woman.ry + woman.waist) / 2
    pen.loop(woman.shift, middle, woman.shoulder * 0.7, (woman.waist - woman.ry) / 2)


def _hourglass(pen: Pen, woman: Woman) -> None:
    """Shoulders, a waist, hips."""
    dice = pen.dice
    s, y0, y1 = woman.shoulder * 0.8, woman.neck + 0.2, woman.waist
    nip = dice.between(0.4, 0.8)
    for sign in (-1, 1):
        pen.curve(
            (sign * 0.2, y0 - 0.2),
            (sign * s, y0 + 0.3),
            (sign * s * nip, (y0 + y1) / 2),
            (sign * s * dice.between(0.8, 1.3), y1),
        )


def _stick(pen: Pen, woman: Woman) -> None:
    """A line for the body, lines for arms, perhaps legs."""
    dice = pen.dice
    top, hip = woman.ry, woman.ry + dice.between(1.2, 2.4)
    pen.line((0.0, top), (woman.shift, hip))
    arm, reach = top + dice.between(0.2, 0.9), dice.between(0.6, 1.4)
    kind = dice.pick({"across": 3, "down": 3, "folded": 2, "none": 1})
    if kind == "across":
        pen.line((-reach, arm), (reach, arm + dice.between(-0.3, 0.3)))
    elif kind != "none":
        for sign in (-1, 1):
            inwards = -0.2 if kind == "folded" else 1.0
            pen.line((0.0, arm), (sign * reach, arm + 0.6), (sign * reach * inwards, arm + 1.0))
    if dice.chance(0.5):
        for sign in (-1, 1):
            pen.line((woman.shift, hip), (woman.shift + sign * reach * 0.7, hip + 1.4))


def _sitting(pen: Pen, woman: Woman) -> None:
    """One side straight, the other out to the lap: she sits turned to us."""
    dice = pen.dice
    sign = dice.sign()
    s, y = woman.shoulder, woman.neck
    pen.curve((-sign * 0.3, y), (-sign * s * 0.6, y + 0.5), (-sign * s * 0.7, woman.waist))
    pen.curve(
        (sign * 0.3, y),
        (sign * s * 0.6, y + 0.8),
        (sign * s * 0.8, y + 1.6),
        (sign * s * 1.4, woman.waist - 0.4),
        (0.0, woman.waist),
    )


def _no_body(pen: Pen, woman: Woman) -> None:
    """The head floats."""


_BODIES: dict[Callable[[Pen, Woman], None], float] = {
    _bell: 34,
    _slopes: 20,
    _shoulders: 14,
    _oval: 6,
    _hourglass: 6,
    _stick: 6,
    _sitting: 8,
    _no_body: 6,
}


def _folded_arms(pen: Pen, woman: Woman) -> None:
    """From both shoulders to the middle, crossing."""
    dice = pen.dice
    y = woman.waist * dice.between(0.6, 0.85)
    s = woman.shoulder * 0.9
    for sign in (-1, 1):
        pen.curve(
            (sign * s, y - 0.8), (sign * s * 0.8, y), (-sign * 0.4, y + dice.between(-0.2, 0.2))
        )


def _lap(pen: Pen, woman: Woman) -> None:
    """A loop across the belly: both forearms in one."""
    dice = pen.dice
    y = woman.waist * dice.between(0.65, 0.9)
    pen.loop(0.0, y, woman.shoulder * dice.between(0.5, 0.9), dice.between(0.2, 0.5))
    if dice.chance(0.4):
        pen.line((-0.3, y - 0.3), (0.3, y + 0.3))


def _hands(pen: Pen, woman: Woman) -> None:
    """Two small loops, or a scribble."""
    dice = pen.dice
    y = woman.waist * dice.between(0.65, 0.9)
    if dice.chance(0.4):
        pen.scribble(-0.6, y - 0.3, 0.6, y + 0.3, dice.count(3, 5))
        return
    for sign in (-1, 1):
        pen.loop(sign * dice.between(0.15, 0.5), y, 0.35, 0.25)


_ARMS: dict[Callable[[Pen, Woman], None], float] = {_folded_arms: 4, _lap: 3, _hands: 3}


def _clothes(pen: Pen, woman: Woman) -> None:
    """A neckline, or the dress scribbled dark."""
    dice = pen.dice
    s, y = woman.shoulder * 0.6, woman.neck + 0.4
    if dice.chance(0.8):
        dip = dice.between(0.4, 1.0)
        points = ((-s, y), (0.0, y + dip), (s, y))
        if dice.chance(0.5):
            pen.curve(*points)
        else:
            pen.line(*points)
    else:
        pen.scribble(-s, y, s, woman.waist, dice.count(4, 8))
