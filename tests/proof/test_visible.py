"""What is said to be seen is seen, whatever it becomes; what is said to be missed can be."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tests.engines.aot_firmware import build_firmware, project_files
from tests.ops.test_clustered import of_few_values
from tests.proof.test_prove import MODEL, Unwatched
from tinyforge.boards import load
from tinyforge.engines.aot.engine import compiled
from tinyforge.graph import Graph
from tinyforge.memory.search import SMALLEST, Aim, plan
from tinyforge.ops import OPS
from tinyforge.ops.target import target_of
from tinyforge.proof.examples import synthetic
from tinyforge.proof.oracle import reference_trace
from tinyforge.proof.prove import prove
from tinyforge.proof.record import ConstantCoverage
from tinyforge.proof.subject import Subject
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


def shared(seed: int) -> Graph:
    """Convolutions of few different weights, the first within a pool."""
    b = GraphBuilder("shared")
    rng = np.random.default_rng(seed)
    x = layers.conv_2d(b, rng, b.input((1, 7, 7, 6), 0.02, 3), filters=24)
    x = layers.pool_2d(b, x, "MAX_POOL_2D")
    x = layers.conv_2d(b, rng, x, filters=11, activation=layers.RELU)
    x = layers.conv_2d(b, rng, x, filters=13)
    return of_few_values(b.build([x]))


GRAPHS = {"residual": models.residual(1), "pooled": pooled(2), "shared": shared(3)}


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
    packs = aim != "size" or name == "shared"
    assert any(" (weights)" in one.constant for one in rows.values()) == packs
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


# Members whose value is an int8, or the distance of two.
BYTES = ("activation_min", "activation_max", "least", "range", "input_zero_point")


@pytest.mark.parametrize(
    ("name", "aim"),
    [
        ("pooled", "size"),
        ("shared", "size"),
        ("pooled", "m4"),
        ("pooled", "m0plus"),
        ("residual", "m4"),
    ],
)
def test_a_seen_bound_or_zero_point_changes_a_layer_whatever_it_becomes(
    name: str, aim: str, tmp_path: Path
) -> None:
    """In firmware with another value in its source."""
    graph = GRAPHS[name]
    lowered, inputs = compiled(plan(graph, AIMS[aim])), synthetic(graph, 3, 0).inputs
    planned, expected = lowered.plan, reference_trace(graph, inputs)
    assert planned is not None
    files = project_files(graph, lowered)

    def exact(text: str) -> bool:
        built = build_firmware(
            {**files, MODEL: text},
            tmp_path,
            core="cortex-m0plus" if aim == "m0plus" else "cortex-m4",
            application=Path(__file__).parent / "keep_going.c",
        )
        subject = Subject(graph, planned, lowered, built, load("nrf52840_dk"), "gcc", inputs)
        return prove(subject, expected, oracle="NumPy", machine=Unwatched()).bit_exact

    assert exact(files[MODEL])
    rng, tried = np.random.default_rng(5), 0
    for one in coverage(graph, planned, lowered, expected, inputs):
        own = lowered.parameters.get(one.constant, {})
        seen = own.keys() - set(one.missed.split(", "))
        bounds = sorted(m for m in seen if m.rpartition(".")[2] in BYTES)
        for member in (bounds[i] for i in rng.permutation(len(bounds))[:2]):
            was = own[member]
            low, high = (0, 255) if member.endswith("range") else (-128, 127)
            others = {was - 1, was + 1, int(rng.integers(low, high + 1))} - {was}
            value = int(rng.choice([v for v in sorted(others) if low <= v <= high]))
            assert not exact(with_member(files[MODEL], one.constant, member, value)), member
            tried += 1
    assert tried >= 3


def with_member(text: str, layer: str, member: str, value: int) -> str:
    """model.c with another value in the structure of that name."""
    head, tail = text.split(f" {layer} = {{", 1)
    tail, count = re.subn(rf"(\.{re.escape(member)} = )[^,]+,", rf"\g<1>{value},", tail, count=1)
    assert count == 1
    return f"{head} {layer} = {{{tail}"
