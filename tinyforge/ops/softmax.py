"""SOFTMAX, int8 or int16, over the last dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops import softmax_int16
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Op,
    Values,
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
from tinyforge.ops.fixed_point import (
    doubling_high_mul,
    input_radius,
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from tinyforge.ops.turned import same


def _real_multiplier(graph: Graph, op: Operator) -> float:
    """Source: PreprocessSoftmaxScaling, in float64."""
    beta = op.options["beta"]
    assert isinstance(beta, float | int)
    real = float(beta) * tensor(graph, op, 0).scale * 2.0 ** (31 - DIFF_INTEGER_BITS)
    return min(real, 2.0**31 - 1.0)


def _scaling(graph: Graph, op: Operator) -> tuple[int, int, int]:
    """multiplier, left shift, and the smallest input difference that still counts."""
    multiplier, shift = quantize_multiplier(_real_multiplier(graph, op))
    return multiplier, shift, -input_radius(DIFF_INTEGER_BITS, shift)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    check_alike(graph, op, INT8_OR_INT16)
    out = output(graph, op)
    if out.dtype is DType.INT16:
        softmax_int16.check(graph, op)
        return
    require(
        out.zero_point == -128 and out.scale == 1 / 256,
        "SOFTMAX needs output scale 1/256 and zero point -128",
        graph,
        op,
    )
    check_classes(graph, op)
    require(_real_multiplier(graph, op) > 1.0, "beta times input scale is too small", graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: (..., classes). Source: reference_ops::Softmax, int8 to int8.

    Where 512 classes are as likely as the likeliest, the last shift is by 32 or more, and the
    interpreter aborts; here all are -128 then: a probability below 1/512 rounds to 0.
    """
    if tensor(graph, op, 0).dtype is DType.INT16:
        return softmax_int16.reference(graph, op, inputs[0])
    multiplier, shift, smallest = _scaling(graph, op)
    x = inputs[0].astype(np.int64)
    difference = x - x.max(axis=-1, keepdims=True)
    counts = difference >= smallest
    scaled = doubling_high_mul(np.where(counts, difference, 0) << shift, multiplier)
    exp, terms = exponentials(scaled, counts)
    total = terms.sum(axis=-1, keepdims=True)
    headroom = 32 - np.floor(np.log2(total)).astype(np.int64) - 1
    reciprocal = one_over_one_plus_x((total << headroom) - (1 << 31))
    exponent = SUM_INTEGER_BITS - headroom + 31 - 8
    value = rounding_divide_by_pot(doubling_high_mul(reciprocal, exp), exponent) - 128
    return np.where(counts, np.clip(value, -128, 127), -128).astype(np.int8)


def lower(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    if source.dtype is DType.INT16:
        return softmax_int16.lower(graph, op)
    multiplier, shift, smallest = _scaling(graph, op)
    return Kernel(
        header="softmax.h",
        struct="forge_softmax",
        function="forge_softmax_run",
        fields={
            "rows": source.size // source.shape[-1],
            "classes": source.shape[-1],
            "multiplier": multiplier,
            "left_shift": shift,
            "smallest_difference": smallest,
        },
        inputs=(source.index,),
    )


OP = Op("SOFTMAX", check, reference, lower, inplace=(0,), turned=same)
