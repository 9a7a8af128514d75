"""The Mona Lisa, in the many ways in which people draw her in twenty seconds.

Her head is at (0, 0) and 1 unit is half its height; y grows downwards, and she reaches down to
about y = 5. A drawing is put together from independent choices: head, face, hair, body, hands,
then a frame around as much of it as the frame takes in, and what is behind and outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyforge.datasets.frames import frame
from tinyforge.datasets.strokes import Dice, Pen, Point, Stroke


@dataclass(frozen=True)
class Woman:
    """Half width and half height of the head, half width at the bottom, and how far down she goes.

    neck: where body begins. shift: how far the body leans to one side.
    """

    rx: float
    ry: float
    neck: float
    shoulder: float
    waist: float
    shift: float


def mona_lisa(dice: Dice) -> list[Stroke]:
    """One drawing."""
    pen = Pen(dice)
    woman = _woman(dice)
    framed = dice.chance(0.8)
    if framed and dice.chance(0.02):
        pass  # a frame with nothing in it yet
    elif dice.chance(0.12):
        _portrait(pen, woman)
    else:
        _figure(pen, woman)
    if framed or not pen.strokes:
        frame(pen)
    return pen.strokes


def _woman(dice: Dice) -> Woman:
    rx = dice.between(0.6, 1.05)
    shoulder = dice.between(0.9, 2.4)
    return Woman(
        rx=rx,
        ry=dice.between(0.85, 1.2),
        neck=1.0 + (dice.between(0.0, 0.7) if dice.chance(0.6) else 0.0),
        shoulder=shoulder,
        waist=dice.between(2.4, 5.2),
        shift=dice.between(-0.7, 0.7) if dice.chance(0.4) else 0.0,
    )


def _figure(pen: Pen, woman: Woman) -> None:
    dice = pen.dice
    hair = dice.pick(_HAIR)
    if hair is not _crown or dice.chance(0.7):
        _head(pen, woman)
    hair(pen, woman)
    if dice.chance(0.12):
        dice.pick(_HAIR)(pen, woman)
    if dice.chance(0.45):
        _face(pen, woman)
    body = dice.pick(_BODIES)
    body(pen, woman)
    if body is not _stick and dice.chance(0.4):
        dice.pick(_ARMS)(pen, woman)
    if dice.chance(0.12):
        _clothes(pen, woman)


def _portrait(pen: Pen, woman: Woman) -> None:
    """Nothing but the head, large, with a face."""
    _head(pen, woman)
    _face(pen, woman)
    pen.dice.pick(_HAIR)(pen, woman)
    if pen.dice.chance(0.3):
        x = woman.rx * 0.4
        for sign in (-1, 1):
            pen.line((sign * x, woman.ry), (sign * x, woman.ry + 0.6))


# --- head and face -------------------------------------------------------------------------------


def _head(pen: Pen, woman: Woman) -> None:
    dice = pen.dice
    kind = dice.pick({"loop": 62, "chin": 14, "none": 10, "solid": 6, "twice": 4, "box": 4})
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


def _face(pen: Pen, woman: Woman) -> None:
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
        pen.scribble(-woman.rx, -woman.ry * 1.3, woman.rx, low, dice.count(3, 7))
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
    from math import cos, pi, sin

    return woman.rx * scale * cos(2 * pi * turn), woman.ry * scale * sin(2 * pi * turn)


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
    _locks: 12,
    _mop: 8,
    _one_side: 7,
    _fringe: 5,
    _curls: 3,
}


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
    if dice.chance(0.6):
        dip = dice.between(0.4, 1.0)
        points = ((-s, y), (0.0, y + dip), (s, y))
        if dice.chance(0.5):
            pen.curve(*points)
        else:
            pen.line(*points)
    else:
        pen.scribble(-s, y, s, woman.waist, dice.count(4, 8))
