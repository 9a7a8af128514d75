"""Quantization parameters that operators share: activation ranges and convolution factors.

Source: TensorFlow Lite Micro's kernel_util.cc and the kernels' Prepare functions, as they are in
the tflite-micro package 0.dev20261023: factors are formed in float64. Sources of August 2026
(90b983c2) form some in float32, which shows in the last bit of results halfway between two steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import Table, Values, option, output, require, tensor
from tinyforge.ops.fixed_point import (
    quantize_multiplier,
    reduced_multiplier,
    requantize,
    requantize_wide,
    round_half_away,
    wrap32,
)

# ActivationFunctionType in TensorFlow Lite's schema: the real range each one clamps to.
_ACTIVATIONS: dict[int, tuple[str, float | None, float | None]] = {
    0: ("", None, None),
    1: ("ReLU", 0.0, None),
    2: ("ReLU -1..1", -1.0, 1.0),
    3: ("ReLU6", 0.0, 6.0),
}


def activation_name(code: int) -> str:
    """ "" or the name of a fused activation."""
    return _ACTIVATIONS[code][0]


def with_activation(op: Operator, *parts: str) -> str:
    """A summary of an operator: those of its parts that are not empty, and what it clamps to."""
    activation = activation_name(option(op, "fused_activation_function"))
    return ", ".join(filter(None, (*parts, activation)))


def quantize(graph: Graph, op: Operator, real: float, t: Tensor) -> int:
    """A real value in a tensor's quantization, unclamped: divided in float32, as TFLM does.

    ForgeError where that leaves 32 bits. Source: Quantize of kernel_util.cc, which refuses it too.
    """
    with np.errstate(over="ignore"):
        steps = np.float32(real) / np.float32(t.scale)
    require(
        bool(abs(steps) < 2**31 - 2**16),
        f"{op.op} clamps to {real:g}, which scale {t.scale:.3g} is too small for",
        graph,
        op,
        fix="calibrate the model with data that is not constant, and convert it again",
    )
    return t.zero_point + round_half_away(float(steps))


def activation_range(graph: Graph, op: Operator, code: int, out: Tensor) -> tuple[int, int]:
    """The range a fused activation leaves. Source: CalculateActivationRangeQuantized."""
    if code not in _ACTIVATIONS:
        raise ForgeError(f"fused activation {code} is not supported", where=graph.where(op))
    _, low, high = _ACTIVATIONS[code]
    least, most = limits(out)
    return (
        least if low is None else max(least, quantize(graph, op, low, out)),
        most if high is None else min(most, quantize(graph, op, high, out)),
    )


def limits(t: Tensor) -> tuple[int, int]:
    """The least and the greatest value of a tensor's element type."""
    info = np.iinfo(t.dtype.numpy)
    return int(info.min), int(info.max)


def saturated(values: npt.NDArray[np.int64], t: Tensor) -> Values:
    """Values as a tensor's elements."""
    return np.clip(values, *limits(t)).astype(t.dtype.numpy)


def value_bits(t: Tensor) -> int:
    """Of the largest magnitude of a value less its zero point: 255, or 32768 where that is 0."""
    return 8 if t.dtype is DType.INT8 else 16


def factor(graph: Graph, op: Operator, real: float, *, bits: int) -> tuple[int, int]:
    """(multiplier, shift) of a real factor >= 0 for values below 2**bits.

    ForgeError where the interpreter's left shift would overflow 32 bits.
    """
    found = quantize_multiplier(real)
    require(bits + found[1] <= 31, "output scale is too small for those of its inputs", graph, op)
    return found


def scale_factor(graph: Graph, op: Operator) -> tuple[int, int]:
    """From the scale of the only input to the output's."""
    source = tensor(graph, op, 0)
    real = source.scale / output(graph, op).scale
    return factor(graph, op, real, bits=value_bits(source))


@dataclass(frozen=True, eq=False)
class Requantization:
    """How accumulators become outputs: one multiplier and shift, or one a channel.

    wide: of int64 accumulators, which are rounded once, with the multipliers' upper 16 bits.
    Others are int32, and are rounded twice.
    """

    multiplier: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]
    output: Tensor
    low: int
    high: int
    wide: bool = False

    def apply(self, acc: npt.NDArray[np.int64]) -> Values:
        """acc: accumulators, channels last; int32 ones wrap."""
        scale = requantize_wide if self.wide else requantize
        real = scale(acc if self.wide else wrap32(acc), self.multiplier, self.shift)
        return np.clip(real + self.output.zero_point, self.low, self.high).astype(
            self.output.dtype.numpy
        )

    def fields(self) -> dict[str, int | Table]:
        """The members that every kernel with a requantization has.

        channel_step is 0 when all channels share one multiplier, so that the kernel's index
        arithmetic is the same for both.
        """
        members: dict[str, int | Table] = {
            "multiplier": Table("int32_t", self.multiplier),
            "shift": Table("int8_t", self.shift),
            "channel_step": int(self.multiplier.size > 1),
            "activation_min": self.low,
            "activation_max": self.high,
        }
        if self.output.dtype is DType.INT8:
            members["output_zero_point"] = self.output.zero_point
        elif self.wide:
            members |= {
                "wide": 1,
                "multiplier": Table("int32_t", reduced_multiplier(self.multiplier)),
                "shift": Table("int8_t", 15 - self.shift),
            }
        return {f"requantization.{name}": value for name, value in members.items()}


# Most that the interpreter shifts to the left by: int32 accumulators, and int64 ones.
MAX_SHIFT, MAX_WIDE_SHIFT = 30, 7


def channel_requantization(
    graph: Graph, op: Operator, source_at: int = 0, *, wide: bool = False
) -> Requantization:
    """Convolutions and FULLY_CONNECTED, with a factor a channel or one for all."""
    source, weights, out = tensor(graph, op, source_at), tensor(graph, op, 1), output(graph, op)
    assert weights.quant is not None
    pairs = [quantize_multiplier(source.scale * w / out.scale) for w in weights.quant.scale]
    most = MAX_WIDE_SHIFT if wide else MAX_SHIFT
    require(
        all(shift <= most for _, shift in pairs),
        "output scale is too small for its inputs",
        graph,
        op,
    )
    low, high = activation_range(graph, op, option(op, "fused_activation_function"), out)
    return Requantization(
        np.array([m for m, _ in pairs], np.int64),
        np.array([s for _, s in pairs], np.int64),
        out,
        low,
        high,
        wide,
    )
