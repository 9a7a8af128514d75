"""Kernels that take in rows as they are made give the interpreter's bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import single_op
from tests.ops import harness
from tests.ops.cases import one_scale
from tests.ops.draw import VALID, Random
from tests.ops.test_reduction import SUMS
from tinyforge.graph import DType, Graph
from tinyforge.ops import OPS

COUNT = 60


def average_pool_2d(r: Random) -> tuple[Graph, int]:
    """Over the whole image."""
    height, width, channels = r.integer(2, 9), r.integer(1, 9), r.integer(1, 9)
    source = r.spec(1, height, width, channels)
    graph = single_op(
        "AVERAGE_POOL_2D",
        inputs=[source],
        output=replace(source, shape=(1, 1, 1, channels)),
        options={
            "padding": VALID,
            "stride_h": r.integer(1, 3),
            "stride_w": r.integer(1, 3),
            "filter_height": height,
            "filter_width": width,
            "fused_activation_function": r.activation(),
        },
    )
    return graph, height


def fully_connected(r: Random) -> tuple[Graph, int]:
    """One row of inputs, in pieces."""
    pieces, out = r.integer(2, 9), r.integer(1, 20)
    source = r.spec(1, pieces * r.integer(1, 9))
    weights = one_scale(r, r.weights((out, source.shape[1]), 0))
    graph = single_op(
        "FULLY_CONNECTED",
        inputs=[source, weights, r.bias(source, weights, out)],
        output=r.spec(1, out),
        options={"fused_activation_function": r.activation()},
    )
    return graph, pieces


CASES: dict[str, Callable[[Random], tuple[Graph, int]]] = {
    "AVERAGE_POOL_2D": average_pool_2d,
    "FULLY_CONNECTED": fully_connected,
}


def test_every_such_kernel_is_tested() -> None:
    """Those of sums are in test_reduction.py."""
    assert {name for name, op in OPS.items() if op.streaming} == {*CASES, *SUMS}


@pytest.mark.parametrize("kind", ["int8", "int16", "int4"])
@pytest.mark.parametrize("name", CASES)
def test_rows_as_they_come_equal_tflm(name: str, kind: str, tmp_path: Path) -> None:
    dtype = DType.INT16 if kind == "int16" else DType.INT8
    r = Random(np.random.default_rng([3, *name.encode()]), dtype, int4=kind == "int4")
    drawn = [CASES[name](r) for _ in range(COUNT)]
    cases = [(graph, rows, r.values(graph.tensors[graph.inputs[0]].shape)) for graph, rows in drawn]
    harness.assert_rows_equal_tflm(cases, tmp_path)


def test_other_averages_and_layers_do_not_take_rows() -> None:
    r = Random(np.random.default_rng(4))
    for make in CASES.values():
        graph, rows = make(r)
        for other in (1, graph.tensors[graph.inputs[0]].size + 1):
            assert other == rows or harness.by_rows(graph, other) is None
