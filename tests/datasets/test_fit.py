"""Arrays to a model's shape: by rules that are told, never by size alone."""

from pathlib import Path

import numpy as np
import pytest

from tinyforge.datasets import Samples, read
from tinyforge.datasets.fit import fitted
from tinyforge.datasets.ranges import Kind
from tinyforge.datasets.samples import spread
from tinyforge.errors import ForgeError

PICTURES = np.random.default_rng(0).random((5, 10, 12, 3)).astype(np.float32)
SERIES = np.arange(7 * 16 * 3, dtype=np.float32).reshape(7, 16, 3)


def fit(array: np.ndarray, shape: tuple[int, ...], **more: object) -> Samples:
    return fitted(Samples("x.npz", array, **more), shape)  # type: ignore[arg-type]


def test_dimensions_of_one_come_and_go() -> None:
    grey = PICTURES[..., 0]
    for array, shape in (
        (grey, (10, 12, 1)),
        (grey[..., None], (10, 12)),
        (grey[:, None], (10, 12, 1)),
        (SERIES[..., 0], (16, 1)),
    ):
        found = fit(array, shape)
        assert found.shape == shape and found.notes == ()
        assert np.array_equal(found.values.ravel(), array.ravel())


def test_channels_first_are_transposed_and_told() -> None:
    found = fit(np.moveaxis(PICTURES, -1, 1), (10, 12, 3))
    assert np.array_equal(found.values, PICTURES)
    assert found.notes == (
        "channels are first in the data (5, 3, 10, 12) and last in the model: transposed to "
        "(5, 10, 12, 3)",
    )
    back = fit(PICTURES, (3, 10, 12))
    assert np.array_equal(back.values, np.moveaxis(PICTURES, -1, 1)) and back.notes
    series = fit(np.moveaxis(SERIES, -1, 1), (16, 3))
    assert np.array_equal(series.values, SERIES) and series.notes


def test_the_shared_array_is_transposed(corpus: Path) -> None:
    path = corpus / "cases" / "in_c_chw.npz"
    with np.load(path) as file:
        given = file["inputs"]
    found = read(str(path), (32, 32, 3))
    assert np.array_equal(found.values, given.transpose(0, 2, 3, 1))
    assert "transposed" in found.notes[0]


def test_rows_of_numbers_are_folded_and_told() -> None:
    found = fit(PICTURES.reshape(5, -1), (10, 12, 3))
    assert np.array_equal(found.values, PICTURES) and "row by row" in found.notes[0]
    flat = fit(PICTURES, (360,))
    assert np.array_equal(flat.values, PICTURES.reshape(5, -1)) and flat.notes


def test_one_sample_alone() -> None:
    found = fit(PICTURES[0], (10, 12, 3))
    assert len(found) == 1 and found.notes == ("the array is one sample",)


@pytest.mark.parametrize("shape", [(12, 10, 3), (20, 6, 3), (5, 24, 3), (360, 1, 2), (60, 6)])
def test_the_same_size_in_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ForgeError, match=r"has shape \(5, 10, 12, 3\), the model takes \(n, "):
        fit(PICTURES, shape)


def test_recordings_are_cut_into_windows_of_one_label() -> None:
    rows = np.arange(70, dtype=np.float32).reshape(35, 2)
    found = fit(rows, (16, 2))
    assert np.array_equal(found.values, rows[:32].reshape(2, 16, 2))
    assert found.notes == ("35 rows are cut into 2 windows of 16; 3 rows at the ends are left out",)
    labels = np.repeat([1, 0], [17, 18])
    found = fit(rows, (16, 2), labels=labels)
    assert np.array_equal(found.values, np.stack([rows[:16], rows[17:33]]))
    assert found.labels is not None and found.labels.tolist() == [1, 0]
    assert np.array_equal(fit(rows[:, 0], (16,)).values, rows[:32, 0].reshape(2, 16))
    with pytest.raises(ForgeError, match="no 16 rows in a row have one label"):
        fit(rows, (16, 2), labels=np.arange(35) % 3)


def test_pictures_of_bytes_are_scaled_and_floats_are_not() -> None:
    found = fit(np.full((4, 20, 30), 9, np.uint8), (10, 12, 3))
    assert found.shape == (10, 12, 3) and (found.values == 9).all()
    assert found.notes == ("pictures of 20x30 are scaled to 10x12x3",)
    with pytest.raises(ForgeError, match="the model takes"):
        fit(np.full((4, 20, 30), 9, np.float32), (10, 12, 3))


def test_values_that_are_no_numbers_are_found() -> None:
    bad = PICTURES.copy()
    bad[3, 0, 0, 0] = np.nan
    with pytest.raises(ForgeError, match="in 1 of 5 samples") as error:
        fit(bad, (10, 12, 3))
    assert error.value.where == "x.npz, sample 3"


@pytest.mark.parametrize(
    ("array", "shape", "kind"),
    [
        (PICTURES, (10, 12, 3), Kind.UNIT),
        (PICTURES * 2 - 1, (10, 12, 3), Kind.SIGNED),
        (PICTURES * 255, (10, 12, 3), Kind.LEVELS),
        ((PICTURES * 255).astype(np.int64), (10, 12, 3), Kind.LEVELS),
        ((PICTURES * 255).astype(np.uint8), (10, 12, 3), Kind.LEVELS),
        (PICTURES * 300, (10, 12, 3), Kind.VALUES),
        (SERIES / SERIES.max(), (16, 3), Kind.VALUES),
        (SERIES.astype(np.uint8), (16, 3), Kind.LEVELS),
    ],
)
def test_what_numbers_look_like(array: np.ndarray, shape: tuple[int, ...], kind: Kind) -> None:
    assert fit(array, shape).kind is kind


def test_a_few_of_many_hold_every_class_in_proportion() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    samples = Samples("x", np.arange(1000), labels=labels)
    few = spread(samples, 50, seed=3)
    assert few.labels is not None
    assert np.abs(np.bincount(few.labels) - [30, 15, 5]).max() <= 1
    assert len(np.unique(few.values)) == 50
    assert np.array_equal(few.values, spread(samples, 50, seed=3).values)
    assert len(spread(samples, 5000, seed=3)) == 1000
