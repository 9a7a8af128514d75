"""What each step may touch, against the map of the arena that the plan draws by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.corpus import models
from tests.memory import graphs
from tests.memory.picks import random_picks
from tinyforge.graph import Graph
from tinyforge.memory.network import FEED
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.proof.grants import arena_spans, merged
from tinyforge.proof.steps import finished
from tinyforge.sim.profile import Span

KINDS: dict[str, Callable[[int], Graph]] = {
    "pictures": lambda seed: graphs.random_pictures(seed, 12),
    "blocks": lambda seed: graphs.random_blocks(seed, 3),
    "signals": lambda seed: graphs.random_signals(seed, 8),
    "moves": lambda seed: graphs.random_moves(seed, 12),
    "picks": lambda seed: random_picks(seed, 8),
    "states": lambda seed: graphs.random_states(seed, 8),
}


def alive(planned: Plan, step: int) -> np.ndarray:
    """Whether the plan's map has something there at that step, for each byte of the arena."""
    found = np.zeros(planned.arena_bytes, bool)
    for slot in planned.slots:
        if slot.first <= step <= slot.last:
            found[slot.offset : slot.offset + slot.nbytes] = True
    return found


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_steps_get_what_is_alive_and_may_write_what_they_finish(
    kind: str, seed: int, by_rows: bool
) -> None:
    graph = KINDS[kind](seed)
    planned = plan(graph, by_rows=by_rows)
    spans = arena_spans(planned)
    pieces = finished(graph, planned)[1:]
    assert len(spans) == len(planned.steps) == len(pieces)
    for step, (given, made) in enumerate(zip(spans, pieces, strict=True)):
        there = alive(planned, step)
        assert all(there[s.begin : s.end].all() for s in given)
        writable = np.zeros(planned.arena_bytes, bool)
        for s in given:
            writable[s.begin : s.end] |= s.writable
        assert all(writable[p.offset : p.offset + p.nbytes].all() for p in made)


def test_a_step_gets_the_rows_under_its_window_and_no_others() -> None:
    """A 3x3 convolution of 8 rows, SAME: three rows in the middle, two at the edges."""
    graph = models.residual(1)
    planned = plan(graph)
    given = dict(zip(planned.steps, arena_spans(planned), strict=True))
    place = planned.places[graph.inputs[0]]
    size = 8 * 3
    rows = {
        step: {
            (s.begin - place.offset) // size + i
            for s in given[0, step]
            if not s.writable
            for i in range((s.end - s.begin) // size)
        }
        for step in (0, 3, 7)
    }
    assert rows == {0: {0, 1}, 3: {2, 3, 4}, 7: {6, 7}}


def test_a_row_that_is_fed_has_its_place_alone() -> None:
    graph = models.residual(1)
    planned = plan(graph, by_rows=True)
    place = planned.places[graph.inputs[0]]
    fed = [
        spans
        for step, spans in zip(planned.steps, arena_spans(planned), strict=True)
        if step.layer == FEED
    ]
    begins = [place.begin(row) for row in range(len(fed))]
    assert fed == [(Span(b, b + place.row_bytes, writable=True),) for b in begins]


def test_neighbours_are_one_and_rights_are_kept() -> None:
    spans = [Span(8, 12, True), Span(4, 8, False), Span(0, 4, False), Span(20, 24, False)]
    assert merged(spans) == (Span(0, 8, False), Span(20, 24, False), Span(8, 12, True))
    assert merged([Span(0, 8, False), Span(2, 4, False)]) == (Span(0, 8, False),)
