"""Picture frames around a drawing, and what is behind and outside."""

from __future__ import annotations

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
    """Draws one to three frames around what is drawn so far, now and then a background."""
    dice = pen.dice
    box = _around(pen)
    size = max(box.width, box.height)
    kind = dice.pick({"box": 62, "round": 12, "oval": 3, "sides": 17, "open": 6})
    gap = size * dice.between(0.07, 0.13)
    frames = dice.pick({1: 77, 2: 20, 3: 3})
    for k in range(frames):
        _border(pen, box.grown(gap * k), kind)
    outer = box.grown(gap * (frames - 1))
    if frames > 1 and kind != "oval":
        _ornaments(pen, box, outer)
    if dice.chance(0.1):
        _background(pen, box)
    if dice.chance(0.04):
        _outside(pen, outer)


def _around(pen: Pen) -> Box:
    """The frame's place: around the figure with margins, or through her where she is cut off."""
    dice = pen.dice
    xs = [x for s in pen.strokes for x, _ in s.points] or [-1.0, 1.0]
    ys = [y for s in pen.strokes for _, y in s.points] or [-1.0, 2.0]
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


def _border(pen: Pen, box: Box, kind: str) -> None:
    dice = pen.dice
    a, b, c, d = box.corners()
    width, height = box.width, box.height
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    if kind == "box":
        start = dice.count(0, 3)
        loop = [a, b, c, d] if dice.chance(0.5) else [a, d, c, b]
        loop = loop[start:] + loop[:start]
        over = 0.0 if dice.chance(0.6) else dice.between(0.0, 0.12)
        end = (
            loop[0][0] + over * (loop[1][0] - loop[0][0]),
            loop[0][1] + over * (loop[1][1] - loop[0][1]),
        )
        pen.line(*loop, loop[0], *([end] if over else []))
    elif kind == "round":
        bulge = dice.between(0.85, 1.05)
        r = 0.5 * bulge
        pen.curve(
            (middle[0], box.y0),
            (middle[0] + width * r * 0.85, middle[1] - height * r * 0.9),
            (box.x1, middle[1]),
            (middle[0] + width * r * 0.85, middle[1] + height * r * 0.9),
            (middle[0], box.y1),
            (middle[0] - width * r * 0.85, middle[1] + height * r * 0.9),
            (box.x0, middle[1]),
            (middle[0] - width * r * 0.85, middle[1] - height * r * 0.9),
            (middle[0] + width * 0.05, box.y0),
        )
    elif kind == "oval":
        pen.loop(*middle, width * 0.6, height * 0.6)
    elif kind == "sides":
        for p, q in ((a, b), (b, c), (c, d), (d, a)):
            pen.line(p, q)
    else:  # one side is missing
        start = dice.count(0, 3)
        pen.line(*([a, b, c, d] * 2)[start : start + 4])


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
