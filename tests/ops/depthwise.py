"""Depthwise layers with weights and biases of any values, and their kernels for cores with DSP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

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

_M4 = TARGETS["cortex-m4"]
NONE, RELU6 = 0, 3


@dataclass(frozen=True)
class Layer:
    """A depthwise layer with weights and biases of any values."""

    height: int = 5
    width: int = 5
    channels: int = 4
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    dilation: int = 1
    padding: int = SAME
    multiplier: int = 1
    zero_point: int = -128
    output_scale: float = 0.05
    output_zero_point: int = -128  # 0 where there are ties
    ties: bool = False  # many sums lie halfway between two outputs
    bias: int = 3000
    weight: int | None = None  # all of them, where they are not any
    activation: int = NONE

    def _size(self, n: int, kernel: int) -> int:
        reach = 1 if self.padding == SAME else (kernel - 1) * self.dilation + 1
        return (n + self.stride - reach) // self.stride

    def graph(self) -> Graph:
        rng = np.random.default_rng([self.width, self.channels])
        out = self.channels * self.multiplier
        weight_scales = (2.0**-9,) * out if self.ties else tuple(np.linspace(0.002, 0.004, out))
        scale, output_scale = (2.0**-6, 2.0**-6) if self.ties else (0.02, self.output_scale)
        bias_scales = tuple(scale * s for s in weight_scales)
        weights = rng.integers(-127, 128, (1, *self.kernel, out)).astype(np.int8)
        if self.weight is not None:
            weights = np.full_like(weights, self.weight)
        bias = rng.choice([-self.bias, self.bias], out).astype(np.int32)
        size = map(self._size, (self.height, self.width), self.kernel)
        shape = (1, *size, out)
        return single_op(
            "DEPTHWISE_CONV_2D",
            inputs=[
                TensorSpec((1, self.height, self.width, self.channels), scale, self.zero_point),
                Constant(weights, Quant(weight_scales, (0,) * out, 3)),
                Constant(bias, Quant(bias_scales, (0,) * out, 0)),
            ],
            output=TensorSpec(shape, output_scale, 0 if self.ties else self.output_zero_point),
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


# Kernel, stride, dilation.
Forms = Sequence[tuple[tuple[int, int], int, int]]


def layers_of(forms: Forms, *, height: int, channels: int) -> Iterator[Layer]:
    """Of each form in and out of the picture, each with one channel more than the one before."""
    sides = ((SAME, 127), (VALID, 0), (SAME, -128))
    for (i, (kernel, stride, dilation)), (padding, zero_point) in product(enumerate(forms), sides):
        yield Layer(
            height=height,
            width=9,
            channels=channels + i,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            padding=padding,
            zero_point=zero_point,
            ties=zero_point == 0,
            activation=RELU6 * (i % 2),
        )


def variants(layer: Layer) -> list[Kernel]:
    graph = layer.graph()
    (op,) = graph.operators
    assert not OPS[op.op].variants(graph, op, ANY)
    return list(OPS[op.op].variants(graph, op, _M4))


def case(layer: Layer, way: str) -> Case:
    """The layer's only variant, which computes so."""
    (kernel,) = variants(layer)
    assert kernel.way == way
    graph = layer.graph()
    shape = graph.input_tensors[0].shape
    x = np.random.default_rng(layer.width).integers(-128, 128, shape).astype(np.int8)
    return Case(str(layer), graph, kernel, [x], harness.tflm(graph, [x]))


def assert_equal_tflm(cases: list[Case], core: str, compiler: str, workspace: Path) -> None:
    made = on_core.program(cases, specialized=True)
    found = on_core.run(
        made, CORES[core], workspace, compiler=toolchain(compiler), machine=machine("unicorn")
    )
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


def assert_costs_as_estimated(
    found: Case, compiler: str, workspace: Path, *, within: float
) -> None:
    done = alone.run(found.graph, found.kernel, [*found.inputs], toolchain(compiler), workspace)
    np.testing.assert_array_equal(done.output, found.outputs[0])
    assert found.kernel.cycles is not None
    assert abs(found.kernel.cycles / done.cycles - 1) < within, (found.kernel.cycles, done.cycles)
