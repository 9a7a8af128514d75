"""What BATCH_TO_SPACE_ND and SPACE_TO_BATCH_ND share: a picture, and its pixels by their places in
blocks, as so many pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import Kernel, output, require, tensor
from tinyforge.ops.copying import check_copied, steps
from tinyforge.ops.operands import integers
from tinyforge.ops.picking import pick


@dataclass(frozen=True)
class Blocks:
    """block: rows and columns of one. before, after: rows and columns of the whole picture, that of
    full blocks, that lie outside the smaller one."""

    block: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]


def picture_shape(t: Tensor) -> tuple[int, int, int, int]:
    """(batch, height, width, channels); of three dimensions the width is 1."""
    batch, height, *width, channels = t.shape
    return batch, height, width[0] if width else 1, channels


def blocks(graph: Graph, op: Operator) -> Blocks:
    """Of the operands. ForgeError unless they fit the input's dimensions."""
    spatial = len(tensor(graph, op, 0).shape) - 2
    block = integers(graph, op, 1, "block shape")
    sides = integers(graph, op, 2, "borders")
    require(
        len(block) == spatial and len(sides) == 2 * spatial and min(block) >= 1 and min(sides) >= 0,
        f"blocks {list(block)} and borders {list(sides)} for {spatial} dimensions",
        graph,
        op,
    )
    block, sides = (*block, 1)[:2], (*sides, 0, 0)[:4]
    return Blocks((block[0], block[1]), (sides[0], sides[2]), (sides[1], sides[3]))


def check_pictures(graph: Graph, op: Operator) -> Tensor:
    """Three inputs, the first a computed tensor of three or four dimensions, which is returned."""
    source = check_copied(graph, op, 3, 4)
    require(
        len(source.shape) in (3, 4) and len(output(graph, op).shape) == len(source.shape),
        f"{op.op} needs 3 or 4 dimensions: tensor {source.name!r} has shape {list(source.shape)}",
        graph,
        op,
    )
    return source


def gather(source: Tensor, places: Sequence[npt.NDArray[Any]]) -> Kernel | None:
    """places: for each batch, row and column of the output, (batches, rows, columns) of the source
    that it adds."""
    image, row, column, _ = steps(picture_shape(source))
    step = np.array([image, row, column])
    return pick(source, [*(p @ step for p in places), np.arange(source.shape[-1])])


def triples(*columns: npt.NDArray[Any] | int) -> npt.NDArray[np.int64]:
    """Columns as one array, scalars repeated."""
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.int64)
