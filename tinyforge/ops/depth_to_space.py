"""DEPTH_TO_SPACE, int8: channels become blocks of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, option, require, tensor
from tinyforge.ops.copying import (
    block_summary,
    check_blocks,
    check_copied,
    check_shape,
    copy,
    steps,
)


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 1)
    block = check_blocks(graph, op)
    batch, height, width, channels = source.shape
    require(
        channels % (block * block) == 0,
        f"{channels} channels do not divide into blocks of {block}x{block}",
        graph,
        op,
    )
    check_shape(graph, op, (batch, height * block, width * block, channels // (block * block)))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (batch, height, width, channels). Source: reference_ops::DepthToSpace."""
    block = option(op, "block_size")
    batch, height, width, _ = tensor(graph, op, 0).shape
    blocks = inputs[0].reshape(batch, height, width, block, block, -1)
    moved = blocks.transpose(0, 1, 3, 2, 4, 5)
    return np.asarray(moved.reshape(batch, height * block, width * block, -1), np.int8)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, block = tensor(graph, op, 0), option(op, "block_size")
    batch, height, width, channels = source.shape
    image, row, pixel, _ = steps(source.shape)
    run = channels // block  # a row of a block
    walk = [(batch, image), (height, row), (block, run), (width, pixel), (run, 1)]
    return copy(source, 0, walk)


OP = Op("DEPTH_TO_SPACE", check, reference, lower, summary=block_summary)
