"""The loops of two shapes, against NumPy's broadcasting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tinyforge.ops.broadcast import broadcast_fields, broadcasts

Shape = tuple[int, ...]
LOOPS = 4  # of the kernels


def members(fields: dict[str, object], name: str) -> list[int]:
    values = [fields[f"{name}[{i}]"] for i in range(LOOPS)]
    assert all(isinstance(value, int) for value in values)
    return [value for value in values if isinstance(value, int)]


def broadcast(first: Shape, second: Shape) -> tuple[Shape, dict[str, object]]:
    out = np.broadcast_shapes(first, second)
    return out, dict(broadcast_fields(first, second, out))


def test_the_loops_visit_the_elements_that_numpy_pairs() -> None:
    """Every shape of up to four dimensions of 1 to 3, against every one that broadcasts with it."""
    full = (2, 3, 2, 3)
    for ranks in itertools.product(range(1, 5), repeat=2):
        masks = (itertools.product((True, False), repeat=rank) for rank in ranks)
        for kept in itertools.product(*masks):
            first, second = (
                tuple(n if k else 1 for n, k in zip(full[-len(mask) :], mask, strict=True))
                for mask in kept
            )
            out, fields = broadcast(first, second)
            places = np.indices(members(fields, "size")).reshape(LOOPS, -1)
            for shape, name in ((first, "first_step"), (second, "second_step")):
                elements = np.arange(np.prod(shape)).reshape(shape)
                expected = np.broadcast_to(elements, out).reshape(-1)
                found = members(fields, name) @ places
                np.testing.assert_array_equal(found, expected, f"{first} and {second}")


@pytest.mark.parametrize(
    ("first", "second", "sizes"),
    [
        ((1, 4, 5, 6), (6,), [1, 1, 20, 6]),
        ((1, 1, 1, 6), (1, 4, 5, 6), [1, 1, 20, 6]),
        ((1, 4, 5, 6), (1,), [1, 1, 1, 120]),
        ((1, 4, 5, 6), (4, 5, 1), [1, 1, 20, 6]),
        ((1, 4, 5, 6), (1, 1, 5, 1), [1, 4, 5, 6]),
        ((1, 4, 1, 6), (1, 1, 5, 1), [1, 4, 5, 6]),
        ((1, 4, 5, 2, 3), (1, 1, 1, 2, 1), [1, 20, 2, 3]),
    ],
)
def test_dimensions_are_merged(first: Shape, second: Shape, sizes: list[int]) -> None:
    assert members(broadcast(first, second)[1], "size") == sizes


def test_more_loops_than_there_are_do_not_go() -> None:
    assert broadcasts((2, 1, 2, 1), (1, 2, 1, 2), (2, 2, 2, 2))
    assert not broadcasts((2, 1, 2, 1, 2), (1, 2, 1, 2, 1), (2, 2, 2, 2, 2))
