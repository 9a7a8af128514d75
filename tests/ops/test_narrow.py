"""Kernels for Cortex-M0+ where they could go wrong: every way into their unrolled code, sums at the
ends of their bits, weights whose products do not come apart; what they must not be offered for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.ops.cases import random_case
from tests.ops.draw import Random
from tests.ops.on_core import Case
from tests.ops.test_dense import RELU, WIDEST, Adversarial, at_the_end, drawn, layer
from tests.ops.variants import cases_of, check_on_core, check_portable, check_within_memory
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.base import LISTED
from tinyforge.ops.target import ANY, TARGETS
from tinyforge.spec import OptimizeChoice

CORE = "cortex-m0plus"
NAMES = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
WAYS = {"two pixels a word", "two channels a word", "a list of taps"}


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    """One, or none."""
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, TARGETS[CORE]) if k.way in WAYS)


def graphs() -> Iterator[Graph]:
    """Of each a kernel is offered."""
    for depth in range(1, 36):
        yield layer(drawn(1 + depth % 5, depth), rows=1 + depth % 3, activation=depth % 4)
    for sign in (1, -1):
        yield at_the_end(sign, 30)
        yield at_the_end(sign, 30, activation=RELU)
    # The most that two neighbouring products come to: 16384 + 16256.
    yield layer(WIDEST + np.arange(5, dtype=np.int8) % 2)
    for op, kind in product(NAMES, (Random, Adversarial)):
        yield from (g for s in range(60) if kernels(g := random_case(op, s, kind)[0]))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Adversarial)


def test_all_kernels_are_among_the_cases() -> None:
    assert {case.kernel.way for case in cases()} == WAYS


def test_the_portable_kernels_equal_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize(
    ("optimize", "specialized"), [("speed", False), ("size", False), ("speed", True)]
)
def test_the_kernels_of_the_core_equal_tflm(
    compiler: str, optimize: OptimizeChoice, specialized: bool, tmp_path: Path
) -> None:
    check_on_core(cases(), compiler, tmp_path, optimize, specialized=specialized, core=CORE)


def test_a_kernel_stays_within_its_memory(tmp_path: Path) -> None:
    check_within_memory(cases(), tmp_path)


def test_products_that_do_not_come_apart_are_left_to_the_portable_kernel() -> None:
    assert not kernels(layer(WIDEST))


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_that_do_not_fit_doubled_are_left_to_the_portable_kernel(sign: int) -> None:
    assert not kernels(at_the_end(sign, 30, beyond=2))


@pytest.mark.parametrize("kind", ["int16", "int4"])
def test_other_types_are_left_to_other_kernels(kind: str) -> None:
    for name in NAMES:
        assert not any(kernels(random_case(f"{name}/{kind}", seed)[0]) for seed in range(10))


def test_cores_that_are_not_named_are_offered_none_of_them() -> None:
    for name in NAMES:
        graph, _ = random_case(name, 0)
        (op,) = graph.operators
        assert {k.way for k in OPS[name].variants(graph, op, ANY)} <= {LISTED}
