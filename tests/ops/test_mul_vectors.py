"""MUL on vectors of a Cortex-M55: shapes that broadcast, factors up to 1 and beyond, ties."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import harness
from tests.ops.cases import random_case
from tests.ops.draw import Random
from tests.ops.on_core import Case
from tests.ops.test_dense import Adversarial
from tests.ops.test_tabled_sum import ALL, every_pair
from tests.ops.variants import check_on_core
from tinyforge.graph import Graph

CORE = "cortex-m55"
# Of the output: factors below 1/2, below 1, of 1 and above, with and without ties.
SCALES = (0.37, 8.0, 0.02, 0.14, 0.003, 0.015625)


def graph(scale: float, activation: int) -> Graph:
    specs = [TensorSpec(ALL, 0.125, zero_point) for zero_point in (-128, 100)]
    return single_op(
        "MUL",
        inputs=specs,
        output=TensorSpec(ALL, scale, -3),
        options={"fused_activation_function": activation},
    )


@cache
def cases() -> tuple[Case, ...]:
    drawn = [(graph(scale, 3 * (i % 2)), every_pair()) for i, scale in enumerate(SCALES)]
    drawn += [
        random_case("MUL", seed, kind) for seed in range(60) for kind in (Random, Adversarial)
    ]
    return tuple(
        Case(f"case {i}", made, harness.kernels(made)[0], inputs, harness.tflm(made, inputs))
        for i, (made, inputs) in enumerate(drawn)
    )


def test_all_ways_are_among_the_cases() -> None:
    fields = [c.kernel.fields for c in cases()]
    assert {f.get("scaling.output_shift", 0) for f in fields} >= {-9, -1, 0, 1, 2}
    assert {(f.get("first_step[3]"), f.get("second_step[3]")) for f in fields} >= {(1, 0), (0, 1)}


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("specialized", [False, True])
def test_vectors_equal_tflm(compiler: str, *, specialized: bool, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, specialized=specialized, core=CORE)
