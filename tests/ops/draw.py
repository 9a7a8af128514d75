"""Draws what random single-operator models are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import Constant, TensorSpec
from tinyforge.graph import DType, Quant
from tinyforge.ops.sparse import BLOCK

SAME, VALID = 0, 1


def without_blocks(
    weights: npt.NDArray[np.int8], share: float, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """(channels, ...) with about that share of the blocks set to 0 that sparse.py skips."""
    flat = weights.reshape(len(weights), -1)
    outputs, inputs = BLOCK
    blocks = [-(-n // size) for n, size in zip(flat.shape, BLOCK, strict=True)]
    kept = np.repeat(np.repeat(rng.random(blocks) >= share, outputs, 0), inputs, 1)
    cut = flat * kept[: flat.shape[0], : flat.shape[1]]
    return cut.reshape(weights.shape).astype(np.int8)


@dataclass
class Random:
    """Draws what a case is made of. dtype: of its activations. int4: of its weights."""

    rng: np.random.Generator
    dtype: DType = DType.INT8
    int4: bool = False

    @property
    def wide(self) -> bool:
        return self.dtype is DType.INT16

    def reach(self, values: float) -> float:
        """As many steps of the activations' type as that are of int8."""
        return values * 2**8 if self.wide else values

    def integer(self, low: int, high: int) -> int:
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, *choices: Any) -> Any:
        return choices[self.integer(0, len(choices) - 1)]

    def scale(self, low: float = 1e-3, high: float = 0.3) -> float:
        """Of int8; an activation's is smaller where it has more steps."""
        return float(np.float32(np.exp(self.rng.uniform(np.log(low), np.log(high)))))

    def tie_scale(self, unit: float) -> float:
        """A scale at which many whole multiples of unit lie halfway between two steps, but for
        unit's rounding to float32: that is where a factor's last bits decide."""
        return unit / float(self.pick(0.5, 0.75, 1.25, 1.5, 2.5, 3.5)) * 2.0 ** self.integer(-1, 5)

    def zero_point(self) -> int:
        return 0 if self.wide else int(self.pick(-128, 127, 0, self.integer(-128, 127)))

    def values(self, shape: tuple[int, ...], dtype: DType | None = None) -> npt.NDArray[Any]:
        """Values of the activations' type: any, extreme ones only, or mostly zeros."""
        if dtype is DType.BOOL:
            return self.rng.random(shape) < self.pick(0.1, 0.5, 0.9)
        if dtype is DType.FLOAT32:
            magnitudes = np.exp(self.rng.uniform(-40, 40, shape) * self.pick(0.1, 1.0))
            return (magnitudes * self.rng.choice([-1, 0, 1], shape)).astype(np.float32)
        info = np.iinfo((dtype or self.dtype).numpy)
        full = self.rng.integers(info.min, info.max + 1, shape)
        kind = self.integer(0, 3)
        if kind == 0:
            full = np.where(full < 0, info.min, info.max)
        if kind == 1:
            full = np.where(self.rng.random(shape) < 0.8, 0, full)
        return full.astype(info.dtype)

    def spec(self, *shape: int, scale: float | None = None) -> TensorSpec:
        if scale is None:
            scale = self.scale() * (2.0**-8 if self.wide else 1)
        return TensorSpec(shape, scale, self.zero_point(), self.dtype)

    def activation(self) -> int:
        """NONE, RELU, RELU_N1_TO_1 or RELU6."""
        return self.integer(0, 3)

    def weights(self, shape: tuple[int, ...], axis: int) -> Constant:
        """Symmetric int8, one scale or one a channel; or int4 of all its values."""
        values = np.clip(self.values(shape, DType.INT8), -127, 127)
        if self.int4:
            values = values >> 4
        count = int(self.pick(1, shape[axis]))
        scales = tuple(self.scale(1e-4, 0.1) for _ in range(count))
        quant = Quant(scales, (0,) * count, axis)
        return Constant(values, quant, DType.INT4 if self.int4 else None)

    def bias(self, source: TensorSpec, weights: Constant, channels: int) -> Constant | None:
        """At the accumulators' scale: int32, int64 of int16 activations; or none. Sometimes where
        kernels that double their sums come to the end of 32 bits."""
        if self.integer(0, 3) == 0:
            return None
        assert weights.quant is not None
        scales = tuple(source.scale * s for s in weights.quant.scale)
        values = self.rng.integers(-(10 ** self.integer(1, 6)), 10**6, channels).astype(np.int32)
        if not self.wide and self.integer(0, 7) == 0:
            reach = 128 * 128 * weights.values.size // channels
            near = 2**30 + self.rng.integers(-reach, reach, channels)
            values = (near * self.rng.choice([-1, 1], channels)).astype(np.int32)
        if self.wide:
            values = values.astype(np.int64) * 10 ** self.integer(0, 6)
        return Constant(values, Quant(scales, (0,) * len(scales), 0))

    def window(self, height: int, width: int, dilated: bool) -> dict[str, int]:
        """Kernel, strides, dilations and padding that leave at least one output."""
        padding = self.pick(SAME, VALID)
        options = {"padding": padding}
        for axis, size in (("h", height), ("w", width)):
            dilation = self.integer(1, 3) if dilated else 1
            most = size if padding == VALID else 5
            kernel = self.integer(1, max(1, min(5, (most - 1) // dilation + 1)))
            options |= {
                f"kernel_{axis}": kernel,
                f"stride_{axis}": self.integer(1, 3),
                f"dilation_{axis}": dilation,
            }
        return options
