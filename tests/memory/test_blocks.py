"""Kernels that make several output rows in a step, as Winograd transforms do, are planned too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.memory import graphs
from tests.memory.test_plan import assert_nothing_is_overwritten
from tinyforge.graph import Graph, Operator
from tinyforge.memory.search import plan
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.forms import Windowed


@dataclass(frozen=True)
class Blocks:
    """A window's rows, so many of the output in a step; fewer in the last."""

    by_row: Windowed
    rows: int
    scratch_bytes: int = 0
    tile_bytes: int = 0

    @property
    def steps(self) -> int:
        return -(-self.by_row.steps // self.rows)

    @property
    def input_rows(self) -> int:
        return self.by_row.input_rows

    @property
    def output_rows(self) -> int:
        return self.by_row.output_rows

    def writes(self, step: int) -> range:
        return range(step * self.rows, min((step + 1) * self.rows, self.output_rows))

    def reads(self, step: int) -> range:
        under = [self.by_row.reads(row) for row in self.writes(step)]
        return range(under[0].start, under[-1].stop)


def in_blocks(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Convolutions make so many rows in a step."""
    known = OPS["CONV_2D"]

    def lower(graph: Graph, op: Operator) -> Kernel:
        assert known.lower is not None
        kernel = known.lower(graph, op)
        assert isinstance(kernel.form, Windowed)
        return replace(kernel, form=Blocks(kernel.form, rows))

    monkeypatch.setitem(OPS, "CONV_2D", replace(known, lower=lower))


@pytest.mark.parametrize("rows", [2, 4])
@pytest.mark.parametrize("seed", range(15))
def test_no_value_is_overwritten(rows: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    in_blocks(monkeypatch, rows)
    for graph in (graphs.random_blocks(seed, 4), graphs.random_pictures(seed, 9)):
        assert_nothing_is_overwritten(graph, plan(graph))


@pytest.mark.parametrize(("rows", "room"), [(1, 3), (2, 5), (4, 9)])
def test_a_ring_holds_what_a_block_reads(
    rows: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block of R rows under a 3 x 3 window needs R + 2; the last one comes with R - 1 more."""
    in_blocks(monkeypatch, rows)
    n = graphs.Net()
    x = n.input(1, 32, 8, 4)
    for _ in range(3):
        x = n.conv(x, 4)
    graph = n.build(n.dense(n.reshape(x, 1, n.size(x)), 2))
    assert plan(graph).places[graph.operators[0].outputs[0]].room == room
