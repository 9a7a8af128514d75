"""Which values are handed on row by row: every set is tried where they are few."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.memory import graphs
from tinyforge.graph import Graph
from tinyforge.graph.passes import adapt
from tinyforge.memory import streams
from tinyforge.memory.costs import Costs
from tinyforge.memory.liveness import buffers, peak
from tinyforge.memory.lowered import smallest
from tinyforge.memory.network import Network, network
from tinyforge.memory.order import best_order
from tinyforge.memory.schedule import schedule
from tinyforge.memory.search import plan
from tinyforge.tflite import read_file


def network_of(graph: Graph) -> Network:
    lowered = smallest(graph)
    return network(lowered, best_order(lowered))


def least(net: Network) -> int:
    """Over all sets, one by one."""
    peaks = []
    for size in range(len(net.streamable) + 1):
        for chosen in combinations(net.streamable, size):
            found = schedule(net, frozenset(chosen))
            if found is not None:
                peaks.append(peak(buffers(net, found), len(found.steps)))
    return min(peaks)


@pytest.mark.parametrize("seed", range(12))
def test_where_all_are_tried_the_least_is_known(seed: int) -> None:
    graph = graphs.random_blocks(seed, 3)
    net = network_of(graph)
    assert len(net.streamable) <= 10
    assert streams.candidates(net).least == least(net)
    found = plan(graph)
    assert found.least is not None
    assert found.least <= found.lower_bound <= found.arena_bytes


def test_trying_some_is_hardly_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the search for models with many values finds, on models with few."""
    monkeypatch.setattr(streams, "_MAX_VALUES", 0)
    missed = 0
    for seed in range(40):
        net = network_of(graphs.random_blocks(seed, 3))
        if not net.streamable:
            continue
        found = streams.candidates(net)
        assert found.least is None
        best = schedule(net, found.sets[0])
        assert best is not None
        missed += peak(buffers(net, best), len(best.steps)) > least(net)
    assert missed <= 1


def test_where_not_all_are_tried_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_MAX_TRIED", 30)
    assert streams.candidates(network_of(graphs.random_blocks(3, 3))).least is None


@pytest.mark.parametrize("name", ["ad", "kws", "quickdraw", "resnet8"])
def test_shared_models_hand_on_what_is_best(name: str, corpus: Path) -> None:
    _, graph = read_file(corpus / "models" / f"{name}.tflite")
    for by_rows in (False, True):
        found = plan(graph, by_rows=by_rows)
        assert found.arena_bytes == found.least


@pytest.mark.parametrize(
    ("name", "arena"),
    [
        ("models/vww", 28_032),
        ("real/arrhythmia", 16_048),
        ("real/fomo_balloon", 38_208),
        ("real/mltk_keyword_spotting_pacman", 10_272),
        ("real/tinyengine_detection", 85_032),
        ("real/yolo_fastest_face", 48_096),
    ],
)
def test_large_models_are_planned_well_in_little_work(
    name: str, arena: int, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the machine: a plan takes less than a million steps of layers, microseconds."""
    searched = []

    class Counted(Costs):
        def __init__(self, net: Network, tell: Callable[[int], None]) -> None:
            super().__init__(net, tell)
            searched.append(self)

    monkeypatch.setattr(streams, "Costs", Counted)
    graph, _ = adapt(read_file(corpus / f"{name}.tflite")[1])
    assert plan(graph).arena_bytes <= arena
    assert searched
    assert all(0 < costs.work < 1_000_000 for costs in searched)
    assert len(searched) <= 2  # with chains, and without
