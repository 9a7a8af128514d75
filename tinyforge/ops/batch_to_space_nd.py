"""BATCH_TO_SPACE_ND, int8: a picture from those of its pixels by their places in blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, output, require, tensor
from tinyforge.ops.batches import blocks, check_pictures, gather, picture_shape, triples
from tinyforge.ops.copying import check_shape
from tinyforge.ops.picking import check_places, lowering


def check(graph: Graph, op: Operator) -> None:
    source = check_pictures(graph, op)
    b = blocks(graph, op)
    batch, *sizes, channels = picture_shape(source)
    require(
        batch % math.prod(b.block) == 0, f"{batch} pictures are no blocks of {b.block}", graph, op
    )
    sides = [
        n * k - before - after
        for n, k, before, after in zip(sizes, b.block, b.before, b.after, strict=True)
    ]
    spatial = sides[: len(source.shape) - 2]
    check_shape(graph, op, (batch // math.prod(b.block), *spatial, channels))
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (batch, height, width, channels). Source: reference_ops::BatchToSpaceND."""
    source, out, b = tensor(graph, op, 0), output(graph, op), blocks(graph, op)
    _, height, width, channels = picture_shape(source)
    split = inputs[0].reshape(*b.block, -1, height, width, channels)
    rows, columns = height * b.block[0], width * b.block[1]
    whole = split.transpose(2, 3, 0, 4, 1, 5).reshape(-1, rows, columns, channels)
    inside = whole[:, b.before[0] : rows - b.after[0], b.before[1] : columns - b.after[1]]
    return np.ascontiguousarray(inside.reshape(out.shape))


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, b = tensor(graph, op, 0), blocks(graph, op)
    batch, height, width, _ = picture_shape(output(graph, op))
    rows, columns = np.arange(height) + b.before[0], np.arange(width) + b.before[1]
    return gather(
        source,
        [
            triples(np.arange(batch), 0, 0),
            triples(rows % b.block[0] * b.block[1] * batch, rows // b.block[0], 0),
            triples(columns % b.block[1] * batch, 0, columns // b.block[1]),
        ],
    )


def summary(graph: Graph, op: Operator) -> str:
    return "blocks of {}x{}".format(*blocks(graph, op).block)


OP = Op("BATCH_TO_SPACE_ND", check, reference, lowering(_kernel), summary=summary)
