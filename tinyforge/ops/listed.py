"""Layers whose weights kernels list: those that are not 0, of channels that inputs can change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Table, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.dense import Int, Scaled, folded_bias, scaling_of
from tinyforge.ops.quantization import Requantization

# Where more of the weights are there, other kernels take less flash, and are quicker.
_MOST_WEIGHTS = 0.6


@dataclass(frozen=True, eq=False)
class Layer:
    """weights: as the file has them, output channels first. bias: of inputs as they are. Both are 0
    of channels that are settled."""

    weights: Int
    bias: Int
    scaled: Scaled

    @property
    def few(self) -> bool:
        """Whether so many are 0 that lists of the others may be worth it, whatever the kernel."""
        return bool(np.count_nonzero(self.weights) <= _MOST_WEIGHTS * self.weights.size)

    @property
    def parameters(self) -> Int:
        """How sums become outputs, (channels, 3)."""
        return np.stack([self.scaled.multiplier, self.scaled.offset, self.scaled.shift], axis=1)

    def fields(self, stream: npt.NDArray[np.int32]) -> dict[str, int | Table]:
        """Members of a kernel's struct. stream: all that it reads, in that order."""
        return {
            "dense.stream": Table("int32_t", stream),
            "dense.channels": len(self.weights),
            "dense.rectified": int(self.scaled.rectified),
            "dense.activation_min": self.scaled.low,
            "dense.activation_max": self.scaled.high,
        }


def layer_of(graph: Graph, op: Operator, requantization: Requantization) -> Layer | None:
    """None where values are not int8, and where kernels could not be exact."""
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    if not source.dtype is weights.dtype is DType.INT8:
        return None
    scaled = scaling_of(graph, op, requantization)
    if scaled is None:
        return None
    settled = scaled.settled.reshape(-1, *[1] * (len(weights.shape) - 1))
    kept = np.where(settled, 0, weights_table(weights).astype(np.int64))
    return Layer(kept, folded_bias(graph, op, scaled), scaled)
