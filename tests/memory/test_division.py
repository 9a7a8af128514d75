"""An arena in two memories: each buffer in one of them, what is touched most in the quick one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tests.memory.test_plan import CASES, assert_nothing_is_overwritten, planned
from tinyforge.memory.division import divided, traffic
from tinyforge.memory.liveness import Buffer, Rows, buffers
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.memory.network import network
from tinyforge.memory.order import best_order
from tinyforge.memory.plan import Plan
from tinyforge.memory.schedule import schedule
from tinyforge.memory.search import Aim, Objective, plan, plan_cycles
from tinyforge.ops.kernels import portable
from tinyforge.ops.target import target_of

M4 = target_of("cortex-m4")
SOME = sorted(CASES)[::9]


def in_parts(name: str, fast: int, *, by_rows: bool = False) -> Plan:
    return plan(CASES[name], Aim(fast=fast), by_rows=by_rows)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_nothing_is_overwritten_in_either(name: str, share: float) -> None:
    whole = planned(name)
    fast = int(share * whole.arena_bytes)
    found = in_parts(name, fast)
    assert_nothing_is_overwritten(CASES[name], found)
    if found.fast_bytes is None:
        assert found == whole
        return
    assert 0 < found.fast_bytes <= fast
    assert found.fast_bytes % 16 == 0
    # No buffer lies in both.
    for slot in found.slots:
        assert slot.offset >= found.fast_bytes or slot.offset + slot.nbytes <= found.fast_bytes
    assert found.arena_bytes == max(slot.offset + slot.nbytes for slot in found.slots)


def test_most_arenas_can_be_divided() -> None:
    """So that the test above has something to look at."""
    parts = [in_parts(name, planned(name).arena_bytes * 7 // 10) for name in SOME]
    assert sum(found.fast_bytes is not None for found in parts) > len(SOME) * 2 // 3


def test_traffic_is_what_steps_read_and_write() -> None:
    """A 3x3 convolution reads three rows of 6 bytes for each of its four; a sum reads all once."""
    b = GraphBuilder("traffic")
    rng = np.random.default_rng(0)
    x = b.input((1, 6, 6, 1), 1 / 16, 0)
    y = layers.conv_2d(b, rng, x, filters=2, padding=layers.VALID)
    graph = b.build([layers.fully_connected(b, rng, layers.reshape(b, y, (1, 32)), units=3)])
    lowered = LoweredGraph(graph, portable(graph))
    net = network(lowered, best_order(lowered), by_rows=False)
    steps = schedule(net, frozenset())
    assert steps is not None
    touched = [traffic(net, steps, one) for one in buffers(net, steps) if one.values]
    assert sorted(touched) == [3, 32 + 32, 4 * 3 * 6]


def buffer(nbytes: int, first: int, last: int, number: int) -> Buffer:
    return Buffer((number,), Rows(nbytes, np.array([first]), np.array([last])))


def test_what_is_touched_least_for_its_size_goes() -> None:
    buffers = [buffer(64, 0, 9, 0), buffer(64, 0, 9, 1), buffer(64, 0, 9, 2), buffer(64, 3, 4, 3)]
    found = divided(buffers, [640, 64, 6400, 100], 10, 130)
    assert (found.fast, found.total) == (128, 256)
    assert {found.offsets[0], found.offsets[2]} == {0, 64}
    assert {found.offsets[1], found.offsets[3]} == {128, 192}


def test_what_finds_room_after_all_stays() -> None:
    """A buffer that is never alive with the largest one need not go, however little it is worth."""
    buffers = [buffer(16, 0, 1, 0), buffer(512, 4, 5, 1), buffer(32, 4, 5, 2)]
    found = divided(buffers, [1, 600, 640], 6, 64)
    assert found.offsets[1] >= found.fast
    assert max(found.offsets[0] + 16, found.offsets[2] + 32) <= found.fast <= 64


def test_where_nothing_fits_there_is_one_memory() -> None:
    graph = models.residual(1)
    assert plan(graph, Aim("balanced", M4, fast=1)) == plan(graph, Aim("balanced", M4))


@pytest.mark.parametrize("objective", ["balanced", "speed"])
def test_a_plan_that_fits_the_quick_memory_is_preferred(objective: Objective) -> None:
    """To the quickest, whose arena is larger; and of those the quickest."""
    graph = models.residual(1)
    free, least = plan(graph, Aim(objective, M4)), plan(graph)
    assert least.arena_bytes < free.arena_bytes

    def within(fast: int) -> Plan:
        return plan(graph, Aim(objective, M4, fast=fast))

    assert within(free.arena_bytes) == free
    tight = within(free.arena_bytes - 1)
    assert tight.fast_bytes is None
    assert least.arena_bytes <= tight.arena_bytes < free.arena_bytes
    assert plan_cycles(free) < plan_cycles(tight) < plan_cycles(least)
    assert within(least.arena_bytes).arena_bytes == least.arena_bytes
    parts = within(least.arena_bytes - 1)
    assert parts.fast_bytes is not None
    assert plan_cycles(parts) == plan_cycles(free)
