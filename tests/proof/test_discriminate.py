"""Golden vectors see wrong layers: what is called seen is seen, and what is not is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import models
from tests.corpus.streaming import MODELS
from tests.ops.cases import CASES
from tests.ops.draw import Random
from tinyforge.graph import Graph
from tinyforge.graph.packed import unpacked
from tinyforge.graph.passes import adapt
from tinyforge.ops import OPS
from tinyforge.proof import discriminate
from tinyforge.proof.examples import synthetic
from tinyforge.proof.mutants import ALL_WEIGHTS, Mutant, mutants_of
from tinyforge.proof.oracle import answer, reference_trace
from tinyforge.report import findings
from tinyforge.tflite import read, write


def chosen(graph: Graph, count: int, seed: int = 0) -> discriminate.Chosen:
    drawn = synthetic(graph, 24, seed).inputs
    return discriminate.choose(graph, drawn[:0], drawn, count, seed)


@pytest.mark.parametrize("name", ["window", "sum", "transposed", "swapped"])
def test_what_is_assigned_wrongly_is_seen_by_the_next_input(name: str) -> None:
    graph, _ = adapt(read(write(MODELS[name]())))
    found = chosen(graph, 8).coverage
    assert found is not None
    assigned = [layer for layer in found.layers if layer.op == "ASSIGN_VARIABLE"]
    assert assigned
    assert all(layer.seen == layer.mutants == layer.answers for layer in assigned)


def as_model(mutant: Mutant) -> Graph:
    """A model that is wrong as a whole in what the mutant changes in a constant."""
    assert mutant.change is None
    return mutant.graph


@pytest.mark.parametrize("make", [models.residual, models.classifier, models.keywords])
def test_what_is_called_seen_is_seen_in_the_answers(make) -> None:
    """By another way: the mutated constants as a model of their own, through the oracle's loop."""
    graph = make(1)
    found = chosen(graph, 8)
    assert found.coverage is not None
    right = answer(graph, reference_trace(graph, found.inputs))
    by_layer = {layer.layer: layer for layer in found.coverage.layers}
    tried = 0
    for op in graph.operators:
        for mutant in mutants_of(graph, op, 0):
            constants = mutant.kind in (ALL_WEIGHTS, "bias", "one weight", "row order")
            if not constants or mutant.change is not None:
                continue
            wrong = answer(graph, reference_trace(as_model(mutant), found.inputs))
            seen = not np.array_equal(right, wrong)
            layer = by_layer[op.index]
            assert seen or mutant.kind in layer.unseen, (op.index, mutant.kind)
            tried += 1
    assert tried >= 4
    assert found.coverage.mutants == sum(layer.mutants for layer in found.coverage.layers)
    assert found.coverage.seen == sum(layer.seen for layer in found.coverage.layers)


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_mutant_is_an_operator_that_computes(name: str) -> None:
    for seed in range(8):
        graph = CASES[name](Random(np.random.default_rng(seed)))
        (op,) = graph.operators
        drawn = iter(unpacked(synthetic(graph, 1, seed).inputs, graph.input_tensors))
        given = {t: next(drawn)[0] for t in graph.inputs}
        data = [graph.tensors[t].data for t in op.inputs if t >= 0]
        values = [given.get(t) for t in op.inputs if t >= 0]
        operands = [v if d is None else d for d, v in zip(data, values, strict=True)]
        for mutant in mutants_of(graph, op, seed):
            (found, *_) = mutant.instead(graph, op, operands)
            assert found.size == graph.tensors[op.outputs[0]].size, mutant.kind


def test_overwritten_weights_of_any_layer_are_seen() -> None:
    graph = models.residual(1)
    found = chosen(graph, 8)
    assert found.coverage is not None
    assert not [layer for layer in found.coverage.layers if ALL_WEIGHTS in layer.unseen]


def test_constant_inputs_are_not_chosen_while_others_see_more() -> None:
    graph = models.residual(1)
    inputs = chosen(graph, 1).inputs
    assert len(np.unique(inputs)) > 2


def test_the_users_own_inputs_go_first() -> None:
    graph = models.residual(1)
    given = synthetic(graph, 6, seed=5).inputs
    drawn = synthetic(graph, 24, seed=0).inputs
    found = discriminate.choose(graph, given, drawn, 8, 0)
    assert any(np.array_equal(found.inputs[0], row) for row in given)


def test_no_more_inputs_are_taken_than_see_anything() -> None:
    """All but one input are the same: the second sees nothing that the first does not."""
    graph = models.residual(1)
    one, other = synthetic(graph, 2, seed=5).inputs
    same = np.stack([one, one, one, other, one])
    found = discriminate.choose(graph, same, same[:0], 5, 0)
    assert len(found.inputs) <= 2


def test_the_same_model_gives_the_same_vectors() -> None:
    graph = models.classifier(1)
    first, second = chosen(graph, 4), chosen(graph, 4)
    np.testing.assert_array_equal(first.inputs, second.inputs)
    assert first.coverage == second.coverage


def test_a_layer_that_nothing_shows_is_named() -> None:
    """A constant answer: whatever changes before it, nobody sees."""
    graph = models.classifier(1)
    last = next(op for op in reversed(graph.operators) if OPS[op.op].weighted)
    weights = graph.tensors[last.inputs[1]]
    assert weights.data is not None
    tensors = list(graph.tensors)
    tensors[weights.index] = replace(weights, data=np.zeros_like(weights.data))
    deaf = replace(graph, tensors=tuple(tensors))
    coverage = chosen(deaf, 2).coverage
    assert coverage is not None
    blind = [layer for layer in coverage.layers if not layer.seen]
    assert 0 in [layer.layer for layer in blind]
    text = " ".join(findings.golden(coverage))
    assert f"they see no change of layer 0 {graph.operators[0].op}" in text


def test_mutants_are_of_every_kind() -> None:
    graph = models.residual(1)
    kinds = {m.kind for op in graph.operators for m in mutants_of(graph, op, 0)}
    assert {
        "one weight", ALL_WEIGHTS, "bias", "multiplier", "shift", "input zero point",
        "output zero point", "lower bound", "upper bound", "row order", "table entry",
        "output order",
    } <= kinds  # fmt: skip
