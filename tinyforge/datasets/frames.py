"""Picture frames around a drawing, and what is behind and outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tinyforge.datasets.strokes import Dice, Pen, Point


@dataclass(frozen=True)
class Box:
    """Left, top, right, bottom."""

    x0: float
    y0: float
    x1: float
    y1: float

    def grown(self, by: float) -> Box:
        return Box(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    def corners(self) -> list[Point]:
        """Clockwise from the top left."""
        return [(self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1)]


def frame(pen: Pen) -> None:
    """Draws one to three frames around the strokes there are, now and then a background."""
    dice = pen.dice
    box = _around(pen)
    size = max(box.width, box.height)
    border = dice.pick(_BORDERS)
    gap = size * dice.between(0.07, 0.13)
    frames = dice.pick({1: 77, 2: 20, 3: 3})
    for k in range(frames):
        border(pen, box.grown(gap * k))
    outer = box.grown(gap * (frames - 1))
    if frames > 1 and border is not _oval:
        _ornaments(pen, box, outer)
    if dice.chance(0.1):
        _background(pen, box)
    if dice.chance(0.04):
        _outside(pen, outer)


def _around(pen: Pen) -> Box:
    """The frame's place: around the figure with margins, or through her where she is cut off."""
    dice = pen.dice
    xs = [x for s in pen.strokes for x, _ in s.points]
    ys = [y for s in pen.strokes for _, y in s.points]
    roomy = dice.pick({0.1: 4, 0.3: 3, 0.8: 1.5}) * max(max(xs) - min(xs), max(ys) - min(ys))
    box = Box(
        min(xs) - roomy * dice.between(0.1, 1.0),
        min(ys) - roomy * dice.between(0.1, 1.0),
        max(xs) + roomy * dice.between(0.1, 1.0),
        max(ys) + roomy * dice.between(0.1, 1.0),
    )
    if dice.chance(0.6):  # she is cut off by the lower edge
        box = replace(box, y1=max(ys) - (max(ys) - min(ys)) * dice.between(-0.03, 0.15))
    return _shaped(box, dice)


def _shaped(box: Box, dice: Dice) -> Box:
    """Widened or heightened towards how frames are: mostly a little higher than wide."""
    aspect = 2 ** (dice.between(-0.5, 0.3) + dice.between(-0.4, 0.3))
    left, top = dice.unit(), dice.between(0.3, 1.0)
    wider = max(0.0, box.height * aspect - box.width)
    higher = max(0.0, box.width / aspect - box.height) * 0.8
    return Box(
        box.x0 - wider * left,
        box.y0 - higher * top,
        box.x1 + wider * (1 - left),
        box.y1 + higher * (1 - top),
    )


def _drawn_through(pen: Pen, box: Box) -> None:
    """All four sides in one stroke, from any corner, either way round; perhaps a bit too far."""
    dice = pen.dice
    corners = box.corners() if dice.chance(0.5) else box.corners()[::-1]
    start = dice.count(0, 3)
    loop = corners[start:] + corners[:start]
    pen.line(*loop, loop[0])
    if dice.chance(0.4):
        pen.line(loop[0], _between(loop[0], loop[1], dice.between(0.02, 0.12)))


def _side_by_side(pen: Pen, box: Box) -> None:
    for p, q in _edges(box):
        pen.line(p, q)


def _one_side_missing(pen: Pen, box: Box) -> None:
    start = pen.dice.count(0, 3)
    pen.line(*(box.corners() * 2)[start : start + 4])


def _rounded(pen: Pen, box: Box) -> None:
    """A box without corners, between an ellipse and a rectangle."""
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    bulge = pen.dice.between(0.42, 0.53)  # an ellipse's is 0.35, a rectangle's 0.5
    dx, dy = box.width * bulge * 0.85, box.height * bulge * 0.9
    pen.curve(
        (x, box.y0),
        (x + dx, y - dy),
        (box.x1, y),
        (x + dx, y + dy),
        (x, box.y1),
        (x - dx, y + dy),
        (box.x0, y),
        (x - dx, y - dy),
        (x + box.width * 0.05, box.y0),
    )


def _oval(pen: Pen, box: Box) -> None:
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    pen.loop(x, y, box.width * 0.6, box.height * 0.6)


_BORDERS: dict[Callable[[Pen, Box], None], float] = {
    _drawn_through: 62,
    _side_by_side: 17,
    _rounded: 12,
    _one_side_missing: 6,
    _oval: 3,
}


def _ornaments(pen: Pen, inner: Box, outer: Box) -> None:
    """Mitred corners, or a pattern between two frames."""
    dice = pen.dice
    if dice.chance(0.15):
        for p, q in zip(inner.corners(), outer.corners(), strict=True):
            pen.line(p, q)
    if dice.chance(0.05):
        n = dice.count(5, 9)
        for (p, q), (r, s) in zip(_edges(inner), _edges(outer), strict=True):
            steps = [i / n for i in range(n + 1)]
            pen.zigzag(
                [_between(p, q, t) for t in steps],
                [_between(r, s, t) for t in steps],
                smooth=dice.chance(0.5),
            )


def _edges(box: Box) -> list[tuple[Point, Point]]:
    corners = box.corners()
    return list(zip(corners, corners[1:] + corners[:1], strict=True))


def _between(p: Point, q: Point, t: float) -> Point:
    return p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])


def _background(pen: Pen, box: Box) -> None:
    """A horizon, hills, or the ground scribbled dark."""
    dice = pen.dice
    kind = dice.pick({"horizon": 4, "hills": 3, "dark": 3})
    y = box.y0 + box.height * dice.between(0.3, 0.75)
    if kind == "horizon":
        pen.line((box.x0, y), (box.x1, y + dice.between(-0.3, 0.3)))
    elif kind == "hills":
        n = dice.count(3, 5)
        width = box.width / n
        pen.curve(*((box.x0 + width * i, y + dice.between(-0.5, 0.5)) for i in range(n + 1)))
    else:
        x = dice.between(box.x0, box.x1)
        pen.scribble(box.x0, box.y0, x, box.y1, dice.count(4, 8))


def _outside(pen: Pen, box: Box) -> None:
    """A hook, a label, a signature."""
    dice = pen.dice
    x, width = (box.x0 + box.x1) / 2, box.width
    if dice.chance(0.4):
        pen.line(
            (box.x0 + width * 0.2, box.y0),
            (x, box.y0 - width * 0.2),
            (box.x1 - width * 0.2, box.y0),
        )
    else:
        y = box.y1 + width * 0.15
        n = dice.count(4, 8)
        xs = [box.x0 + width * i / n for i in range(n)]
        pen.zigzag([(v, y) for v in xs], [(v, y + width * 0.12) for v in xs], smooth=True)
