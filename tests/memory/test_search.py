"""The search takes quick kernels where the objective allows them, and says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.memory import graphs
from tinyforge.graph import DType, Tensor
from tinyforge.memory import search
from tinyforge.memory.choices import choices
from tinyforge.memory.search import Aim, Limits, Objective, plan, plan_cycles
from tinyforge.ops.costs import cycles, table_bytes
from tinyforge.ops.target import ANY, target_of
from tinyforge.tflite import read_file

M4 = target_of("cortex-m4")
GRAPHS = {name: make(1) for name, make in models.NETWORKS.items()}


@pytest.mark.parametrize("name", GRAPHS)
def test_each_objective_is_met_best_by_its_own_plan(name: str) -> None:
    small, balanced, fast = (
        plan(GRAPHS[name], Aim(objective, M4)) for objective in ("size", "balanced", "speed")
    )
    assert small.arena_bytes <= min(balanced.arena_bytes, fast.arena_bytes)
    assert plan_cycles(fast) <= search._HARDLY * min(plan_cycles(small), plan_cycles(balanced))
    least = sum(map(table_bytes, small.kernels.values()))
    taken = sum(map(table_bytes, balanced.kernels.values()))
    assert taken <= max(search._TABLES * least, least + search._MORE_TABLES)
    arena = max(search._ARENA * small.arena_bytes, small.arena_bytes + search._MORE_ARENA)
    assert balanced.arena_bytes <= arena


@pytest.mark.parametrize("name", GRAPHS)
def test_for_size_and_for_any_core_all_kernels_are_portable(name: str) -> None:
    for aim in (Aim("size", M4), Aim("balanced", ANY), Aim("speed", ANY)):
        found = plan(GRAPHS[name], aim)
        assert {kernel.way for kernel in found.kernels.values()} == {"portable"}


def test_without_room_for_tables_or_memory_nothing_is_quick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = GRAPHS["residual"]
    quick = plan(graph, Aim("balanced", M4))
    assert any(kernel.is_quick for kernel in quick.kernels.values())
    small = plan(graph)
    for limits in (("_TABLES", "_MORE_TABLES"), ("_ARENA", "_MORE_ARENA")):
        with monkeypatch.context() as tight:
            for name, value in zip(limits, (1, 0), strict=True):
                tight.setattr(search, name, value)
            found = plan(graph, Aim("balanced", M4, limits=Limits(2**20, small.arena_bytes)))
            least = sum(map(table_bytes, small.kernels.values()))
            if limits[0] == "_TABLES":
                assert sum(map(table_bytes, found.kernels.values())) <= least
            else:
                assert found.arena_bytes == small.arena_bytes


def test_balanced_takes_more_memory_where_it_pays() -> None:
    """Layers as in Keras's own example for drawings of digits."""
    net = graphs.Net()
    first = net.pool(net.conv(net.input(1, 28, 28, 1), 32))
    graph = net.build(net.pool(net.conv(first, 64)))
    small, found = plan(graph), plan(graph, Aim("balanced", M4))
    most = max(int(search._ARENA * small.arena_bytes), small.arena_bytes + search._MORE_ARENA)
    within = plan(graph, Aim("balanced", M4, limits=Limits(2**20, most)))
    assert small.arena_bytes <= within.arena_bytes <= most < found.arena_bytes
    memory, time = found.arena_bytes / within.arena_bytes, plan_cycles(within) / plan_cycles(found)
    assert 1 < memory < time
    enough = Limits(2**20, found.arena_bytes)
    assert plan(graph, Aim("balanced", M4, limits=enough)) == found


@pytest.mark.parametrize("name", ["residual", "separable"])
def test_speed_takes_no_more_than_a_board_has(name: str) -> None:
    """Where anything fits. Tables, then the arena, one byte short of what is quickest."""
    graph = GRAPHS[name]
    small, free = plan(graph), plan(graph, Aim("speed", M4))
    least, most = (sum(map(table_bytes, p.kernels.values())) for p in (small, free))
    assert least < most
    for limits in (Limits(most - 1, 2**20), Limits(most, free.arena_bytes - 1)):
        found = plan(graph, Aim("speed", M4, limits=limits))
        assert sum(map(table_bytes, found.kernels.values())) <= limits.tables
        assert found.arena_bytes <= limits.arena
        assert plan_cycles(found) < plan_cycles(small)
    assert plan(graph, Aim("speed", M4, limits=Limits(most, free.arena_bytes))) == free
    assert plan(graph, Aim("speed", M4, limits=Limits(0, 0))).arena_bytes == small.arena_bytes


def test_quick_kernels_in_chains_make_two_columns_at_once() -> None:
    graph = GRAPHS["separable"]
    every = search._Options(graph, M4)
    joined, _ = every.lowered(every.quickest(None, 0))
    quick = [
        chain
        for chain in joined.chains.values()
        if any(chain.kernel_of(op).is_quick for op in chain.operators)
    ]
    assert quick
    for chain in quick:
        assert chain.columns > 1
        assert graph.tensors[chain.output].shape[2] % chain.columns == 0


def test_for_speed_layers_run_as_one_where_that_saves_cycles() -> None:
    """A pool of 13 x 13 pixels leaves out a row and a column: in a chain nobody makes them."""
    net = graphs.Net()
    even = net.pool(net.conv(net.input(1, 26, 26, 6), 10))
    odd = net.pool(net.conv(even, 10))
    graph = net.build(odd)
    _, first, _, second = range(4)
    every = search._Options(graph, M4)
    joined = [set(lowered.chains) for lowered in every.lowered(every.quickest(None, 0))]
    assert joined == [{first, second}, {second}, set()]
    assert set(plan(graph, Aim("speed", M4)).chains) == {second}


def test_for_speed_a_kernel_that_is_slower_by_itself_may_be_quicker_in_a_chain() -> None:
    net = graphs.Net()
    pool = net.pool(net.conv(net.input(1, 11, 11, 12), 24))
    graph = net.build(pool)
    every = search._Options(graph, M4)
    (alone,) = every.lowered(every.quickest(None, search._PRICE))
    found = plan(graph, Aim("speed", M4))
    assert not alone.chains
    assert found.chains
    apart = sum(cycles(graph, graph.operators[i], k) for i, k in alone.kernels.items())
    assert plan_cycles(found) < apart


@pytest.mark.parametrize("objective", ["balanced", "speed"])
def test_zeros_never_cost_cycles(objective: Objective, corpus: Path) -> None:
    """Layers of resnet8 run as one, a few pixels at a time: too few for lists of weights."""
    graph = read_file(corpus / "models/resnet8.tflite")[1]
    sparse = replace(graph, tensors=tuple(map(with_half_zero, graph.tensors)))
    dense, found = (plan(g, Aim(objective, M4)) for g in (graph, sparse))
    offered = search._Options(sparse, M4).kernels.values()
    assert any(kernel.skips_zeros for kernels in offered for kernel in kernels)
    assert plan_cycles(found) <= search._HARDLY * plan_cycles(dense)


def with_half_zero(tensor: Tensor) -> Tensor:
    """Of a kernel, the smaller half of its weights."""
    if tensor.data is None or tensor.dtype is not DType.INT8 or len(tensor.shape) < 2:
        return tensor
    sizes = np.abs(tensor.data.astype(int))
    return replace(tensor, data=np.where(sizes > np.median(sizes), tensor.data, 0).astype(np.int8))


def test_every_choice_has_its_reason() -> None:
    graph = GRAPHS["residual"]
    found = plan(graph, Aim("balanced", M4))
    rows = choices(found, Aim("balanced", M4))
    assert [row.layer for row in rows] == [i for i in found.order if i in found.kernels]
    for row in rows:
        assert row.taken.way == found.kernels[row.layer].way
        if row.runner_up is None:
            assert row.why == "the only kernel"
        elif row.taken.cycles > row.runner_up.cycles:
            assert "less" in row.why
        else:
            assert row.why == "the quickest"


def test_what_random_networks_cost_is_told_the_same_way_for_each_objective() -> None:
    for seed in range(6):
        graph = graphs.random_pictures(seed, 8)
        small, fast = plan(graph, Aim("size", M4)), plan(graph, Aim("speed", M4))
        assert plan_cycles(fast) <= search._HARDLY * plan_cycles(small)
        assert small.arena_bytes <= fast.arena_bytes
