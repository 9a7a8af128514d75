"""CONV_2D by lists of weights on inputs where they lie: windows that reach into the padding on
every side, rows that no number of windows at once divides, weights far from each other, rows of a
window without any; on every core; what it takes, and where it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import layers
from tests.corpus.builder import Constant, GraphBuilder, TensorSpec, single_op
from tests.ops import alone, test_size_cycles
from tests.ops.cases import random_case
from tests.ops.draw import SAME, VALID
from tests.ops.on_core import Case
from tests.ops.test_dense import RELU, ZERO_POINT, drawn
from tests.ops.test_dense_cycles import Layer
from tests.ops.test_sparse import Pruned
from tests.ops.variants import (
    cases_of,
    check_compiles_to_read,
    check_on_core,
    check_portable,
)
from tinyforge.graph import Graph, Quant
from tinyforge.memory.search import Aim, plan
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.base import LISTED
from tinyforge.ops.costs import memory_bytes, table_bytes
from tinyforge.ops.target import ANY, TARGETS, Target
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.spec import ToolchainChoice

DSP, NARROW, VECTORS = (TARGETS[f"cortex-{core}"] for core in ("m4", "m0plus", "m55"))
FARTHEST = 255  # inputs that a byte of the stream can say
# Estimates of portable C: two compilers make different code of it.
TOLERANCE = 0.25


def kernels(graph: Graph, target: Target = ANY) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, target) if k.way == LISTED)


def conv(
    weights: npt.NDArray[np.int8],
    *,
    width: int = 8,
    stride: int = 1,
    dilation: int = 1,
    activation: int = 0,
    bias: int = 0,
) -> Graph:
    """weights: (channels, height, width, input channels), over as many rows as the window has."""
    channels, rows, _, inputs = weights.shape
    return single_op(
        "CONV_2D",
        inputs=[
            TensorSpec((1, rows, width, inputs), 2.0**-5, ZERO_POINT),
            Constant(weights, Quant((2.0**-7,), (0,))),
            Constant(np.full(channels, bias, np.int32), Quant((1.0,), (0,))),
        ],
        output=TensorSpec((1, rows, -(-width // stride), channels), 2.0**-3, -128),
        options={
            "padding": SAME,
            "stride_h": 1,
            "stride_w": stride,
            "dilation_h_factor": 1,
            "dilation_w_factor": dilation,
            "fused_activation_function": activation,
        },
    )


def listed(shape: tuple[int, ...], places: list[int]) -> npt.NDArray[np.int8]:
    """(channels, height, width, input channels) with weights in these places of each alone."""
    kept = np.zeros((shape[0], int(np.prod(shape[1:]))), np.int8)
    kept[:, places] = drawn(shape[0], len(places)) | 1
    return kept.reshape(shape)


def graphs() -> Iterator[Graph]:
    """Of each the kernel is offered."""
    for width, stride, dilation in product(range(1, 12), (1, 2), (1, 2)):
        places = [0, 3, 15, 22, 32, 44, 47, 63, 64, 80, 95, 96, 128, 143]
        weights = listed((1 + width % 5, 3, 3, 16), places)
        yield conv(weights, width=width, stride=stride, dilation=dilation, activation=width % 4)
    for gap in (254, 255, 256, 509, 510, 511):
        yield conv(listed((3, 1, 3, 300), [1, gap + 1, gap + 7]), activation=RELU)
    yield conv(listed((2, 2, 1, 4000), list(range(0, 4000, 7))), width=2)
    yield conv(np.zeros((5, 3, 3, 8), np.int8), bias=77777)
    yield from (g for s in range(400) if kernels(g := random_case("CONV_2D", s, Pruned)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Pruned)


def test_all_kinds_are_among_the_cases() -> None:
    fields = [case.kernel.fields for case in cases()]
    kinds = {(f["dense.rectified"], f["dense.activation_max"] == 127) for f in fields}
    assert kinds == {(1, True), (0, True), (0, False)}
    assert {f["window.stride_width"] for f in fields} == {1, 2, 3}
    assert {f["window.dilation_width"] for f in fields} == {1, 2, 3}
    assert any(f["window.pad_top"] for f in fields)
    assert any(f["window.pad_left"] for f in fields)
    assert not any(memory_bytes(case.kernel) for case in cases())


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m3", "cortex-m33"])
def test_the_kernel_of_a_core_equals_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, core=core)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_compiled_for_its_constants_it_equals_tflm(compiler: str, tmp_path: Path) -> None:
    check_on_core(cases()[::3], compiler, tmp_path, "size", specialized=True)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    check_compiles_to_read(cases()[-4:], compiler, tmp_path)


def test_a_weight_takes_two_bytes() -> None:
    """Beside them 16 bytes of each channel, two of each of its rows, up to 2 to a whole word; all
    are loaded for each four windows of a row."""
    for count in (1, 2, 7):
        (kernel,) = kernels(conv(listed((6, 3, 1, 100), list(range(count))), width=9))
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.nbytes == table_bytes(kernel) == 6 * (16 + 4 * -(-(3 + count) // 2))
        assert kernel.reads == 3 * 3 * stream.nbytes


def test_a_weight_that_a_byte_cannot_reach_has_others_before_it() -> None:
    for gap in (1, FARTHEST, FARTHEST + 1, 2 * FARTHEST + 1):
        (kernel,) = kernels(conv(listed((1, 1, 1, 1000), [gap])))
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        assert stream.values[1] & 0xFFFF == -(-gap // FARTHEST)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    "shape",
    [
        Layer(8, 3, 32, 32, scattered=0.8),
        Layer(16, 1, 64, 48, scattered=0.9, relu=False),
        Layer(12, 3, 16, 16, stride=2, scattered=0.9),
        Layer(16, 3, 16, 8, scattered=0.9, padding=VALID),
        Layer(1, 1, 64, 70, scattered=0.95),
    ],
)
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m3"])
def test_estimates_are_near_what_is_counted_and_that_is_less_than_of_dense_weights(
    shape: Layer, core: str, compiler: str, tmp_path: Path
) -> None:
    """Of the core that has a model cycles, of others instructions."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = shape.graph()
    (op,) = graph.operators
    (kernel,) = kernels(graph, TARGETS.get(core, ANY))
    anywhere = OPS[op.op].lower
    assert anywhere is not None
    x = np.random.default_rng(0).integers(-128, 128, graph.input_tensors[0].shape).astype(np.int8)
    tools = toolchain(compiler)

    def counted(kernel: Kernel) -> int:
        if core == "cortex-m4":
            return alone.run(graph, kernel, [x], tools, tmp_path).cycles
        return alone.on(graph, kernel, [x], tools, tmp_path, core).instructions

    found = counted(kernel)
    assert kernel.cycles == pytest.approx(found, rel=TOLERANCE)
    assert found < counted(anywhere(graph, op))


def network() -> Graph:
    """Every layer is an output, so that none runs within another."""
    rng, b = np.random.default_rng(3), GraphBuilder("network")
    x = b.input((1, 12, 10, 8), 1 / 64, -3)
    found = []
    for filters, kernel, stride in ((40, 3, 1), (64, 1, 1), (21, 3, 2), (40, 3, 1)):
        size, step = (kernel, kernel), (stride, stride)
        x = layers.conv_2d(b, rng, x, filters=filters, kernel=size, stride=step)
        found.append(x)
    graph = b.build(found)
    tensors = list(graph.tensors)
    for op in graph.operators:
        t = tensors[op.inputs[1]]
        assert t.data is not None
        kept = t.data * (rng.random(t.shape) >= 0.85)
        tensors[t.index] = replace(t, data=kept.astype(np.int8))
    return replace(graph, tensors=tuple(tensors))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_estimates_of_code_for_size_are_near_what_is_counted(
    core: str, compiler: ToolchainChoice
) -> None:
    """Of layers in one model: only there do they share functions."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = network()
    kernels = plan(graph, Aim("size", TARGETS[core])).kernels.values()
    found = zip(kernels, test_size_cycles.ratios(graph, core, compiler), strict=True)
    ratios = [ratio for kernel, (_, ratio) in found if kernel.way == LISTED]
    assert len(ratios) >= 2
    assert ratios == pytest.approx([1] * len(ratios), rel=TOLERANCE)


def test_where_it_is_not_offered() -> None:
    shape = (8, 3, 3, 16)
    few, most = list(range(0, 144, 9)), list(range(72))
    for target in (ANY, DSP, NARROW):
        assert kernels(conv(listed(shape, few)), target)
        assert not kernels(conv(listed(shape, most)), target)
    assert not kernels(conv(listed(shape, few)), VECTORS)
    for name in ("int16", "int4"):
        found = (random_case(f"CONV_2D/{name}", seed, Pruned)[0] for seed in range(20))
        assert not any(map(kernels, found))


@pytest.mark.parametrize("target", [ANY, NARROW, DSP])
def test_least_memory_goes_with_fewer_tables(target: Target) -> None:
    """It takes no memory for itself; of few weights too little is saved."""
    for inputs, expected in ((64, LISTED), (8, "portable")):
        graph = conv(listed((8, 3, 3, inputs), list(range(0, 9 * inputs, 15))))
        found = plan(graph, Aim("size", target))
        assert found.kernels[0].way == expected
        assert found.arena_bytes == plan(graph, Aim("size")).arena_bytes
