"""The drawings: repeatable, balanced, varied, drawn as Quick, Draw! renders; and fast."""

import time
from pathlib import Path

import numpy as np
import pytest

from tinyforge.datasets import CLASSES, load, real_drawings
from tinyforge.datasets.doodles import doodles


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = doodles(20, seed=4), doodles(20, seed=4), doodles(20, seed=5)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.images, other.images)


def test_both_classes_are_drawn_equally_often_and_no_picture_twice() -> None:
    data = doodles(150, seed=1)
    assert data.classes == CLASSES == ("Eiffel Tower", "Mona Lisa")
    assert np.bincount(data.labels).tolist() == [150, 150]
    assert data.images.shape == (300, 28, 28)
    assert len({image.tobytes() for image in data.images}) == 300
    assert np.count_nonzero(np.diff(data.labels)) > 100  # shuffled


def test_load_knows_them_by_name() -> None:
    assert np.array_equal(
        load("doodles", count_per_class=3, seed=9).images, doodles(3, seed=9).images
    )


def test_six_thousand_drawings_take_less_than_ten_seconds() -> None:
    start = time.process_time()
    doodles(300, seed=0)
    assert (time.process_time() - start) * 10 < 10


def test_they_are_inked_as_real_drawings_are(corpus: Path) -> None:
    """Amount of ink and proportions lie where those of real drawings lie."""
    real = real_drawings(corpus)
    assert real is not None
    ours = doodles(1000, seed=3)
    for label in (0, 1):
        theirs, mine = (data.images[data.labels == label] for data in (real, ours))
        low, high = np.quantile(_ink(mine), [0.02, 0.98])
        assert low < np.median(_ink(theirs)) < high
        assert np.median(_ink(mine)) == pytest.approx(np.median(_ink(theirs)), rel=0.15)
        assert np.median(_aspect(mine)) == pytest.approx(np.median(_aspect(theirs)), rel=0.2)


def _ink(images: np.ndarray) -> np.ndarray:
    return images.sum(axis=(1, 2)) / 255


def _aspect(images: np.ndarray) -> np.ndarray:
    ink = images > 0
    return ink.any(axis=1).sum(axis=1) / ink.any(axis=2).sum(axis=1)


def test_no_real_drawings_without_the_files(tmp_path: Path) -> None:
    assert real_drawings(tmp_path) is None


def test_real_drawings_are_labelled_like_doodles(corpus: Path) -> None:
    real = real_drawings(corpus)
    assert real is not None and real.classes == CLASSES
    assert np.bincount(real.labels).tolist() == [14, 1000]
