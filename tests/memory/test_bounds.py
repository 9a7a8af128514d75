"""What a plan takes is bounded, whatever a model says; and it tells how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder, TensorSpec
from tests.memory import graphs
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.passes import adapt
from tinyforge.memory import order, placement, schedule
from tinyforge.memory.search import Aim, Objective, plan
from tinyforge.ops.forms import MOST_STEPS
from tinyforge.ops.target import target_of
from tinyforge.tflite import read_file


@dataclass
class Counted:
    """Steps that were scheduled, looks at two buffers, tries of an operator after others."""

    steps: int = 0
    looks: int = 0
    tries: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    count = Counted()
    run, look = schedule._Scheduler.run, placement._Best.look
    working_set = order._Search.working_set

    def counted_run(self: schedule._Scheduler) -> schedule.Schedule | None:
        found = run(self)
        count.steps += len(self.taken)
        return found

    def counted_look(self: placement._Best, looks: int) -> None:
        count.looks += looks
        look(self, looks)

    def counted_try(self: order._Search, *arguments: object) -> int:
        count.tries += 1
        return working_set(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(schedule._Scheduler, "run", counted_run)
    monkeypatch.setattr(placement._Best, "look", counted_look)
    monkeypatch.setattr(order._Search, "working_set", counted_try)
    return count


class Deep(graphs.Net):
    """Any number of layers: scales do not run away."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = _Level()


class _Level(GraphBuilder):
    def _computed(self, spec: TensorSpec, name: str) -> int:
        return super()._computed(TensorSpec(spec.shape, 0.02, spec.zero_point), name)


def dense(count: int) -> Graph:
    n = Deep()
    x = n.input(1, 16)
    for i in range(count):
        x = n.dense(x, 8 + i % 9)
    return n.build(x)


def convolutions(count: int) -> Graph:
    n = Deep()
    x = n.input(1, 16, 4, 2)
    for i in range(count):
        x = n.conv(x, 2 + i % 3)
    return n.build(n.dense(n.reshape(x, 1, n.size(x)), 3))


def side_by_side(count: int) -> Graph:
    n = Deep()
    x = n.input(1, 16, 4, 2)
    made = [n.conv(x, 2) for _ in range(count)]
    for y in made[1:]:
        made[0] = n.add(made[0], y)
    return n.build(made[0])


def signal(samples: int, blocks: int) -> Graph:
    """Residual blocks of convolutions along the time."""
    n = Deep()
    x = n.input(1, samples, 2)
    for _ in range(blocks):
        y = x
        for filters in (8, 2):
            row = n.reshape(y, 1, *n.shape(y)[:1], *n.shape(y)[1:])
            y = layers.conv_2d(n.builder, n.rng, row, filters=filters, kernel=(1, 5))
            y = n.relu(n.reshape(y, 1, *n.shape(y)[2:]))
        x = n.add(x, y)
    return n.build(n.dense(n.reshape(x, 1, n.size(x)), 3))


@pytest.mark.parametrize(
    "graph",
    [dense(1000), convolutions(1000), side_by_side(120), signal(2000, 3), signal(2000, 12)],
    ids=["dense", "convolutions", "side by side", "signal", "long signal"],
)
def test_deep_wide_and_long_models_take_little_work(graph: Graph, counted: Counted) -> None:
    """Each of these is a microsecond or a few."""
    plan(graph)
    assert 0 < counted.steps < 1_500_000
    assert 0 < counted.looks < 700_000
    assert 0 < counted.tries < 100_000


def test_a_window_over_too_many_rows_is_refused_by_its_layers_name(counted: Counted) -> None:
    n = graphs.Net()
    x = n.relu(n.input(1, MOST_STEPS + 1, 2, 2))
    graph = n.build(n.conv(x, 1))
    with pytest.raises(ForgeError, match="at most; this one has 65,536") as refused:
        plan(graph)
    assert refused.value.where.startswith("layer 1 CONV_2D")
    assert counted.steps == 0


def test_too_many_rows_in_all_are_refused(counted: Counted) -> None:
    n = graphs.Net()
    x = n.input(1, 50_000, 2, 2)
    for _ in range(6):
        x = n.conv(x, 2)
    with pytest.raises(ForgeError, match=r"in all; these have 300,000"):
        plan(n.build(x))
    assert counted.steps == 0


@pytest.mark.parametrize("rows", [MOST_STEPS + 1, 1_000_000])
def test_what_takes_each_element_by_itself_may_be_as_tall_as_it_likes(rows: int) -> None:
    n = graphs.Net()
    x = n.input(1, rows, 1, 1)
    y = layers.moved(n.builder, "SLICE", [x], (1, rows, 1, 1), [0, 0, 0, 0], [1, -1, -1, -1])
    padded = [(0, 0), (1, 0), (0, 0), (0, 0)]
    z = layers.moved(n.builder, "PAD", [n.relu(n.add(x, y))], (1, rows + 1, 1, 1), padded)
    found = plan(n.build(z))
    assert len(found.steps) == 4
    assert found.arena_bytes < 3 * rows


def test_a_signal_too_long_for_steps_of_a_sample_is_kept_whole() -> None:
    graph = signal(100_000, 1)
    found = plan(graph)
    assert found.graph is graph
    assert len(found.steps) < 10


@pytest.mark.parametrize("objective", get_args(Objective))
@pytest.mark.parametrize("name", ["models/resnet8", "real/yolo_fastest_face"])
def test_a_plan_tells_how_far_it_is(name: str, objective: Objective, corpus: Path) -> None:
    graph, _ = adapt(read_file(corpus / f"{name}.tflite")[1])
    told: list[float] = []
    plan(graph, Aim(objective, target_of("cortex-m4")), progress=told.append)
    assert len({round(100 * share) for share in told}) > 10
    assert told == sorted(told)
    assert 0 <= told[0] < 0.05
    assert told[-1] <= 1
    if objective == "size":
        assert told[-1] < 1


def test_both_ways_to_plan_a_signal_are_told_of() -> None:
    told: list[float] = []
    plan(signal(64, 3), progress=told.append)
    assert told == sorted(told)
    assert told[0] < 0.5 < told[-1] < 1
