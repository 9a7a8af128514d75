"""What a set of streams costs segment by segment is what it costs as a whole."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.memory import graphs
from tests.memory.test_streams import network_of
from tinyforge.graph import Graph
from tinyforge.memory.costs import Costs, Streams, exact_cost
from tinyforge.memory.network import Network
from tinyforge.ops.upright import upright

# Some of these leave rows unread, which a segment before their readers cannot know.
MAKERS = (graphs.random_signals, graphs.random_moves, graphs.random_pictures)


def some_sets(net: Network, seed: int) -> Iterator[Streams]:
    """None, all, and random ones."""
    rng = random.Random(seed)
    for share in (0, 0.3, 0.6, 0.9, 1):
        yield frozenset(v for v in net.streamable if rng.random() < share)


def check(graph: Graph, seed: int, *, exactly: bool) -> int:
    """How many of some sets can run; each costs the same or, unless exactly, a little more."""
    net = network_of(upright(graph))
    costs = Costs(net)
    ran = 0
    for streams in some_sets(net, seed):
        found, whole = costs.of(streams), exact_cost(net, streams)
        assert (found is None) == (whole is None)
        if found is None or whole is None:
            continue
        ran += 1
        assert (found.together, found.values) == (whole.together, whole.values)
        assert found.peak >= whole.peak
        assert not exactly or found.peak == whole.peak
    return ran


@pytest.mark.parametrize("seed", range(20))
def test_a_set_costs_what_its_segments_cost(seed: int) -> None:
    assert check(graphs.random_vectors(seed, 9), seed, exactly=True)
    assert check(graphs.random_states(seed, 7), seed, exactly=True)
    for make in MAKERS:
        assert check(make(seed, 8), seed, exactly=False)


def test_most_sets_that_leave_rows_unread_cost_the_same() -> None:
    more = total = 0
    for seed in range(20):
        for make in MAKERS:
            net = network_of(make(seed, 6))
            costs = Costs(net)
            for streams in some_sets(net, seed):
                found, whole = costs.of(streams), exact_cost(net, streams)
                if found is not None and whole is not None:
                    total += 1
                    more += found.peak > whole.peak
    assert 0 < more < total / 20


def test_a_segment_is_worked_out_once() -> None:
    """Another value streamed at the far end of a network changes nothing at its beginning."""
    n = graphs.Net()
    x = n.input(1, 16, 8, 2)
    for _ in range(12):
        x = n.conv(x, 2)
    net = network_of(n.build(n.dense(n.reshape(x, 1, n.size(x)), 3)))
    first, last = net.streamable[0], net.streamable[-1]
    costs = Costs(net)
    costs.of(frozenset({first}))
    before = costs.work
    costs.of(frozenset({first, last}))
    added = costs.work - before
    fresh = Costs(net)
    fresh.of(frozenset({first, last}))
    assert added < fresh.work / 4
