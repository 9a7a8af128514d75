"""RESIZE_NEAREST_NEIGHBOR, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Op,
    Table,
    Values,
    check_rank,
    output,
    tensor,
)
from tinyforge.ops.copying import check_copied, check_shape
from tinyforge.ops.forms import Picked
from tinyforge.ops.operands import integers
from tinyforge.ops.picking import take_indices


def _nearest(op: Operator, size: int, out: int) -> npt.NDArray[np.int32]:
    """The input index of each of out indices. In float32 throughout.

    Source: GetNearestNeighbor of reference/resize_nearest_neighbor.h.
    """
    corners, half = op.options["align_corners"], op.options["half_pixel_centers"]
    scale = np.float32(size) / np.float32(out)
    if corners and out > 1:
        scale = np.float32(size - 1) / np.float32(out - 1)
    position = (np.arange(out, dtype=np.float32) + np.float32(0.5 if half else 0)) * scale
    # std::round, of values that are not negative; a half added in float32 could round up itself.
    nearest = np.floor(position.astype(np.float64) + 0.5) if corners else np.floor(position)
    return np.minimum(nearest, size - 1).astype(np.int32)


def _sources(graph: Graph, op: Operator) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The input row of each output row, the input column of each output column."""
    source, out = tensor(graph, op, 0), output(graph, op)
    return (
        _nearest(op, source.shape[1], out.shape[1]),
        _nearest(op, source.shape[2], out.shape[2]),
    )


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2, types=INT8_OR_INT16)
    check_rank(graph, op, (source,), 4)
    size = integers(graph, op, 1, "size")
    check_shape(graph, op, (source.shape[0], *size, source.shape[3]))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: (batch, height, width, channels). Source: reference_ops::ResizeNearestNeighbor."""
    rows, columns = _sources(graph, op)
    return np.asarray(inputs[0][:, rows][:, :, columns])


def lower(graph: Graph, op: Operator) -> Kernel:
    source, out = tensor(graph, op, 0), output(graph, op)
    rows, columns = _sources(graph, op)
    if source.shape[0] > 1:
        batches, channels = (np.arange(source.shape[axis]) for axis in (0, 3))
        picked = take_indices(source, [batches, rows, columns, channels])
        assert picked is not None, "two dimensions are taken apart at most"
        return picked
    return Kernel(
        header="resize.h",
        struct="forge_resize_nearest",
        function="forge_resize_nearest_row",
        fields={
            "width": out.shape[2],
            "pixel": out.shape[3] * out.dtype.itemsize,
            "column": Table("int32_t", columns),
        },
        inputs=(source.index,),
        form=Picked(tuple(rows.tolist()), source.shape[1]),
    )


def summary(graph: Graph, op: Operator) -> str:
    source, out = tensor(graph, op, 0), output(graph, op)
    names = [n.replace("_", " ") for n in ("align_corners", "half_pixel_centers") if op.options[n]]
    sizes = (f"{t.shape[1]}x{t.shape[2]}" for t in (source, out))
    return ", ".join([" to ".join(sizes), *names])


OP = Op("RESIZE_NEAREST_NEIGHBOR", check, reference, lower, summary=summary)
