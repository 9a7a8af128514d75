"""Values of several tensors as rows of raw bytes, and back."""

from __future__ import annotations

import numpy as np

from tinyforge.graph import DType, Tensor
from tinyforge.graph.packed import packed, split, typed, unpacked

TENSORS = (
    Tensor(0, "a", (1, 2), DType.INT16),
    Tensor(1, "b", (1, 3), DType.INT8),
    Tensor(2, "c", (1,), DType.FLOAT32),
    Tensor(3, "d", (), DType.BOOL),
)
VALUES = [
    np.array([[[1, -2]], [[256, -32768]]], np.int16),
    np.array([[[1, 2, 3]], [[-1, -2, -128]]], np.int8),
    np.array([[1.0], [-0.0]], np.float32),
    np.array([True, False]),
]


def test_one_tensor_after_the_other_little_endian() -> None:
    rows = packed(VALUES)
    assert rows.dtype == np.int8
    assert [[byte & 0xFF for byte in row] for row in rows.tolist()] == [
        [1, 0, 0xFE, 0xFF, 1, 2, 3, 0, 0, 0x80, 0x3F, 1],
        [0, 1, 0, 0x80, 0xFF, 0xFE, 0x80, 0, 0, 0, 0x80, 0],
    ]
    np.testing.assert_array_equal(
        packed([v.astype(v.dtype.newbyteorder(">")) for v in VALUES]), rows
    )


def test_and_back_in_their_own_types() -> None:
    rows = packed(VALUES)
    for found, value, tensor in zip(unpacked(rows, TENSORS), VALUES, TENSORS, strict=True):
        assert found.dtype == tensor.dtype.numpy
        np.testing.assert_array_equal(found, value)
    assert [part.shape[1] for part in split(rows, TENSORS)] == [4, 3, 4, 1]
    # Of a tensor's first row alone.
    assert typed(rows[:, :2], TENSORS[0]).tolist() == [[1], [256]]
