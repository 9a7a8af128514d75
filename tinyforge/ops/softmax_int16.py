"""SOFTMAX of int16: by tables of exp and of 1 / (1 + x), between whose values it interpolates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Table, Values, output, require, tensor
from tinyforge.ops.exponentials import check_classes
from tinyforge.ops.fixed_point import Int, quantize_multiplier, requantize

_STEPS = 512
_INT16_MIN, _INT16_MAX = -(2**15), 2**15 - 1
# The sum of as many exponentials of 0 still fits 31 bits.
_MAX_CLASSES = 65535
# Differences have 17 bits.
_MAX_SHIFT = 14


def _table(
    curve: npt.NDArray[np.float32], middle: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """513 values of a curve of -1 to 1 as Q0.15, and those halfway between neighbours.

    A value is moved by half of what the chord to the next is off by in its middle. Source:
    LUTPopulateInt16, in float32.
    """
    to_steps = np.float32(65536) / (np.float32(2) / np.float32(65535) * np.float32(65535))
    values = _round(curve * to_steps)
    chords = _round((curve[1:] * to_steps + values[:-1]) / np.float32(2))
    error = chords - _round(middle * to_steps)
    values[:-1] -= _round(error / np.float32(2))
    return np.clip(values, _INT16_MIN, _INT16_MAX).astype(np.int64)


def _round(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Halves away from zero."""
    away = np.floor(np.abs(x).astype(np.float64) + 0.5)
    return np.copysign(away, x).astype(np.float32)


def _points(low: float, span: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The places of a table's values, and those halfway between them, in float32."""
    step = np.float32(span) / np.float32(_STEPS)
    first = np.float32(low) + np.arange(_STEPS, dtype=np.float32) * step
    return np.append(first, np.float32(low) + np.float32(span)), first + step / np.float32(2)


def _exp(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rounded to float32 from float64."""
    return np.exp(x.astype(np.float64)).astype(np.float32)


def _inverse(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.float32(1) / (np.float32(1) + x)


EXP = _table(*map(_exp, _points(-10.0, 10.0)))
RECIPROCAL = _table(*map(_inverse, _points(0.0, 1.0)))


def _factor(graph: Graph, op: Operator) -> tuple[int, int]:
    """From differences to 1/65535ths of 10. Source: CalculateSoftmaxParams."""
    beta = op.options["beta"]
    assert isinstance(beta, float | int)
    return quantize_multiplier(tensor(graph, op, 0).scale * float(beta) / (10.0 / 65535.0))


def check(graph: Graph, op: Operator) -> None:
    """The rest of softmax.check."""
    out = output(graph, op)
    require(
        abs(out.scale * 32768 - 1) <= 1e-3, "SOFTMAX of int16 needs output scale 1/32768", graph, op
    )
    check_classes(graph, op, _MAX_CLASSES)
    require(_factor(graph, op)[1] <= _MAX_SHIFT, "beta times input scale is too large", graph, op)


def _look_up(table: npt.NDArray[np.int64], value: Int) -> Int:
    """A table's function of int16 values. Source: LUTLookup."""
    i = 256 + (value >> 7)
    slope = table[i + 1] - table[i]
    return np.asarray(table[i] + ((slope * (value & 0x7F) + 64) >> 7), np.int64)


def reference(graph: Graph, op: Operator, x: Values) -> Values:
    """x: (..., classes). Source: reference_ops::SoftmaxInt16."""
    wide = x.astype(np.int64)
    difference = wide - wide.max(axis=-1, keepdims=True)
    scaled = requantize(difference, *_factor(graph, op)) + _INT16_MAX
    exp = _look_up(EXP, np.clip(scaled, _INT16_MIN, _INT16_MAX))
    total = exp.sum(axis=-1, keepdims=True)
    headroom = 31 - np.frexp(total.astype(np.float64))[1]
    fraction = (((total << headroom) + (1 << 13)) >> 14) - 3 * 2**15
    reciprocal = _look_up(RECIPROCAL, np.clip(fraction, _INT16_MIN, _INT16_MAX))
    shift = 30 - headroom
    value = (exp * reciprocal + (np.int64(1) << (shift - 1))) >> shift
    found: Values = np.clip(value, 0, _INT16_MAX).astype(np.int16)
    return found


def lower(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    multiplier, shift = _factor(graph, op)
    return Kernel(
        header="softmax_int16.h",
        struct="forge_softmax_i16",
        function="forge_softmax_i16_run",
        fields={
            "rows": source.size // source.shape[-1],
            "classes": source.shape[-1],
            "multiplier": multiplier,
            "shift": shift,
            "exp": Table("int16_t", EXP),
            "reciprocal": Table("int16_t", RECIPROCAL),
        },
        inputs=(source.index,),
    )
