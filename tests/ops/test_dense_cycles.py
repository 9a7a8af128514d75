"""The cycles that dense kernels and Winograd's claim are those that the model counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import alone, harness
from tests.ops.draw import SAME, VALID, without_blocks
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS
from tinyforge.ops.target import TARGETS
from tinyforge.sim.toolchains import gcc, toolchain

# Compilers differ by more where most of the work is to gather inputs.
TOLERANCE = 0.1


@dataclass(frozen=True)
class Layer:
    """A square convolution, or of no size FULLY_CONNECTED.

    zeros: share of blocks of weights; scattered: of weights.
    """

    size: int
    kernel: int
    inputs: int
    outputs: int
    stride: int = 1
    relu: bool = True
    padding: int = SAME
    zeros: float = 0
    scattered: float = 0

    def graph(self) -> Graph:
        rng = np.random.default_rng(self.inputs)
        shape = (self.outputs, self.kernel, self.kernel, self.inputs)
        weights = rng.integers(-127, 128, shape).astype(np.int8)
        if self.zeros:
            weights = without_blocks(weights, self.zeros, rng)
        if self.scattered:
            weights *= rng.random(shape) >= self.scattered
        options = {"fused_activation_function": int(self.relu)}
        before, after = (1, self.inputs), (1, self.outputs)
        if self.size:
            reach = self.kernel - 1 if self.padding == VALID else 0
            out = -(-(self.size - reach) // self.stride)
            options |= {"padding": self.padding, "stride_h": self.stride, "stride_w": self.stride}
            before, after = (
                (1, n, n, c) for n, c in ((self.size, self.inputs), (out, self.outputs))
            )
        else:
            weights = weights.reshape(self.outputs, self.inputs)
        return single_op(
            "CONV_2D" if self.size else "FULLY_CONNECTED",
            inputs=[TensorSpec(before, 0.1, 5), Constant(weights, Quant((0.01,), (0,))), None],
            output=TensorSpec(after, 1.0, -128),
            options=options,
        )


LAYERS = (
    Layer(9, 1, 64, 64),
    Layer(12, 3, 16, 16),
    Layer(8, 3, 20, 10, stride=2, relu=False),
    Layer(16, 3, 3, 8),
    Layer(16, 3, 1, 12, padding=VALID),
    Layer(3, 1, 128, 30),
    Layer(0, 1, 128, 64),
    Layer(0, 1, 36, 7, relu=False),
    Layer(8, 3, 32, 32, zeros=0.8),
    Layer(9, 1, 64, 30, zeros=0.5, relu=False),
    Layer(9, 2, 12, 9, zeros=0.95, padding=VALID),
    Layer(0, 1, 640, 64, zeros=0.9),
    Layer(0, 1, 36, 7, relu=False, zeros=0.4),
    Layer(8, 3, 32, 32, scattered=0.8),
    Layer(10, 1, 64, 48, scattered=0.6, relu=False),
    Layer(12, 3, 6, 16, stride=2, scattered=0.7),
)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_estimates_are_near_what_is_counted(layer: Layer, compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = layer.graph()
    (op,) = graph.operators
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    (expected,) = harness.tflm(graph, [x])
    kernels = OPS[op.op].variants(graph, op, TARGETS["cortex-m4"])
    assert kernels
    for kernel in kernels:
        found = alone.run(graph, kernel, [x], toolchain(compiler), tmp_path)
        np.testing.assert_array_equal(found.output, expected, kernel.way)
        assert kernel.cycles == pytest.approx(found.cycles, rel=TOLERANCE), kernel.way
