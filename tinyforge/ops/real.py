"""float32 values between integer layers: conversions, and operators on one value at a time.

Only such operators are here whose every result is one rounding, or none: all cores agree on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Op,
    Values,
    check_activation,
    check_computed,
    check_counts,
    check_types,
    output,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.elementwise import mapped
from tinyforge.ops.turned import same

Reals = npt.NDArray[np.float32]


def is_real(t: Tensor) -> bool:
    return t.dtype is DType.FLOAT32


def check_conversion(graph: Graph, op: Operator) -> None:
    """One side is float32, the other int8 or int16 with one scale."""
    check_counts(graph, op, 1, 1)
    source, out = tensor(graph, op, 0), output(graph, op)
    real, quantized = (source, out) if is_real(source) else (out, source)
    check_types(graph, op, (real,), (DType.FLOAT32,))
    check_activation(graph, op, (quantized,), INT8_OR_INT16)
    check_computed(graph, op, source)
    check_shape(graph, op, source.shape)


def dequantized(x: Values, t: Tensor) -> Reals:
    """Source: reference_ops::Dequantize: its float64 product is exact before it is rounded."""
    return (x.astype(np.int64) - t.zero_point).astype(np.float32) * np.float32(t.scale)


def quantized(x: Reals, t: Tensor) -> Values:
    """Source: AffineQuantize on x86-64, where what 32 bits do not hold becomes -2**31."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scaled = (x / np.float32(t.scale)).astype(np.float64)
        nearest = np.trunc(scaled + np.copysign(0.5, scaled))
        fits = (scaled >= -(2.0**31)) & (scaled < 2.0**31)
    whole = np.where(fits, nearest, -(2.0**31)).astype(np.int64) + t.zero_point
    limits = np.iinfo(t.dtype.numpy)
    wrapped = (whole + 2**31) % 2**32 - 2**31
    return np.clip(wrapped, limits.min, limits.max).astype(t.dtype.numpy)


def conversion_kernel(graph: Graph, op: Operator, name: str, t: Tensor) -> Kernel:
    """t: the side that has a scale."""
    fields = {"scale": t.scale, "zero_point": t.zero_point}
    function = f"forge_{name}_{t.dtype.name.lower()}_run"
    return mapped(tensor(graph, op, 0), "real.h", "forge_conversion", function, fields)


def real_unary(name: str, function: Callable[[Reals], Any]) -> Op:
    """An operator on float32 values from its function; forge_<name>_run is its kernel."""

    def check(graph: Graph, op: Operator) -> None:
        check_counts(graph, op, 1, 1)
        source = tensor(graph, op, 0)
        check_types(graph, op, (source, output(graph, op)), (DType.FLOAT32,))
        check_computed(graph, op, source)
        check_shape(graph, op, source.shape)

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
        del graph, op
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return np.asarray(function(inputs[0]), np.float32)

    def lower(graph: Graph, op: Operator) -> Kernel:
        source = tensor(graph, op, 0)
        return mapped(source, "real.h", "forge_real", f"forge_{name.lower()}_run")

    return Op(name, check, reference, lower, inplace=(0,), typed=True, turned=same)
