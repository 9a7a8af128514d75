"""Random operators that compute: roots, quotients, logarithms and sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.case_binary import activation, rescaling
from tests.ops.case_movement import either_way, int32, random_shape
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def rsqrt(r: Random) -> Graph:
    shape = r.pick((1, 256), (1, 8, 8, 4))
    source = TensorSpec(shape, r.scale(1e-4, 1), 0 if r.wide else -128, r.dtype)
    steps = r.scale(1e-8 if r.wide else 1e-3, 1)
    output = r.spec(*shape, scale=float(steps / np.sqrt(source.scale)))
    return single_op("RSQRT", inputs=[source], output=output)


def not_negative(r: Random, graph: Graph) -> list[npt.NDArray[Any]]:
    """int16 has a sign, and the interpreter takes no root of what is below 0."""
    (source,) = graph.input_tensors
    values = r.values(source.shape, source.dtype)
    if source.dtype is DType.INT16:
        values = np.abs(np.maximum(values, -32767)) >> r.integer(0, 12)
    return [values]


def l2_normalization(r: Random) -> Graph:
    source = r.spec(*r.pick((1, r.integer(1, 40)), (1, 3, 5), (1, 3, 2, 5), (2, 7)))
    return single_op(
        "L2_NORMALIZATION", inputs=[source], output=TensorSpec(source.shape, 1 / 128, 0)
    )


def log_softmax(r: Random) -> Graph:
    shape = r.pick((1, 1), (1, 2), (1, r.integer(3, 40)), (1, 4, 5), (1, 600))
    source = r.spec(*shape, scale=r.scale(1e-4, 1))
    return single_op("LOG_SOFTMAX", inputs=[source], output=TensorSpec(shape, 1 / 16, 127))


def quotient(first: float, second: float) -> float:
    return first / second


def add_n(r: Random) -> Graph:
    """ADD_N, one of whose operands is sometimes constant."""
    count = r.pick(2, 3, 3, 5, 15)
    source = r.spec(*random_shape(r, 4))
    operands: list[TensorSpec | Constant] = [source] * count
    if r.integer(0, 3) == 0:
        operands[r.integer(0, count - 1)] = Constant(r.values(source.shape), source.quant)
    scale = source.scale * r.pick(1.0, r.scale(0.1, 10) * count)
    return single_op("ADD_N", inputs=operands, output=r.spec(*source.shape, scale=scale))


def cumsum(r: Random) -> Graph:
    """CUMSUM; of more than 15 values the interpreter's sums may wrap."""
    shape = r.pick(random_shape(r, 4), random_shape(r, 4), (1, 40), (2, 20, 3))
    source = r.spec(*shape)
    axis = either_way(r, r.integer(0, len(shape) - 1), len(shape))
    return single_op(
        "CUMSUM",
        inputs=[source, int32(r.pick(axis, [axis]))],
        output=r.spec(*shape, scale=source.scale * r.pick(1.0, r.scale(0.1, 10))),
        options={"exclusive": r.pick(False, True), "reverse": r.pick(False, True)},
    )


CASES: dict[str, Callable[[Random], Graph]] = {
    "ADD_N": add_n,
    "CUMSUM": cumsum,
    "DIV": rescaling("DIV", quotient, 1, activation),
    "L2_NORMALIZATION": l2_normalization,
    "LOG_SOFTMAX": log_softmax,
    "RSQRT": rsqrt,
}

VALUES = {"RSQRT": not_negative}
