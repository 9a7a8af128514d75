"""Random single-operator models: geometry, quantization and weights within what TFLM accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import Constant, TensorSpec, single_op
from tinyforge.graph import Graph, Quant

SAME, VALID = 0, 1


@dataclass
class Random:
    """Draws what a case is made of."""

    rng: np.random.Generator

    def integer(self, low: int, high: int) -> int:
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, *choices: Any) -> Any:
        return choices[self.integer(0, len(choices) - 1)]

    def scale(self, low: float = 1e-3, high: float = 0.3) -> float:
        return float(np.float32(np.exp(self.rng.uniform(np.log(low), np.log(high)))))

    def zero_point(self) -> int:
        return int(self.pick(-128, 127, 0, self.integer(-128, 127)))

    def values(self, shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
        """int8 values: any, extreme ones only, or mostly zeros."""
        full = self.rng.integers(-128, 128, shape)
        kind = self.integer(0, 3)
        if kind == 0:
            full = np.where(full < 0, -128, 127)
        if kind == 1:
            full = np.where(self.rng.random(shape) < 0.8, 0, full)
        return full.astype(np.int8)

    def spec(self, *shape: int, scale: float | None = None) -> TensorSpec:
        return TensorSpec(shape, self.scale() if scale is None else scale, self.zero_point())

    def activation(self) -> int:
        """NONE, RELU, RELU_N1_TO_1 or RELU6."""
        return self.integer(0, 3)

    def weights(self, shape: tuple[int, ...], axis: int) -> Constant:
        """Symmetric int8, one scale or one a channel."""
        values = np.clip(self.values(shape), -127, 127)
        count = int(self.pick(1, shape[axis]))
        scales = tuple(self.scale(1e-4, 0.1) for _ in range(count))
        return Constant(values, Quant(scales, (0,) * count, axis))

    def bias(self, source: TensorSpec, weights: Constant, channels: int) -> Constant | None:
        """int32 at the accumulators' scale, or none."""
        if self.integer(0, 3) == 0:
            return None
        assert weights.quant is not None
        scales = tuple(source.scale * s for s in weights.quant.scale)
        values = self.rng.integers(-(10 ** self.integer(1, 6)), 10**6, channels).astype(np.int32)
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


def _output_size(size: int, axis: str, w: dict[str, int]) -> int:
    stride = w[f"stride_{axis}"]
    reach = (w[f"kernel_{axis}"] - 1) * w[f"dilation_{axis}"] + 1
    return (size + stride - (1 if w["padding"] == SAME else reach)) // stride


def conv_2d(r: Random) -> Graph:
    height, width, channels, out = (r.integer(1, 9) for _ in range(4))
    w = r.window(height, width, dilated=True)
    source = r.spec(1, height, width, channels)
    weights = r.weights((out, w["kernel_h"], w["kernel_w"], channels), 0)
    return single_op(
        "CONV_2D",
        inputs=[source, weights, r.bias(source, weights, out)],
        output=r.spec(1, _output_size(height, "h", w), _output_size(width, "w", w), out),
        options={
            "padding": w["padding"],
            "stride_h": w["stride_h"],
            "stride_w": w["stride_w"],
            "dilation_h_factor": w["dilation_h"],
            "dilation_w_factor": w["dilation_w"],
            "fused_activation_function": r.activation(),
        },
    )


def depthwise_conv_2d(r: Random) -> Graph:
    height, width, channels = (r.integer(1, 9) for _ in range(3))
    multiplier = r.pick(1, 1, 2, 3)
    w = r.window(height, width, dilated=True)
    source = r.spec(1, height, width, channels)
    out = channels * multiplier
    weights = r.weights((1, w["kernel_h"], w["kernel_w"], out), 3)
    return single_op(
        "DEPTHWISE_CONV_2D",
        inputs=[source, weights, *filter(None, [r.bias(source, weights, out)])],
        output=r.spec(1, _output_size(height, "h", w), _output_size(width, "w", w), out),
        options={
            "padding": w["padding"],
            "stride_h": w["stride_h"],
            "stride_w": w["stride_w"],
            "dilation_h_factor": w["dilation_h"],
            "dilation_w_factor": w["dilation_w"],
            "depth_multiplier": multiplier,
            "fused_activation_function": r.activation(),
        },
    )


def fully_connected(r: Random) -> Graph:
    depth, out = r.integer(1, 40), r.integer(1, 20)
    source = r.spec(*r.pick((1, depth), (1, 3, depth)))
    weights = r.weights((out, depth), 0)
    keep = len(source.shape) == 3
    return single_op(
        "FULLY_CONNECTED",
        inputs=[source, weights, r.bias(source, weights, out)],
        output=r.spec(*source.shape[:-1], out),
        options={"fused_activation_function": r.activation(), "keep_num_dims": keep},
    )


def pool(name: str) -> Callable[[Random], Graph]:
    def case(r: Random) -> Graph:
        height, width, channels = (r.integer(1, 9) for _ in range(3))
        w = r.window(height, width, dilated=False)
        source = r.spec(1, height, width, channels)
        shape = (1, _output_size(height, "h", w), _output_size(width, "w", w), channels)
        return single_op(
            name,
            inputs=[source],
            output=TensorSpec(shape, source.scale, source.zero_point),
            options={
                "padding": w["padding"],
                "stride_h": w["stride_h"],
                "stride_w": w["stride_w"],
                "filter_height": w["kernel_h"],
                "filter_width": w["kernel_w"],
                "fused_activation_function": r.activation(),
            },
        )

    return case


def add(r: Random) -> Graph:
    shape = (1, r.integer(1, 5), r.integer(1, 5), r.integer(1, 9))
    other: tuple[int, ...] = r.pick(shape, shape, shape[3:], (1, 1, 1, shape[3]), (1,))
    first: TensorSpec | Constant = r.spec(*shape)
    second: TensorSpec | Constant = r.spec(*other)
    if r.integer(0, 2) == 0:
        assert isinstance(second, TensorSpec)
        second = Constant(r.values(other), second.quant)
    operands = [first, second] if r.integer(0, 1) else [second, first]
    return single_op(
        "ADD",
        inputs=operands,
        output=r.spec(*shape),
        options={"fused_activation_function": r.activation(), "pot_scale_int16": False},
    )


def softmax(r: Random) -> Graph:
    source = r.spec(*r.pick((1, 1), (1, 2), (1, r.integer(3, 40)), (1, 4, 5)))
    return single_op(
        "SOFTMAX",
        inputs=[source],
        output=TensorSpec(source.shape, 1 / 256, -128),
        options={"beta": r.pick(1.0, 1.0, 0.5, 2.0)},
    )


def logistic(r: Random) -> Graph:
    source = r.spec(1, 256)
    output = TensorSpec(source.shape, 1 / 256, -128)
    return single_op("LOGISTIC", inputs=[source], output=output)


def relu(r: Random) -> Graph:
    source = r.spec(1, 256)
    return single_op("RELU", inputs=[source], output=r.spec(1, 256))


def relu6(r: Random) -> Graph:
    source = r.spec(1, 256)
    output = TensorSpec(source.shape, source.scale, source.zero_point)
    return single_op("RELU6", inputs=[source], output=output)


CASES: dict[str, Callable[[Random], Graph]] = {
    "ADD": add,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "FULLY_CONNECTED": fully_connected,
    "LOGISTIC": logistic,
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "RELU": relu,
    "RELU6": relu6,
    "SOFTMAX": softmax,
}


def random_case(op: str, seed: int) -> tuple[Graph, list[npt.NDArray[np.int8]]]:
    """A model of one operator, and values for its inputs. The same for the same seed."""
    r = Random(np.random.default_rng([seed, *op.encode()]))
    graph = CASES[op](r)
    return graph, [r.values(graph.tensors[t].shape) for t in graph.inputs]
