"""L2_NORMALIZATION, int8: vectors of length 1 along the last dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    check_counts,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_alike
from tinyforge.ops.fixed_functions import inverse_square_root
from tinyforge.ops.fixed_point import requantize
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.turned import same

_MAX_RANK = 4
_OUTPUT_BITS = 7  # of fractions: the output's scale is 1/128
_MAX_CHANNELS = 2**31 // 255**2  # whose squares 31 bits hold


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    source, out = tensor(graph, op, 0), output(graph, op)
    check_alike(graph, op)
    require(len(out.shape) <= _MAX_RANK, f"more than {_MAX_RANK} dimensions", graph, op)
    require(
        (out.scale, out.zero_point) == (1 / 128, 0),
        "L2_NORMALIZATION needs output scale 1/128 and zero point 0",
        graph,
        op,
    )
    require(
        source.shape[-1] <= _MAX_CHANNELS,
        f"the squares of {source.shape[-1]} values could overflow 32 bits",
        graph,
        op,
    )
    require(
        option(op, "fused_activation_function") == 0,
        "TensorFlow Lite Micro runs no activation fused to L2_NORMALIZATION",
        graph,
        op,
    )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (..., channels). Source: reference_integer_ops::L2Normalization."""
    x = inputs[0].astype(np.int64) - tensor(graph, op, 0).zero_point
    multiplier, shift = inverse_square_root((x * x).sum(axis=-1, keepdims=True))
    value = requantize(x, multiplier, shift + _OUTPUT_BITS)
    return np.clip(value, -128, 127).astype(np.int8)


def lower(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    form = row_by_row(source)
    channels = source.shape[-1]
    return Kernel(
        header="l2_normalization.h",
        struct="forge_l2_normalization",
        function="forge_l2_normalization_run",
        fields={
            "pixels": source.size // channels // form.steps,
            "channels": channels,
            "zero_point": source.zero_point,
        },
        inputs=(source.index,),
        form=form,
    )


OP = Op("L2_NORMALIZATION", check, reference, lower, inplace=(0,), turned=same)
