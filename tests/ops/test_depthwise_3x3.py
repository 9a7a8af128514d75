"""The kernel for depthwise filters of 3x3: when it is offered, all its blocks, what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import alone, harness, on_core
from tests.ops.draw import SAME, VALID
from tests.ops.on_core import Case
from tinyforge.boards.cores import CORES
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import ANY, TARGETS
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

M4 = TARGETS["cortex-m4"]
NONE, RELU, RELU6 = 0, 1, 3


@dataclass(frozen=True)
class Layer:
    """A depthwise layer with weights and biases of any values."""

    height: int = 5
    width: int = 5
    channels: int = 4
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    padding: int = SAME
    multiplier: int = 1
    zero_point: int = -128
    output_scale: float = 0.05
    ties: bool = False  # many sums lie halfway between two outputs
    bias: int = 3000
    activation: int = NONE

    def _size(self, n: int) -> int:
        reach = 1 if self.padding == SAME else (self.kernel - 1) * self.dilation + 1
        return (n + self.stride - reach) // self.stride

    def graph(self) -> Graph:
        rng = np.random.default_rng([self.width, self.channels])
        out = self.channels * self.multiplier
        weight_scales = (2.0**-9,) * out if self.ties else tuple(np.linspace(0.002, 0.004, out))
        scale, output_scale = (2.0**-6, 2.0**-6) if self.ties else (0.02, self.output_scale)
        bias_scales = tuple(scale * s for s in weight_scales)
        weights = rng.integers(-127, 128, (1, self.kernel, self.kernel, out)).astype(np.int8)
        bias = rng.choice([-self.bias, self.bias], out).astype(np.int32)
        shape = (1, self._size(self.height), self._size(self.width), out)
        return single_op(
            "DEPTHWISE_CONV_2D",
            inputs=[
                TensorSpec((1, self.height, self.width, self.channels), scale, self.zero_point),
                Constant(weights, Quant(weight_scales, (0,) * out, 3)),
                Constant(bias, Quant(bias_scales, (0,) * out, 0)),
            ],
            output=TensorSpec(shape, output_scale, 0 if self.ties else -128),
            options={
                "padding": self.padding,
                "stride_h": self.stride,
                "stride_w": self.stride,
                "dilation_h_factor": self.dilation,
                "dilation_w_factor": self.dilation,
                "depth_multiplier": self.multiplier,
                "fused_activation_function": self.activation,
            },
        )


def variants(graph: Graph) -> list[Kernel]:
    (op,) = graph.operators
    assert not OPS[op.op].variants(graph, op, ANY)
    return list(OPS[op.op].variants(graph, op, M4))


def case(layer: Layer, label: str) -> Case:
    graph = layer.graph()
    (kernel,) = variants(graph)
    shape = graph.input_tensors[0].shape
    x = np.random.default_rng(layer.width).integers(-128, 128, shape).astype(np.int8)
    return Case(label, graph, kernel, [x], harness.tflm(graph, [x]))


@pytest.mark.parametrize(
    "layer",
    [
        Layer(),
        Layer(stride=2),
        Layer(channels=7, padding=VALID),
        Layer(width=1),
        Layer(height=1),
        Layer(activation=RELU6),
        Layer(bias=2**30 - 2**20),
    ],
)
def test_is_offered(layer: Layer) -> None:
    assert len(variants(layer.graph())) == 1


@pytest.mark.parametrize(
    "layer",
    [
        Layer(channels=3),
        Layer(kernel=2),
        Layer(stride=3),
        Layer(dilation=2),
        Layer(multiplier=2),
        Layer(output_scale=3e-5),  # a factor above 1/2
        Layer(bias=2**31 - 2**20),  # sums that leave 32 bits when doubled
    ],
)
def test_is_not_offered(layer: Layer) -> None:
    assert not variants(layer.graph())


@pytest.mark.parametrize(
    ("compiler", "core"),
    [("gcc", "cortex-m4"), ("zig", "cortex-m4"), ("gcc", "cortex-m7"), ("zig", "cortex-m33")],
)
def test_all_blocks_equal_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    """Rows of every width, so of every sequence of blocks."""
    layers = [
        Layer(
            width=width,
            stride=stride,
            padding=padding,
            channels=4 + width % 5,
            zero_point=(-128, 0, 127)[(width + padding) % 3],
            ties=(width + padding + stride) % 3 == 0,
        )
        for width in (*range(1, 16), 20, 25)
        for stride in (1, 2)
        for padding in (SAME, VALID)
        if width >= 3 or padding == SAME
    ]
    made = on_core.program([case(layer, str(layer)) for layer in layers], specialized=True)
    found = on_core.run(
        made, CORES[core], tmp_path, compiler=toolchain(compiler), machine=machine("unicorn")
    )
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize(
    "layer",
    [
        Layer(25, 5, 64),
        Layer(10, 48, 8, activation=RELU6, output_scale=0.1),
        Layer(12, 12, 32, stride=2),
        Layer(3, 3, 128),
        Layer(13, 7, 16, stride=2, padding=VALID),
    ],
)
def test_cycles_are_about_as_estimated(layer: Layer, compiler: str, tmp_path: Path) -> None:
    found = case(layer, "")
    assert found.kernel.cycles is not None
    (x,), (expected,) = found.inputs, found.outputs
    done = alone.run(found.graph, found.kernel, [x], toolchain(compiler), tmp_path)
    np.testing.assert_array_equal(done.output, expected)
    assert abs(found.kernel.cycles / done.cycles - 1) < 0.1, (found.kernel.cycles, done.cycles)
