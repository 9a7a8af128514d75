"""Winograd's way to 3x3 convolutions: exact at every size, in the padding and at the ends of its
sums; and what it must not be offered for."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness, on_core
from tests.ops.cases import random_case
from tests.ops.draw import SAME, VALID, Random
from tests.ops.on_core import Case
from tests.ops.test_dense import DSP, Adversarial
from tinyforge.boards.cores import CORES
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS, Kernel
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import gcc, toolchain

WAY = "Winograd"
STRIDE = {"stride_h": 1, "stride_w": 1}


def kernel_of(graph: Graph) -> Kernel | None:
    (op,) = graph.operators
    return next((k for k in OPS[op.op].variants(graph, op, DSP) if k.way == WAY), None)


def convolution(r: Random, size: tuple[int, int], channels: int, out: int, padding: int) -> Graph:
    height, width = (n if padding == SAME else n - 2 for n in size)
    source = r.spec(1, *size, channels)
    weights = r.weights((out, 3, 3, channels), 0)
    return single_op(
        "CONV_2D",
        inputs=[source, weights, r.bias(source, weights, out)],
        output=r.spec(1, height, width, out),
        options=STRIDE | {"padding": padding, "fused_activation_function": r.activation()},
    )


def random_convolution(seed: int, kind: type[Random]) -> Graph:
    r = kind(np.random.default_rng(seed))
    padding = r.pick(SAME, VALID)
    least = 1 if padding == SAME else 3
    size = r.integer(least, 11), r.integer(least, 11)
    return convolution(r, size, 4 * r.integer(1, 12), r.integer(1, 7), padding)


def largest(channels: int, bias: int) -> Graph:
    """Weights whose transform is as large as can be."""
    return single_op(
        "CONV_2D",
        inputs=[
            TensorSpec((1, 5, 5, channels), 1.0, -128),
            Constant(np.full((2, 3, 3, channels), 127, np.int8), Quant((1.0,), (0,))),
            Constant(np.full(2, bias, np.int32), Quant((1.0,), (0,))),
        ],
        output=TensorSpec((1, 5, 5, 2), 2.0**22, -128),
        options=STRIDE | {"padding": SAME},
    )


def graphs() -> Iterator[Graph]:
    for kind in (Random, Adversarial):
        yield from (g for s in range(60) if kernel_of(g := random_convolution(s, kind)))
    # Every way into the unrolled code, and around it more than once.
    r = Random(np.random.default_rng(0))
    found = [convolution(r, (4, 5), 4 * quads, 3, SAME) for quads in range(1, 20)]
    yield from (graph for graph in found if kernel_of(graph))
    yield largest(844, 0)


@cache
def cases() -> tuple[Case, ...]:
    found = []
    for number, graph in enumerate(graphs()):
        r = Adversarial(np.random.default_rng(number))
        inputs = [r.values(graph.input_tensors[0].shape)]
        kernel = kernel_of(graph)
        assert kernel is not None
        found.append(Case(f"case {number}", graph, kernel, inputs, harness.tflm(graph, inputs)))
    return tuple(found)


def test_all_kinds_are_among_the_cases() -> None:
    fields = [c.kernel.fields for c in cases()]
    kinds = {
        (f["dense.rectified"], f["dense.activation_min"] == -128, f["dense.activation_max"])
        for f in fields
    }
    assert {(1, True, 127), (0, True, 127)} < kinds
    assert any(top < 127 for *_, top in kinds)
    assert {f["width"] % 4 for f in fields} == {0, 1, 2, 3}
    assert {f["window.pad_left"] for f in fields} == {0, 1}
    assert {f["dense.channels"] % 2 for f in fields} == {0, 1}
    assert {c.graph.output_tensors[0].shape[1] % 2 for c in cases()} == {0, 1}


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    sources = [harness.kernel_source(i, c.graph, c.kernel) for i, c in enumerate(cases())]
    library = harness.built(sources, tmp_path)
    for i, c in enumerate(cases()):
        (found,) = harness.run_compiled(library, i, c.graph, c.inputs)
        np.testing.assert_array_equal(found, c.outputs[0], c.label)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_the_kernel_of_a_core_equals_tflm(compiler: str, optimize: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    tools = replace(toolchain(compiler), optimize=optimize)
    made = on_core.program(cases())
    runner = machine("unicorn")
    found = on_core.run(made, CORES["cortex-m4"], tmp_path, compiler=tools, machine=runner)
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


def test_it_stays_within_its_memory(tmp_path: Path) -> None:
    margin = bytes(range(1, 9))
    sources = []
    for i, c in enumerate(cases()):
        size = c.kernel.form.tile_bytes + len(margin)
        source, found = re.subn(
            r"static int32_t scratch\[\d+\];", "", harness.kernel_source(i, c.graph, c.kernel)
        )
        assert found == 1
        body = f"void case_{i}("
        memory = f"_Alignas(4) int8_t memory_{i}[{size}];\n#undef scratch\n"
        sources.append(source.replace(body, f"{memory}#define scratch memory_{i}\n{body}"))
    library = harness.built(sources, tmp_path)
    for i, c in enumerate(cases()):
        size = c.kernel.form.tile_bytes
        memory = (ctypes.c_char * (size + len(margin))).in_dll(library, f"memory_{i}")
        memory[size:] = margin
        harness.run_compiled(library, i, c.graph, c.inputs)
        assert memory[size:] == margin, c.label


def test_where_a_sum_could_leave_32_bits_it_is_not_offered() -> None:
    assert kernel_of(largest(844, 0))
    assert not kernel_of(largest(848, 0))
    assert not kernel_of(largest(844, 2**21))


def test_other_windows_are_left_to_others() -> None:
    for seed in range(60):
        graph, _ = random_case("CONV_2D", seed)
        (op,) = graph.operators
        shape = graph.tensors[op.inputs[1]].shape
        if shape[1:3] != (3, 3) or shape[3] % 4 or op.options.get("stride_h") != 1:
            assert not kernel_of(graph)
    r = Random(np.random.default_rng(1))
    assert not kernel_of(convolution(r, (6, 6), 6, 4, SAME))
