"""What is said to be seen is seen, whatever it becomes; what is said to be missed can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tinyforge.engines.aot.engine import compiled
from tinyforge.graph import Graph
from tinyforge.memory.search import SMALLEST, Aim, plan
from tinyforge.ops import OPS
from tinyforge.ops.target import target_of
from tinyforge.proof.examples import synthetic
from tinyforge.proof.oracle import reference_trace
from tinyforge.proof.record import ConstantCoverage
from tinyforge.proof.visible import coverage


def pooled(seed: int) -> Graph:
    """A convolution within a pool, whose windows hold several of its changes at once; then one
    within a sum and one within a 1x1 convolution."""
    b = GraphBuilder("pooled")
    rng = np.random.default_rng(seed)
    x = layers.conv_2d(b, rng, b.input((1, 9, 9, 2), 0.02, 3), filters=4)
    x = layers.pool_2d(b, x, "MAX_POOL_2D")
    y = layers.depthwise_conv_2d(b, rng, x)
    y = layers.conv_2d(b, rng, y, filters=4, kernel=(1, 1))
    return b.build([y])


GRAPHS = {"residual": models.residual(1), "pooled": pooled(2)}


def missed_of(known: ConstantCoverage) -> set[int]:
    found = set()
    for part in filter(None, known.missed.split(", ")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_a_table_of_terms_is_not_one_of_results() -> None:
    """A sum by a table: one more in an entry is 2**-20 of a value, and no output changes."""
    graph = models.residual(1)
    lowered = compiled(plan(graph, Aim("speed", target_of("cortex-m4"))))
    inputs = synthetic(graph, 4, 0).inputs
    assert lowered.plan is not None
    found = coverage(graph, lowered.plan, lowered, reference_trace(graph, inputs), inputs)
    sums = {
        f"forge_layer_{op.index}_table"
        for op in graph.operators
        if op.op == "ADD" and lowered.plan.kernels[op.index].struct == "forge_tabled_sum"
    }
    tables = [one for one in found if one.constant in sums]
    assert tables
    assert [one.seen for one in tables] == [0] * len(tables)


AIMS = {
    "size": SMALLEST,
    **{core: Aim("speed", target_of(f"cortex-{core}")) for core in ("m4", "m0plus", "m55")},
}


@pytest.mark.parametrize("aim", AIMS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_seen_weight_or_bias_changes_a_digest_whatever_it_becomes(name: str, aim: str) -> None:
    """As they are, in kernels for size; packed, in those for speed."""
    graph = GRAPHS[name]
    lowered, inputs = compiled(plan(graph, AIMS[aim])), synthetic(graph, 12, 0).inputs
    planned = lowered.plan
    assert planned is not None
    right = reference_trace(graph, inputs)
    rows = {
        (one.layer, kind): one
        for one in coverage(graph, planned, lowered, right, inputs)
        for kind in ("weights", "bias")
        if one.constant.endswith((f"_{kind}", f" ({kind})")) and not one.pairs
    }
    assert any(" (weights)" in one.constant for one in rows.values()) == (aim != "size")
    digested = [t for i in planned.paces for t in graph.operators[i].outputs]

    def shows(tensor: int, at: int, value: int) -> bool:
        t = graph.tensors[tensor]
        assert t.data is not None
        data = t.data.copy()
        data.reshape(-1)[at] = value
        tensors = list(graph.tensors)
        tensors[tensor] = replace(t, data=data)
        wrong = reference_trace(replace(graph, tensors=tuple(tensors)), inputs)
        return any(not np.array_equal(right[d], wrong[d]) for d in digested)

    rng = np.random.default_rng(3)
    checked = {"seen": 0, "missed": 0}
    for op in graph.operators:
        if OPS[op.op].weighted is None:
            continue
        for kind, position in (("weights", 1), ("bias", 2)):
            known = rows[op.index, kind]
            missed = missed_of(known)
            assert known.seen == known.count - len(missed)
            values = graph.tensors[op.inputs[position]].data.reshape(-1).astype(int)
            limit = 128 if kind == "weights" else 2**20
            picked = rng.permutation(known.count)
            hits = [int(at) for at in picked if at not in missed]
            for at in [*hits[:6], *(int(at) for at in picked if at in missed)][:10]:
                was = int(values[at])
                others = {was + 1, was - 1, int(rng.integers(-limit, limit))} - {was}
                others = {v for v in others if -limit <= v < limit}
                seen = [shows(op.inputs[position], at, v) for v in others]
                if at not in missed:
                    assert all(seen), (op.index, kind, at)
                    checked["seen"] += 1
                elif op.index not in planned.within:
                    assert not all(seen), (op.index, kind, at)
                    checked["missed"] += 1
    assert planned.within or aim != "size"
    assert checked["seen"] >= 15, checked
