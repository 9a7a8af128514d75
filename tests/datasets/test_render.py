"""The renderer against geometry that can be worked out by hand."""

from typing import Any

import numpy as np
import pytest

from tinyforge.datasets import render
from tinyforge.datasets.strokes import Dice, Pen, Stroke

LINE = 16 * 28 / 304  # pixels: the pen's diameter
SIDE = 256 * 28 / 304  # pixels: the longer side of a drawing


class Still:
    """A generator whose every deviation is zero: a hand that does not shake."""

    def normal(self, mean: float, _deviation: float, size: Any) -> np.ndarray:
        return np.full(size, mean)

    def uniform(self, low: float, _high: float, size: Any) -> np.ndarray:
        return np.full(size, low)

    def random(self, size: Any) -> np.ndarray:
        return np.ones(size)


def drawn(*strokes: Stroke) -> np.ndarray:
    return render.render([strokes], Still())[0] / 255


def line(*points: tuple[float, float]) -> Stroke:
    return Stroke(points, smooth=False)


def test_a_level_line_is_centred_and_as_wide_as_the_pen() -> None:
    image = drawn(line((0.0, 0.0), (10.0, 0.0)))
    assert image[:13].sum() == image[15:].sum() == 0
    assert image.sum(axis=0)[8:20] == pytest.approx(LINE, abs=0.2)
    assert image.sum() == pytest.approx(SIDE * LINE + np.pi * LINE**2 / 4, rel=0.08)


@pytest.mark.parametrize("scale", [0.001, 1.0, 1000.0])
def test_scale_and_place_do_not_matter(scale: float) -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    moved = [(x * scale + 7 * scale, y * scale - 3 * scale) for x, y in square]
    image = drawn(line(*moved))
    assert np.array_equal(image, drawn(line(*square)))
    assert np.array_equal(image, image.T)
    ink = np.flatnonzero(image.any(axis=0))
    assert (ink.min(), ink.max()) == (1, 26)  # as in every bitmap of Quick, Draw!
    assert image[3:25, 3:25].sum() == 0


def test_a_smooth_stroke_goes_through_its_points_and_bends_between() -> None:
    arch = ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))
    straight, smooth = (drawn(Stroke(arch, smooth=s)) for s in (False, True))
    for image in (straight, smooth):
        assert image[25, 13:15].sum() > 0.5 and image[2, 2:8].sum() > 0.5
    assert np.abs(smooth - straight)[8:20].max() > 0.3


def test_the_shaky_hand_never_leaves_the_padding() -> None:
    dice = Dice(np.random.default_rng(1))
    drawings = []
    for _ in range(200):
        pen = Pen(dice)
        pen.scribble(0, 0, 1, dice.between(0.2, 2), 5)
        pen.loop(0.5, 0.5, 0.6, 0.3)
        drawings.append(pen.strokes)
    images = render.render(drawings, np.random.default_rng(2))
    edge = images.copy()
    edge[:, 1:-1, 1:-1] = 0
    assert not edge.any()
    ink = images > 0
    reach = np.maximum(ink.any(axis=1).sum(axis=1), ink.any(axis=2).sum(axis=1))
    assert reach.min() >= 25  # the longer side fills the canvas


def test_chunks_do_not_show() -> None:
    """70 drawings cross a chunk's border; each is drawn by itself."""
    bar = [line((0.0, 0.0), (1.0, 0.0))]
    images = render.render([bar] * 70, np.random.default_rng(0))
    ink = images.sum(axis=(1, 2)) / 255
    assert ink[:64].mean() == pytest.approx(ink[64:].mean(), rel=0.1)
    assert ink.max() < 2 * ink.min()
