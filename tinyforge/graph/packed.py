"""Values of several tensors as one row of raw bytes: what examples, machines and traces hold.

A row is one tensor after the other, each little endian, whatever its element type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph.types import Tensor

Rows = npt.NDArray[np.int8]


def raw(values: npt.NDArray[Any]) -> Rows:
    """Values (n, ...) of any element type as int8 (n, bytes)."""
    stored = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(stored).reshape(len(values), -1).view(np.int8)


def packed(values: Sequence[npt.NDArray[Any]]) -> Rows:
    """One array (n, ...) a tensor, side by side: int8 (n, bytes)."""
    return np.concatenate([raw(one) for one in values], axis=1)


def typed(rows: Rows, tensor: Tensor) -> npt.NDArray[Any]:
    """A tensor's bytes, (n, bytes), as (n, elements) of its own type. Of perhaps fewer elements
    than it has, where it is handed on in part."""
    return np.ascontiguousarray(rows).view(tensor.dtype.numpy.newbyteorder("<"))


def split(rows: Rows, tensors: Sequence[Tensor]) -> list[Rows]:
    """Each tensor's bytes, (n, its bytes), of rows that hold them all."""
    ends = np.cumsum([t.nbytes for t in tensors])
    assert rows.shape[1] == ends[-1]
    return np.split(rows, ends[:-1], axis=1)


def unpacked(rows: Rows, tensors: Sequence[Tensor]) -> list[npt.NDArray[Any]]:
    """packed() undone: (n, *shape) of each tensor's own type."""
    parts = zip(split(rows, tensors), tensors, strict=True)
    return [typed(part, t).reshape(len(rows), *t.shape) for part, t in parts]
