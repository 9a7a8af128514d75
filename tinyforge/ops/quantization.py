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
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import Table, option, output, require, tensor
from tinyforge.ops.fixed_point import quantize_multiplier, requantize, round_half_away

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


def quantize(real: float, t: Tensor) -> int:
    """A real value in a tensor's quantization, unclamped: divided in float32, as TFLM does."""
    return t.zero_point + round_half_away(float(np.float32(real) / np.float32(t.scale)))


def activation_range(graph: Graph, op: Operator, code: int, out: Tensor) -> tuple[int, int]:
    """The int8 range a fused activation leaves. Source: CalculateActivationRangeQuantized."""
    if code not in _ACTIVATIONS:
        raise ForgeError(f"fused activation {code} is not supported", where=graph.where(op))
    _, low, high = _ACTIVATIONS[code]
    return (
        -128 if low is None else max(-128, quantize(low, out)),
        127 if high is None else min(127, quantize(high, out)),
    )


VALUE_BITS = 8  # of a value less its zero point: 255


def factor(graph: Graph, op: Operator, real: float, *, bits: int) -> tuple[int, int]:
    """(multiplier, shift) of a real factor >= 0 for values below 2**bits.

    ForgeError where the interpreter's left shift would overflow 32 bits.
    """
    found = quantize_multiplier(real)
    require(bits + found[1] <= 31, "output scale is too small for those of its inputs", graph, op)
    return found


def scale_factor(graph: Graph, op: Operator) -> tuple[int, int]:
    """From the scale of the only input to the output's."""
    real = tensor(graph, op, 0).scale / output(graph, op).scale
    return factor(graph, op, real, bits=VALUE_BITS)


@dataclass(frozen=True, eq=False)
class Requantization:
    """How int32 accumulators become int8 outputs: one multiplier and shift, or one a channel."""

    multiplier: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]
    output_zero_point: int
    low: int
    high: int

    def apply(self, acc: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """acc: int32 values, channels last."""
        real = requantize(acc, self.multiplier, self.shift) + self.output_zero_point
        return np.clip(real, self.low, self.high).astype(np.int8)

    def fields(self) -> dict[str, int | Table]:
        """The members that every kernel with a requantization has.

        channel_step is 0 when all channels share one multiplier, so that the kernel's index
        arithmetic is the same for both.
        """
        return {
            "requantization.multiplier": Table("int32_t", self.multiplier),
            "requantization.shift": Table("int8_t", self.shift),
            "requantization.channel_step": int(self.multiplier.size > 1),
            "requantization.output_zero_point": self.output_zero_point,
            "requantization.activation_min": self.low,
            "requantization.activation_max": self.high,
        }


def channel_requantization(graph: Graph, op: Operator, source_at: int = 0) -> Requantization:
    """Convolutions and FULLY_CONNECTED, with a factor a channel or one for all."""
    source, weights, out = tensor(graph, op, source_at), tensor(graph, op, 1), output(graph, op)
    assert weights.quant is not None
    return _requantization(graph, op, [source.scale * w / out.scale for w in weights.quant.scale])


def _requantization(graph: Graph, op: Operator, factors: list[float]) -> Requantization:
    pairs = [quantize_multiplier(factor) for factor in factors]
    require(
        all(shift <= 30 for _, shift in pairs),
        "output scale is too small for its inputs",
        graph,
        op,
    )
    out = output(graph, op)
    low, high = activation_range(graph, op, option(op, "fused_activation_function"), out)
    return Requantization(
        np.array([m for m, _ in pairs], np.int64),
        np.array([s for _, s in pairs], np.int64),
        out.zero_point,
        low,
        high,
    )
