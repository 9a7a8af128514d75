"""Golden vectors are judged by what the self-test of the very plan that is built looks at."""

from __future__ import annotations

from tests.corpus import models
from tinyforge.memory.search import SMALLEST, Aim, plan
from tinyforge.ops.target import target_of
from tinyforge.proof import golden
from tinyforge.proof.examples import synthetic

GRAPH = models.residual(1)


def seen_of(layer: int, aim: Aim | None) -> int:
    """How many changes of a layer the self-test sees; without a plan by answers alone."""
    made = None if aim is None else plan(GRAPH, aim)
    coverage = golden.chosen(GRAPH, synthetic(GRAPH, 4, 0), 0, plan=made).coverage
    assert coverage is not None
    return next(one.seen for one in coverage.layers if one.layer == layer)


def test_a_layer_within_another_is_seen_less_than_one_by_itself() -> None:
    alone, layer = Aim("speed", target_of("cortex-m4")), 5
    assert layer in plan(GRAPH, SMALLEST).within
    assert layer not in plan(GRAPH, alone).within
    assert seen_of(layer, None) < seen_of(layer, SMALLEST) < seen_of(layer, alone)
