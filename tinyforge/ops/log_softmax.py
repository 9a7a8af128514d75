"""LOG_SOFTMAX, int8, over the last dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_alike
from tinyforge.ops.exponentials import (
    DIFF_INTEGER_BITS,
    SUM_INTEGER_BITS,
    check_classes,
    exponentials,
)
from tinyforge.ops.fixed_functions import log
from tinyforge.ops.fixed_point import (
    INT32_MIN,
    Int,
    input_radius,
    quantize_multiplier,
    requantize,
    rounding_divide_by_pot,
)
from tinyforge.ops.turned import same

_OUTPUT_INTEGER_BITS = 4


@dataclass(frozen=True)
class _Scaling:
    """From values to Q5, and back. smallest: the least difference to the greatest that counts."""

    multiplier: int
    shift: int
    reverse_multiplier: int
    reverse_shift: int
    smallest: int


def _scaling(graph: Graph, op: Operator) -> _Scaling:
    """Source: PreprocessLogSoftmaxScalingExp, in float64."""
    real = min(tensor(graph, op, 0).scale * 2.0 ** (31 - DIFF_INTEGER_BITS), 2.0**31 - 1.0)
    require(real > 1.0, "input scale is too small", graph, op)
    multiplier, shift = quantize_multiplier(real)
    reverse = quantize_multiplier((1 << (31 - shift)) / multiplier)
    return _Scaling(multiplier, shift, *reverse, -input_radius(DIFF_INTEGER_BITS, shift))


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    check_alike(graph, op)
    out = output(graph, op)
    require(
        (out.scale, out.zero_point) == (16 / 256, 127),
        "LOG_SOFTMAX needs output scale 1/16 and zero point 127",
        graph,
        op,
    )
    check_classes(graph, op)
    _scaling(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (..., classes). Source: reference_ops::LogSoftmaxQuantized."""
    s = _scaling(graph, op)
    x = inputs[0].astype(np.int64)
    difference = x - x.max(axis=-1, keepdims=True)
    counts = difference >= s.smallest
    scaled = requantize(np.where(counts, difference, 0), s.multiplier, s.shift)
    _, terms = exponentials(scaled, counts)
    logarithm = log(terms.sum(axis=-1, keepdims=True), SUM_INTEGER_BITS, DIFF_INTEGER_BITS)
    least: Int = requantize(logarithm + INT32_MIN, s.reverse_multiplier, s.reverse_shift)
    above = difference > np.maximum(s.smallest - 1, least)
    bits = 31 - DIFF_INTEGER_BITS - _OUTPUT_INTEGER_BITS
    q5 = requantize(np.where(above, difference, 0), s.multiplier, s.shift)
    value = rounding_divide_by_pot(q5 - logarithm, bits) + 127
    return np.where(above, np.clip(value, -128, 127), -128).astype(np.int8)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, s = tensor(graph, op, 0), _scaling(graph, op)
    return Kernel(
        header="log_softmax.h",
        struct="forge_log_softmax",
        function="forge_log_softmax_run",
        fields={
            "rows": source.size // source.shape[-1],
            "classes": source.shape[-1],
            "multiplier": s.multiplier,
            "shift": s.shift,
            "reverse_multiplier": s.reverse_multiplier,
            "reverse_shift": s.reverse_shift,
            "smallest_difference": s.smallest,
        },
        inputs=(source.index,),
    )


OP = Op("LOG_SOFTMAX", check, reference, lower, inplace=(0,), turned=same)
