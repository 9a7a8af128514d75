"""SPACE_TO_BATCH_ND, int8: pixels by their places in blocks, as so many pictures."""

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
    # The interpreter takes the border's value from memory that it never sets.
    require(
        not any((*b.before, *b.after)),
        "a border is not supported: TensorFlow Lite Micro leaves its value to chance",
        graph,
        op,
        fix="pad in a layer of its own before this one",
    )
    batch, *sizes, channels = picture_shape(source)
    require(
        all(n % k == 0 for n, k in zip(sizes, b.block, strict=True)),
        f"{sizes[0]}x{sizes[1]} does not divide into blocks of {b.block[0]}x{b.block[1]}",
        graph,
        op,
    )
    sides = [n // k for n, k in zip(sizes, b.block, strict=True)][: len(source.shape) - 2]
    check_shape(graph, op, (batch * math.prod(b.block), *sides, channels))
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (batch, height, width, channels). Source: reference_ops::SpaceToBatchND."""
    source, out, b = tensor(graph, op, 0), output(graph, op), blocks(graph, op)
    batch, height, width, channels = picture_shape(source)
    rows, columns = b.block
    split = inputs[0].reshape(batch, height // rows, rows, width // columns, columns, channels)
    return np.ascontiguousarray(split.transpose(2, 4, 0, 1, 3, 5).reshape(out.shape))


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, b = tensor(graph, op, 0), blocks(graph, op)
    batch, height, width, _ = picture_shape(output(graph, op))
    number = np.arange(batch)
    batches = source.shape[0]
    place = number // batches
    return gather(
        source,
        [
            triples(number % batches, place // b.block[1], place % b.block[1]),
            triples(0, np.arange(height) * b.block[0], 0),
            triples(0, 0, np.arange(width) * b.block[1]),
        ],
    )


def summary(graph: Graph, op: Operator) -> str:
    return "blocks of {}x{}".format(*blocks(graph, op).block)


OP = Op("SPACE_TO_BATCH_ND", check, reference, lowering(_kernel), summary=summary)
