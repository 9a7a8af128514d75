"""The dense block where it could go wrong: every way into its unrolled code, sums and offsets at
the ends of their bits, ties below a clamp; and what it must not be offered for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness
from tests.ops.cases import random_case
from tests.ops.draw import Random
from tests.ops.on_core import Case
from tests.ops.test_dense_cycles import Layer
from tests.ops.variants import cases_of, check_on_core, check_portable, check_within_memory
from tinyforge.boards.cores import CORES
from tinyforge.graph import Graph, Quant
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.target import ANY, TARGETS
from tinyforge.resources import folder
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.spec import OptimizeChoice

DSP = TARGETS["cortex-m4"]
RELU, RELU6 = 1, 3
ZERO_POINT = 3  # of inputs
WORDS, BYTES = "dense, int16 weights", "dense, int8 weights"
WAYS = {WORDS, BYTES, f"{WORDS}, by twos", f"{BYTES}, by twos"}
# The least that two weights can be in half a word.
WIDEST = np.array([[0] * 5, [-128] * 5], np.int8)


class Adversarial(Random):
    """Factors that are powers of two, so that ties abound; values, zero points and biases at the
    ends; channels that cannot vary."""

    def scale(self, low: float = 1e-3, high: float = 0.3) -> float:
        del low, high
        return 2.0 ** -self.integer(0, 5)

    def zero_point(self) -> int:
        return int(self.pick(-128, -128, 127, 0))

    def weights(self, shape: tuple[int, ...], axis: int) -> Constant:
        drawn = super().weights(shape, axis)
        few = self.pick(1, 1, 127)
        return replace(drawn, values=np.clip(drawn.values, -few, few))

    def bias(self, source: TensorSpec, weights: Constant, channels: int) -> Constant | None:
        assert weights.quant is not None
        most = 2 ** self.integer(4, 30)
        values = self.rng.integers(-most, most, channels).astype(np.int32)
        scales = tuple(source.scale * s for s in weights.quant.scale)
        return Constant(values, Quant(scales, (0,) * len(scales), 0))

    def activation(self) -> int:
        return int(self.pick(0, RELU, RELU, RELU6))


def variants(graph: Graph) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, DSP) if k.way in WAYS)


def ways(graph: Graph) -> list[str]:
    return [kernel.way for kernel in variants(graph)]


def layer(
    weights: npt.NDArray[np.int8],
    *,
    rows: int = 1,
    bias: int = 0,
    factor: float = 2.0**-9,
    activation: int = 0,
    zero_point: int = -128,
) -> Graph:
    """FULLY_CONNECTED. bias: of every channel. factor: from its sums to its outputs."""
    channels, depth = weights.shape
    return single_op(
        "FULLY_CONNECTED",
        inputs=[
            TensorSpec((rows, depth), 1.0, ZERO_POINT),
            Constant(weights, Quant((1.0,), (0,))),
            Constant(np.full(channels, bias, np.int32), Quant((1.0,), (0,))),
        ],
        output=TensorSpec((rows, channels), 1 / factor, zero_point),
        options={"fused_activation_function": activation},
    )


def drawn(channels: int, depth: int) -> npt.NDArray[np.int8]:
    rng = np.random.default_rng(depth)
    return rng.integers(-127, 128, (channels, depth)).astype(np.int8)


def at_the_end(sign: int, bits: int, beyond: int = 0, activation: int = 0) -> Graph:
    """Sums of two channels of up to 2**bits - 1, or down to -2**bits + 1; so much more. Few enough
    of their bits are dropped that outputs differ."""
    w = np.repeat(drawn(1, 1024), 2, axis=0)
    ends = np.stack([w[0] * np.int64(end - ZERO_POINT) for end in (-128, 127)])
    bias = 2**bits - 1 + beyond
    bias -= int(ends.max(axis=0).sum()) if sign > 0 else int(-ends.min(axis=0).sum())
    return layer(
        w,
        bias=sign * bias,
        factor=2.0 ** (7 - bits),
        activation=activation,
        zero_point=-128 if sign > 0 else 127,
    )


def graphs() -> Iterator[Graph]:
    """Of each at least one kernel is offered."""
    for depth, rows in product((*range(1, 71), 131), (1, 2, 3)):
        yield layer(drawn(1 + depth % 5, depth), rows=rows, activation=depth % 4)
    for sign, bits, activation in product((1, -1), (23, 30), (0, RELU)):
        yield at_the_end(sign, bits, activation=activation)
    yield layer(WIDEST)
    for op in ("CONV_2D", "FULLY_CONNECTED"):
        yield from (g for s in range(80) if variants(g := random_case(op, s, Adversarial)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), variants, Adversarial)


def test_all_kinds_of_requantization_are_among_the_cases() -> None:
    kinds = {
        (c.kernel.fields["dense.rectified"], c.kernel.fields["dense.activation_max"] == 127)
        for c in cases()
    }
    assert kinds == {(1, True), (0, True), (0, False)}


def test_the_portable_block_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("optimize", "specialized"), [("speed", False), ("size", False), ("speed", True)]
)
def test_the_block_of_a_core_equals_tflm(
    compiler: str, optimize: OptimizeChoice, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, specialized=specialized)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_what_is_read_back_compiles_without_optimizing(compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    graph = Layer(6, 3, 8, 4).graph()
    kernels = OPS["CONV_2D"].variants(graph, graph.operators[0], DSP)
    assert {*WAYS, "Winograd", "Winograd, 4x4"} == {kernel.way for kernel in kernels}
    source = tmp_path / "kernels.c"
    source.write_text(
        "".join(harness.kernel_source(i, graph, kernel) for i, kernel in enumerate(kernels))
    )
    toolchain(compiler).compile_to_read(
        source,
        include=[folder("firmware")],
        core=CORES["cortex-m4"],
        output=tmp_path / "kernels.elf",
    )


def test_a_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_that_do_not_fit_doubled_are_left_to_the_portable_kernel(sign: int) -> None:
    assert ways(at_the_end(sign, 30)) == [WORDS]
    assert not ways(at_the_end(sign, 30, beyond=2))


@pytest.mark.parametrize("sign", [1, -1])
def test_byte_weights_have_room_for_sums_of_24_bits(sign: int) -> None:
    assert ways(at_the_end(sign, 23)) == [WORDS, BYTES]
    assert ways(at_the_end(sign, 23, beyond=1)) == [WORDS]


def test_two_weights_that_do_not_fit_half_a_word_are_left_to_words() -> None:
    assert ways(layer(WIDEST)) == [WORDS, BYTES]
    assert ways(layer(WIDEST - np.array([[1], [0]], np.int8))) == [WORDS]


def test_left_shifts_are_left_to_the_portable_kernel() -> None:
    assert ways(layer(drawn(2, 4), factor=0.49))
    assert not ways(layer(drawn(2, 4), factor=0.5))
    assert not ways(layer(drawn(2, 4), factor=3.0))


@pytest.mark.parametrize("name", ["CONV_2D/int16", "CONV_2D/int4", "FULLY_CONNECTED/int16"])
def test_other_types_are_left_to_other_kernels(name: str) -> None:
    assert not any(variants(random_case(name, seed)[0]) for seed in range(20))


def test_cores_without_the_instructions_are_offered_only_what_skips_zeros() -> None:
    for name in ("CONV_2D", "FULLY_CONNECTED"):
        graph, _ = random_case(name, 0)
        (op,) = graph.operators
        assert all(kernel.skips_zeros for kernel in OPS[name].variants(graph, op, ANY))
