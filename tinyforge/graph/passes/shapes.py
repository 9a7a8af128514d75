"""Shapes of what operators make, from the shapes of what they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinyforge.graph.passes.values import COMPUTES, MOVES, Array, Known, evaluated
from tinyforge.graph.types import Operator, Tensor
from tinyforge.ops.base import option

Shape = tuple[int, ...]


def shapes_of(
    op: Operator, sources: Sequence[Tensor | None], results: Sequence[Tensor]
) -> tuple[Shape, ...] | None:
    """One shape an output; None where it cannot be told."""
    if op.op in _RULES:
        shapes = [() if t is None else t.shape for t in sources]
        try:
            return (_RULES[op.op](op, shapes, sources),)
        except (ValueError, IndexError, ZeroDivisionError):
            return None
    folder = {**COMPUTES, **MOVES}.get(op.op)
    if folder is None:
        return None
    # Its function in NumPy, of zeros where no value is known.
    stand_ins = [None if t is None else _stand_in(t) for t in sources]
    found = evaluated(folder, Known(op, stand_ins, sources, results))
    return None if found is None else tuple(array.shape for array in found)


def _stand_in(t: Tensor) -> Array:
    return np.broadcast_to(np.zeros((), np.int8), t.shape) if t.data is None else t.data


Rule = Callable[[Operator, Sequence[Shape], Sequence[Tensor | None]], Shape]


def _same(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del op, sources
    return shapes[0]


def _broadcast(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del op, sources
    return tuple(np.broadcast_shapes(*shapes))


def _windowed(op: Operator, shape: Shape, kernel: Sequence[int], channels: int) -> Shape:
    """Source: ComputeOutSize of TensorFlow Lite's padding.h."""
    batch, *size, _ = shape
    out = []
    for n, k, side in zip(size, kernel, "hw", strict=True):
        stride, factor = option(op, f"stride_{side}"), f"dilation_{side}_factor"
        dilation = option(op, factor) if factor in op.options else 1
        reach = (k - 1) * dilation + 1
        out.append((n + stride - (reach if op.options["padding"] else 1)) // stride)
    return (batch, *out, channels)


def _convolved(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del sources
    return _windowed(op, shapes[0], shapes[1][1:3], shapes[1][0])


def _depthwise(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del sources
    return _windowed(op, shapes[0], shapes[1][1:3], shapes[1][3])


def _pooled(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del sources
    kernel = (option(op, "filter_height"), option(op, "filter_width"))
    return _windowed(op, shapes[0], kernel, shapes[0][3])


def _spread(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del op, shapes
    given = sources[0]
    if given is None or given.data is None:
        raise ValueError("the output's shape is not known")
    return tuple(given.data.reshape(-1).tolist())


def _connected(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del sources
    source, (units, depth) = shapes[0], shapes[1]
    if op.options["keep_num_dims"]:
        return (*source[:-1], units)
    rows, rest = divmod(int(np.prod(source)), depth)
    if rest:
        raise ValueError("weights that do not fit")
    return (rows, units)


def _multiplied(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del sources
    a, b = shapes
    rows = a[-1] if op.options["adj_x"] else a[-2]
    columns = b[-2] if op.options["adj_y"] else b[-1]
    return (*np.broadcast_shapes(a[:-2], b[:-2]), rows, columns)


def _resized(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del op
    size = sources[1]
    if size is None or size.data is None:
        raise ValueError("the size is not known")
    return (shapes[0][0], *size.data.reshape(-1).tolist(), shapes[0][3])


def _svdf(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del sources
    return (shapes[0][0], shapes[1][0] // option(op, "rank"))


def _lstm(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    del op, sources
    return (*shapes[0][:-1], shapes[8][1])


def _blocks(
    op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]
) -> tuple[int, Shape, Shape, Shape]:
    """Pixels of a block; the input's rows and columns, a block's, and those of both borders."""
    del op
    block, sides = (None if t is None else t.data for t in sources[1:])
    if block is None or sides is None:
        raise ValueError("the blocks are not known")
    size = tuple(block.reshape(-1).tolist())
    return int(np.prod(size)), shapes[0][1 : 1 + len(size)], size, tuple(sides.sum(axis=1).tolist())


def _to_batch(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    count, inner, block, sides = _blocks(op, shapes, sources)
    out = [(n + s) // b for n, s, b in zip(inner, sides, block, strict=True)]
    return (shapes[0][0] * count, *out, *shapes[0][1 + len(block) :])


def _to_space(op: Operator, shapes: Sequence[Shape], sources: Sequence[Tensor | None]) -> Shape:
    count, inner, block, sides = _blocks(op, shapes, sources)
    out = [n * b - s for n, s, b in zip(inner, sides, block, strict=True)]
    return (shapes[0][0] // count, *out, *shapes[0][1 + len(block) :])


_SAME = """
    DEQUANTIZE ELU GELU HARD_SWISH L2_NORMALIZATION LEAKY_RELU LOGISTIC LOG_SOFTMAX QUANTIZE
    RELU_0_TO_1 RELU_N1_TO_1 SOFTMAX TANH
"""
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_SAME.split(), _same),
    "AVERAGE_POOL_2D": _pooled,
    "BATCH_MATMUL": _multiplied,
    "BATCH_TO_SPACE_ND": _to_space,
    "CONV_2D": _convolved,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _connected,
    "L2_POOL_2D": _pooled,
    "MAX_POOL_2D": _pooled,
    "PRELU": _broadcast,
    "RESIZE_BILINEAR": _resized,
    "RESIZE_NEAREST_NEIGHBOR": _resized,
    "SPACE_TO_BATCH_ND": _to_batch,
    "SVDF": _svdf,
    "TRANSPOSE_CONV": _spread,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}
