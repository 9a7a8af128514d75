"""Strokes to 28x28 bitmaps, as Quick, Draw! renders them, with the shaky hand of its players.

Quick, Draw!'s bitmaps come from drawings scaled so that the longer side is 256 units, drawn in
white with a round pen of 16 units, 16 units of padding around, centred, and scaled to 28x28 with
antialiasing: ink lies within rows and columns 1 to 26.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.strokes import Stroke

SIDE = 28  # pixels
_CANVAS = 256.0  # units: the longer side of a drawing
_PEN = 16.0  # units: diameter
_PADDING = 16.0  # units
_FINE = 6  # sub-pixels a pixel's side: 37 grey levels
_GRID = SIDE * _FINE
_SCALE = _GRID / (_CANVAS + 2 * _PADDING + _PEN)  # sub-pixels a unit
_RADIUS = _PEN / 2 * _SCALE  # sub-pixels
_DENSITY = 0.6  # positions of the pen a sub-pixel of its way
_CHUNK = 64  # drawings at once: their masks (1.8 MB) stay in the cache

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Hand:
    """How a chunk of drawings is held and drawn: one value a drawing, (n,) float64 each.

    sloppiness: about 1; scales wobble and misplaced ends. tilt: radians. stretch: width over
    height, logarithm. shear: x by y. keystone: how much wider the bottom is than the top.
    """

    sloppiness: Floats
    tilt: Floats
    stretch: Floats
    shear: Floats
    keystone: Floats

    @staticmethod
    def random(n: int, rng: np.random.Generator) -> _Hand:
        return _Hand(
            sloppiness=np.exp(rng.normal(0.0, 0.45, n)),
            tilt=rng.normal(0.0, 0.07, n),
            stretch=rng.normal(0.0, 0.15, n),
            shear=rng.normal(0.0, 0.07, n),
            keystone=rng.normal(0.0, 0.08, n),
        )


def render(drawings: Sequence[Sequence[Stroke]], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Each drawing (at least one stroke, strokes of at least two points) to uint8 (28, 28).

    The same drawings and a generator in the same state give the same pixels.
    """
    chunks = [
        _bitmaps(_positions(drawings[i : i + _CHUNK], rng), rng)
        for i in range(0, len(drawings), _CHUNK)
    ]
    return np.concatenate(chunks) if chunks else np.empty((0, SIDE, SIDE), np.uint8)


@dataclass(frozen=True)
class _Samples:
    """Where the pen went, densely: positions (s, 2); the drawing and stroke each belongs to (s,).

    strokes are numbered through the chunk; drawings is how many there are.
    """

    position: Floats
    drawing: Ints
    stroke: Ints
    drawings: int


def _positions(drawings: Sequence[Sequence[Stroke]], rng: np.random.Generator) -> _Samples:
    """All positions of the pen in unit coordinates (longer side about 1)."""
    strokes = [s for drawing in drawings for s in drawing]
    lengths = np.array([len(s.points) for s in strokes])
    owner = np.repeat(np.arange(len(drawings)), [len(d) for d in drawings])
    stroke = np.repeat(np.arange(len(strokes)), lengths)
    points: Floats = np.array([p for s in strokes for p in s.points], np.float64)
    hand = _Hand.random(len(drawings), rng)
    points = _fit(points, owner[stroke], len(drawings), 1.0)
    points = _held(points, owner[stroke], hand)
    slop = hand.sloppiness[owner]
    points += rng.normal(0.0, 0.008, points.shape) * slop[stroke, None]
    points = _misplaced_ends(points, lengths, slop, rng)
    smooth = np.array([s.smooth for s in strokes])
    position, stroke = _dense(points.astype(np.float32), lengths, smooth)
    position = _wobble(position, stroke, slop, rng)
    return _Samples(position, owner[stroke], stroke, len(drawings))


def _fit(points: Floats, drawing: Ints, drawings: int, side: float) -> Floats:
    """Centres each drawing on (0, 0) and scales it so that its longer side is `side`."""
    starts = np.searchsorted(drawing, np.arange(drawings))
    low = np.minimum.reduceat(points, starts)
    high = np.maximum.reduceat(points, starts)
    scale = side / np.maximum((high - low).max(axis=1), 1e-6)
    return np.asarray((points - ((low + high) / 2)[drawing]) * scale[drawing, None])


def _held(points: Floats, drawing: Ints, hand: _Hand) -> Floats:
    """Stretch, keystone, shear and tilt."""
    stretch = np.exp(hand.stretch / 2)[drawing]
    x, y = points[:, 0] * stretch, points[:, 1] / stretch
    x = x * (1 + hand.keystone[drawing] * 2 * y) + hand.shear[drawing] * y
    cos, sin = np.cos(hand.tilt)[drawing], np.sin(hand.tilt)[drawing]
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=1)


def _misplaced_ends(
    points: Floats, lengths: Ints, slop: Floats, rng: np.random.Generator
) -> Floats:
    """Strokes begin and end a little early or late, and now and then stop far too early."""
    last = np.cumsum(lengths) - 1
    first = last - lengths + 1
    moved = points.copy()
    for end, inner in ((first, first + 1), (last, last - 1)):
        reach = rng.normal(0.0, 0.025, len(lengths)) * slop
        along = points[end] - points[inner]
        length = np.hypot(along[:, 0], along[:, 1])
        factor = np.clip(reach / np.maximum(length, 1e-6), -0.4, 0.4)
        unfinished = rng.random(len(lengths)) < 0.02
        factor[unfinished] = -0.6
        moved[end] += along * factor[:, None]
    return moved


def _dense(points: Floats, lengths: Ints, smooth: npt.NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """Positions along every stroke, evenly spaced, and the stroke of each.

    Smooth strokes are Catmull-Rom splines through their points, the others polylines.
    """
    stroke = np.repeat(np.arange(len(lengths)), lengths)
    begin = np.flatnonzero(stroke[:-1] == stroke[1:])  # a segment from each point to the next
    first = (np.cumsum(lengths) - lengths)[stroke]
    last = (np.cumsum(lengths) - 1)[stroke]
    p1, p2 = points[begin], points[begin + 1]
    before = points[np.maximum(begin - 1, first[begin])]
    after = points[np.minimum(begin + 2, last[begin])]
    chord = p2 - p1
    tension = smooth[stroke[begin]].astype(np.float32)[:, None]
    m1 = tension * (p2 - before) / 2 + (1 - tension) * chord
    m2 = tension * (after - p1) / 2 + (1 - tension) * chord

    span = np.hypot(chord[:, 0], chord[:, 1]) * _CANVAS * _SCALE  # sub-pixels
    counts = np.maximum(2, np.ceil(span * _DENSITY)).astype(np.int64)
    segment = np.repeat(np.arange(len(begin)), counts)
    step = np.arange(len(segment)) - (np.cumsum(counts) - counts)[segment]
    t = (step / (counts - 1)[segment]).astype(np.float32)[:, None]
    c = 3 * chord - 2 * m1 - m2
    d = m1 + m2 - 2 * chord
    position = p1[segment] + t * (m1[segment] + t * (c[segment] + t * d[segment]))
    return position, stroke[begin][segment]


def _wobble(position: Floats, stroke: Ints, slop: Floats, rng: np.random.Generator) -> Floats:
    """Adds slow waves along every stroke, in x and y, so that no line is straight."""
    strokes = int(stroke[-1]) + 1
    moved: Floats = position
    path: Floats = np.arange(len(position), dtype=np.float32) / (
        _DENSITY * _CANVAS * _SCALE
    )  # sides
    for wavelength, height in ((0.9, 0.012), (0.35, 0.004)):
        turning = 2 * math.pi / (wavelength * rng.uniform(0.7, 1.4, (strokes, 2)))
        phase = rng.uniform(0, 2 * math.pi, (strokes, 2))
        swing = rng.normal(0.0, height, (strokes, 2)) * slop[:strokes, None]
        rate, start, size = (a.astype(np.float32)[stroke] for a in (turning, phase, swing))
        moved = moved + size * np.sin(path[:, None] * rate + start)
    return moved


def _bitmaps(samples: _Samples, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draws with a round pen on the fine grid and averages down to (n, 28, 28)."""
    n = samples.drawings
    centred = _fit(samples.position, samples.drawing, n, _CANVAS * _SCALE)
    cell = np.clip(np.floor(centred + _GRID / 2).astype(np.int64), 0, _GRID - 1)
    index = (samples.drawing * _GRID + cell[:, 1]) * _GRID + cell[:, 0]
    ink = np.zeros((n, _GRID, _GRID), np.uint8)
    for radius, touched in _widths(samples, rng):
        seen = np.zeros(n * _GRID * _GRID, np.uint8)
        seen[index[touched]] = 1
        ink |= _dilated(seen.reshape(ink.shape), radius)
    cells = np.zeros((n, SIDE, SIDE), np.uint16)
    for dy in range(_FINE):
        for dx in range(_FINE):
            cells += ink[:, dy::_FINE, dx::_FINE]
    grey: npt.NDArray[np.uint8] = np.rint(cells * (255 / _FINE**2)).astype(np.uint8)
    return grey


def _widths(
    samples: _Samples, rng: np.random.Generator
) -> list[tuple[float, npt.NDArray[np.bool_]]]:
    """Pen radii in sub-pixels and the samples drawn with each: the width wobbles a little."""
    strokes = int(samples.stroke[-1]) + 1
    phase = rng.uniform(0, 2 * math.pi, strokes)[samples.stroke]
    wave = np.sin(np.arange(len(samples.stroke)) / (0.25 * _GRID) + phase)
    press = wave * rng.uniform(0.0, 1.0, strokes)[samples.stroke]
    press += rng.normal(0.0, 0.7, samples.drawings)[samples.drawing]
    wide = press > 1.0
    return [(_RADIUS, ~wide), (_RADIUS + 0.7, wide)]


def _dilated(mask: npt.NDArray[np.uint8], radius: float) -> npt.NDArray[np.uint8]:
    """Every set cell grown to a disc. mask: (n, grid, grid) of 0 and 1."""
    reach = int(radius)
    half = {dy: int(math.sqrt(radius**2 - dy**2)) for dy in range(reach + 1)}
    out = np.zeros_like(mask)
    row = mask.copy()
    done = 0
    for dy in range(reach, -1, -1):  # discs narrow away from the centre: rows grow step by step
        while done < half[dy]:
            done += 1
            row[:, :, done:] |= mask[:, :, :-done]
            row[:, :, :-done] |= mask[:, :, done:]
        out[:, dy:] |= row[:, : _GRID - dy]
        out[:, : _GRID - dy] |= row[:, dy:]
    return out
