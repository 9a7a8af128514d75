"""Dot products of the kernels that run anywhere, in the instructions of cores that have some for
them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.ops.cases import random_case
from tests.ops.on_core import Case
from tests.ops.test_dense import Adversarial, at_the_end, drawn, layer
from tests.ops.variants import cases_of, check_on_core
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    (op,) = graph.operators
    lower = OPS[op.op].lower
    assert lower is not None
    return (lower(graph, op),)


def graphs() -> Iterator[Graph]:
    """Every size of what is left behind whole vectors and words, of one channel and of four."""
    for depth in range(1, 70):
        yield layer(drawn(1 + depth % 6, depth), rows=2)
    yield layer(drawn(5, 36), factor=3.0)
    for sign in (1, -1):
        yield at_the_end(sign, 30)
    for op in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
        yield from (random_case(op, seed, Adversarial)[0] for seed in range(30))


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Adversarial)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_they_equal_tflm(compiler: str, core: str, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, core=core)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_they_equal_tflm_compiled_for_size(compiler: str, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path, "size", core="cortex-m55")
