"""FULLY_CONNECTED on inputs as they are, four or eight channels at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.ops.on_core import Case
from tests.ops.test_dense import BYTES, DSP, RELU, Adversarial, at_the_end, drawn, layer
from tests.ops.variants import cases_of, check_on_core, check_portable
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel, Table

WAYS = [f"{BYTES}, inputs as they are, by {together}" for together in (8, 4)]


def kernels(graph: Graph) -> tuple[Kernel, ...]:
    """Both, or none."""
    (op,) = graph.operators
    return tuple(k for k in OPS[op.op].variants(graph, op, DSP) if k.way in WAYS)


def graphs() -> Iterator[Graph]:
    """Depths that end the loop in its middle and at its end, and every number of channels left."""
    for depth in range(8, 73, 8):
        for channels in range(1, 18):
            w, rows = drawn(channels, depth), 1 + depth % 3
            yield layer(w, rows=rows, activation=channels % 4)
            yield layer(w, rows=rows, activation=RELU * (depth % 16 // 8), zero_point=5)
    for sign in (1, -1):
        yield at_the_end(sign, 23, activation=RELU)
        yield at_the_end(sign, 23)


@cache
def cases() -> tuple[Case, ...]:
    return cases_of(graphs(), kernels, Adversarial)


def test_the_portable_kernel_equals_tflm(tmp_path: Path) -> None:
    check_portable(cases(), tmp_path)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_the_kernel_of_a_core_equals_tflm(compiler: str, tmp_path: Path) -> None:
    check_on_core(cases(), compiler, tmp_path)


def test_what_it_loads_is_its_stream_once_a_row() -> None:
    for case in cases():
        fields = case.kernel.fields
        stream, rows = fields["dense.stream"], fields["rows"]
        assert isinstance(stream, Table)
        assert isinstance(rows, int)
        assert case.kernel.reads == rows * 4 * stream.values.size


def test_it_needs_no_memory_and_depths_of_whole_quads() -> None:
    assert all(not c.kernel.form.scratch_bytes for c in cases())
    assert not kernels(layer(drawn(4, 12)))
    assert not kernels(layer(drawn(4, 9)))
    assert not kernels(at_the_end(1, 23, beyond=1))
