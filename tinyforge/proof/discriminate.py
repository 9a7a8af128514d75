"""Golden vectors that discriminate: the few inputs whose answers show most single changes.

A device compares answers alone, and most inputs hide most errors there: what saturates, and what a
softmax is sure of, says nothing. So candidates are tried on the model's mutants, and those are
taken that see what the ones before them do not.

Everything is decided by arithmetic and counted work, none of it by a clock: the same model gives
the same vectors everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.graph.packed import unpacked
from tinyforge.ops import OPS
from tinyforge.proof.mutants import ALL_WEIGHTS, Mutant, mutants_of
from tinyforge.proof.oracle import Layer, answer, reference, reference_trace
from tinyforge.proof.record import Coverage, LayerCoverage
from tinyforge.proof.synthetic import mixed, varied
from tinyforge.tflite.about import remembers

Rows = npt.NDArray[np.int8]
Array = npt.NDArray[Any]
Values = Mapping[int, Array]

# Mutants of a model at most; work in all, as _work() counts it, and inferences: some seconds of a
# CPU.
_MUTANTS = 240
_WORK, _INFERENCES = 6_000_000_000, 1000
# What an element of an output, and a layer, cost beside multiply-accumulates.
_ELEMENT_WORK, _LAYER_WORK = 64, 50_000
# Mixtures that are tried, and how closely each is looked for.
_PAIRS, _HALVINGS = 16, 6
# Inputs that are improved by steps, and how many each takes.
_STARTS, _STEPS = 6, 40
# Of int8: what saturates shows nothing.
_ENDS = (-128, 127)
# Candidates that are compared at once, and mutants that one is judged by where work is scarce.
_AT_ONCE, _SAMPLE = 6, 24
_PATIENCE = 4


@dataclass(frozen=True, eq=False)
class Chosen:
    """inputs: int8 (n, bytes). coverage: None where an operator has no NumPy model."""

    inputs: Rows
    coverage: Coverage | None


def choose(
    graph: Graph,
    given: Rows,
    drawn: Rows,
    count: int,
    seed: int,
    *,
    watched: frozenset[int] = frozenset(),
    kept: Rows | None = None,
) -> Chosen:
    """At most count of the inputs, or of mixtures of drawn ones, whose answers show most mutants.

    given: the user's own, which go first; perhaps none. drawn: others. In a model with states the
    inputs are a sequence: the shortest beginning of it that sees as much as a longer one. watched:
    tensors of which the self-test sees every byte, beside answers. kept: those that are taken first
    whatever they see, in their order.
    """
    first = given[:0] if kept is None else kept
    if not all(op.op in OPS for op in graph.operators):
        return Chosen(np.concatenate([first, given, drawn])[:count], None)
    if remembers(graph):
        sequence = np.concatenate([first, given, drawn])[:count]
        return _Sequence(graph, sequence, seed, watched).choose()
    return _Choice(graph, count, seed, watched).choose(given, drawn, first)


def _work(graph: Graph) -> int:
    """Of one inference."""
    return sum(
        OPS[op.op].macs(graph, op)
        + _ELEMENT_WORK * sum(graph.tensors[t].size for t in op.outputs)
        + _LAYER_WORK * _calls(graph, op)
        for op in graph.operators
    )


def _mutants(graph: Graph, seed: int, most: int) -> list[Mutant]:
    """The layers' mutants in turn, the most telling ones first, at most so many."""
    by_layer = [mutants_of(graph, op, seed) for op in graph.operators]
    turns = zip_longest(*by_layer)
    return [m for turn in turns for m in turn if m is not None][:most]


def _calls(graph: Graph, op: Operator) -> int:
    """How often a layer's model does what others do once: an LSTM's at each step in time."""
    states = [graph.tensors[op.inputs[position]].size for position in OPS[op.op].states]
    return max([1, *(graph.tensors[t].size // max(1, *states) for t in op.outputs if states)])


def _start(graph: Graph, row: Rows) -> dict[int, Array]:
    """The values that are there before the first layer: constants, and the input's bytes. States
    are in _operands."""
    constants = {t.index: t.data for t in graph.tensors if t.data is not None}
    values = [one[0] for one in unpacked(row[np.newaxis], graph.input_tensors)]
    return {**constants, **dict(zip(graph.inputs, values, strict=True))}


def _answers(graph: Graph, values: Values) -> list[Array]:
    return [values[t] for t in graph.outputs]


def _forward(graph: Graph, values: dict[int, Array]) -> None:
    """Adds what every layer makes."""
    for op in graph.operators:
        operands = _operands(graph, op, values)
        values.update(zip(op.outputs, reference(graph, op, operands), strict=True))


def _operands(
    graph: Graph, op: Operator, values: Values, changed: Values | None = None
) -> list[Array]:
    """A layer's: values, but for those that have changed. Its states are new ones, since it changes
    them and may run again."""
    found = []
    for t in (graph.tensors[t] for t in op.inputs if t >= 0):
        if t.variable:
            found.append(t.at_start())
        else:
            found.append(changed[t.index] if changed and t.index in changed else values[t.index])
    return found


def _shows(
    graph: Graph, values: Values, mutant: Mutant, watched: frozenset[int] = frozenset()
) -> bool:
    """Whether a mutant changes an answer, or a watched tensor. values: those of the right model.

    Only layers that see a change are computed again.
    """
    changed: dict[int, Array] = {}
    for op in graph.operators[mutant.layer :]:
        if op.index != mutant.layer and changed.keys().isdisjoint(op.inputs):
            continue
        operands = _operands(graph, op, values, changed)
        found = mutant.instead(graph, op, operands)
        for t, value in zip(op.outputs, found, strict=True):
            if not np.array_equal(value, values[t]):
                changed[t] = value
        if not watched.isdisjoint(changed):
            return True
    return not changed.keys().isdisjoint(graph.outputs)


def _decision(graph: Graph, values: Values) -> Array:
    """What the answer is made from, flat: the first output's layer's own input."""
    last = graph.producers.get(graph.outputs[0])
    before = values[last.inputs[0]] if last else np.zeros(1)
    return before.reshape(-1).astype(np.float64)


def _unsure(graph: Graph, values: Values) -> float:
    """How much of a small change this input would show: how far the answers are from saturation,
    how close what comes before them is to a decision, and how much of what layers make is neither
    their lowest nor their highest value. From -2, nothing, to about 2."""
    away = [_away(answer) for answer in _answers(graph, values)]
    decision = _decision(graph, values)
    top = np.sort(decision)[-2:]
    stuck = float(np.isin(top, _ENDS).mean())
    made = [values[t] for op in graph.operators for t in op.outputs]
    live = [float(((v > v.min()) & (v < v.max())).mean()) for v in made if v.size]
    open_share = sum(live) / max(1, len(live))
    return sum(away) / len(away) + float(top[0] - top[-1]) / 256 - stuck + open_share


def _away(answer: Array) -> float:
    """0 where every row of an answer is saturated, 1 where each has a value in the middle."""
    if answer.dtype.kind != "i" or not answer.size:
        return 1.0
    limits, wide = np.iinfo(answer.dtype), answer.astype(np.int64)
    inner = np.minimum(wide - limits.min, limits.max - wide)
    rows = inner.reshape(-1, inner.shape[-1]) if inner.ndim else inner.reshape(1, 1)
    return float(rows.max(axis=1).mean()) / (-limits.min)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """An input, how unsure the model is of it, and which answer it gives."""

    row: Rows
    score: float
    answer: int


class _Choice:
    """For a model that answers each input by itself."""

    def __init__(self, graph: Graph, count: int, seed: int, watched: frozenset[int]) -> None:
        self.graph = graph
        self.count = count
        self.watched = watched
        self.rng = np.random.default_rng(seed)
        affordable = min(_INFERENCES, _WORK // _work(graph))
        self.budget = float(max(2 * len(graph.operators), affordable))  # of inferences
        self.mutants = _mutants(graph, seed, min(_MUTANTS, int(self.budget)))
        self.unseen = list(range(len(self.mutants)))
        self.invalid: set[int] = set()
        self.taken: list[Rows] = []

    def choose(self, given: Rows, drawn: Rows, kept: Rows) -> Chosen:
        for row in kept[: self.count]:
            self._take(row, self._seen_by(row))
        self._take_from(given)
        if len(drawn) and self.unseen and len(self.taken) < self.count:
            self._take_from(self._less_sure(drawn))
        if not self.taken:
            self.taken.append((given if len(given) else drawn)[0])
        taken = np.stack(self.taken)
        valid = [(i, m) for i, m in enumerate(self.mutants) if i not in self.invalid]
        hidden = set(self.unseen)
        return Chosen(taken, _coverage(self.graph, taken, valid, self._unwatched(hidden), hidden))

    def _unwatched(self, hidden: set[int]) -> set[int]:
        """Of the mutants that no answer shows those that show in no watched tensor either."""
        if not self.watched:
            return hidden
        unseen = hidden - self.invalid
        for row in self.taken:
            values = self._values(row)
            unseen = {
                i for i in unseen if not _shows(self.graph, values, self.mutants[i], self.watched)
            }
        return unseen

    def _values(self, row: Rows) -> dict[int, Array]:
        self.budget -= 1
        values = _start(self.graph, row)
        _forward(self.graph, values)
        return values

    def _less_sure(self, drawn: Rows) -> Rows:
        """The inputs, mixtures of two whose answer is between theirs, and what comes of the best
        by small steps; the least sure first."""
        found = [self._candidate(row) for row in drawn]
        for one, other in self._unlike(found):
            found.append(self._between(one, other))
        steps = int(self.budget) // 8
        starts = max(1, min(_STARTS, steps // _STEPS))
        for start in sorted(found, key=lambda c: c.score, reverse=True)[:starts]:
            found.append(self._climbed(start, drawn, min(_STEPS, steps)))
        found.sort(key=lambda c: c.score, reverse=True)
        return np.stack([candidate.row for candidate in found])

    def _candidate(self, row: Rows) -> _Candidate:
        values = self._values(row)
        decision = _decision(self.graph, values)
        answer = int(decision.argmax()) if len(decision) > 1 else int(decision[0] > 0)
        return _Candidate(row, _unsure(self.graph, values), answer)

    def _unlike(self, found: list[_Candidate]) -> list[tuple[_Candidate, _Candidate]]:
        """Some pairs of inputs with different answers."""
        pairs = [(a, b) for i, a in enumerate(found) for b in found[:i] if a.answer != b.answer]
        most = max(2, min(_PAIRS, int(self.budget) // (10 * _HALVINGS)))
        return [pairs[i] for i in self.rng.permutation(len(pairs))[:most]]

    def _between(self, one: _Candidate, other: _Candidate) -> _Candidate:
        """A mixture of two inputs where the answer turns from that of the one to the other's."""
        begin, end, best = 0.0, 1.0, max(one, other, key=lambda c: c.score)
        for _ in range(_HALVINGS):
            share = (begin + end) / 2
            tried = self._candidate(mixed(self.graph, one.row, other.row, share))
            best = max(best, tried, key=lambda c: c.score)
            if tried.answer == one.answer:
                begin = share
            else:
                end = share
        return best

    def _climbed(self, start: _Candidate, drawn: Rows, steps: int) -> _Candidate:
        """What comes of an input by steps of which each is less sure than the one before."""
        best = start
        for _ in range(steps):
            other = drawn[int(self.rng.integers(len(drawn)))]
            tried = self._candidate(varied(self.graph, best.row, other, self.rng))
            best = max(best, tried, key=lambda c: c.score)
        return best

    def _take_from(self, pool: Rows) -> None:
        """Takes inputs that see mutants which none before them saw, the one that sees most first;
        of a few at a time, as many as there is work for."""
        waiting, patience = list(pool), _PATIENCE
        while waiting and patience and self.unseen and len(self.taken) < self.count:
            if self.budget <= 0 and self.taken and not self._must_go_on():
                return
            tried = max(1, min(_AT_ONCE, int(self.budget) // (2 * len(self.unseen))))
            if self.count == 1 and tried == 1:
                waiting = self._screened(waiting)
            batch = [(self._seen_by(row), row) for row in waiting[:tried]]
            batch.sort(key=lambda one: len(one[0]), reverse=True)
            seen, best = batch[0]
            waiting = [row for found, row in batch[1:] if found] + waiting[tried:]
            if seen:
                self._take(best, seen)
            elif not self._must_go_on():
                patience -= 1

    def _take(self, row: Rows, seen: set[int]) -> None:
        self.unseen = [i for i in self.unseen if i not in seen and i not in self.invalid]
        self.taken.append(row)

    def _must_go_on(self) -> bool:
        """Whether a change that no one may miss is not seen yet."""
        return any(self.mutants[i].kind == ALL_WEIGHTS for i in self.unseen)

    def _screened(self, pool: list[Rows]) -> list[Rows]:
        """The first few, by how many of a sample of mutants they see."""
        sample = self.unseen[:: max(1, len(self.unseen) // _SAMPLE)]
        few = pool[:_AT_ONCE]
        counts = []
        for row in few:
            values = self._values(row)
            counts.append(sum(self._sees(values, i) for i in sample))
        order = sorted(range(len(few)), key=lambda n: counts[n], reverse=True)
        return [few[n] for n in order] + pool[_AT_ONCE:]

    def _seen_by(self, row: Rows) -> set[int]:
        values = self._values(row)
        return {i for i in self.unseen if self._sees(values, i)}

    def _sees(self, values: Values, number: int) -> bool:
        self.budget -= 0.5  # on average half of the layers lie behind the mutant's
        try:
            return _shows(self.graph, values, self.mutants[number])
        except ForgeError:  # the operator cannot be what it was changed to
            self.invalid.add(number)
            return False


def _coverage(
    graph: Graph,
    taken: Rows,
    valid: Sequence[tuple[int, Mutant]],
    unseen: set[int],
    hidden: set[int],
) -> Coverage:
    """valid: mutants under their numbers. unseen: those that the self-test misses. hidden: those
    that show in no answer."""
    layers = tuple(_by_layer(graph, valid, unseen, hidden))
    seen = sum(layer.seen for layer in layers)
    return Coverage(len(taken), taken.shape[1], len(valid), seen, layers)


def _by_layer(
    graph: Graph, valid: Sequence[tuple[int, Mutant]], unseen: set[int], hidden: set[int]
) -> Iterator[LayerCoverage]:
    for op in graph.operators:
        own = [(i, m) for i, m in valid if m.layer == op.index]
        if own:
            missed = tuple(dict.fromkeys(m.kind for i, m in own if i in unseen))
            seen = sum(i not in unseen for i, _ in own)
            name = graph.tensors[op.outputs[0]].name
            answers = sum(i not in hidden for i, _ in own)
            yield LayerCoverage(op.index, op.op, name, len(own), seen, missed, answers)


class _Sequence:
    """For a model with states: its inputs are one sequence from their initial values."""

    def __init__(self, graph: Graph, inputs: Rows, seed: int, watched: frozenset[int]) -> None:
        self.graph = graph
        self.watched = sorted(watched)
        self.inputs = inputs
        affordable = min(_INFERENCES, _WORK // _work(graph)) // len(inputs)
        budget = max(len(graph.operators), affordable)
        self.mutants = _mutants(graph, seed, min(_MUTANTS, budget))

    def choose(self) -> Chosen:
        right, right_layers = self._answers(reference)
        layers: dict[int, int] = {}  # the same of watched tensors
        first: dict[int, int] = {}  # the position of the first answer that shows each mutant
        valid = []
        for i, mutant in enumerate(self.mutants):
            try:
                wrong, wrong_layers = self._answers(mutant.instead)
            except ForgeError:  # the operator cannot be what it was changed to
                continue
            valid.append((i, mutant))
            for found, a, b in ((first, right, wrong), (layers, right_layers, wrong_layers)):
                differs = np.flatnonzero((a != b).any(axis=1))
                if len(differs):
                    found[i] = int(differs[0])
        taken = self.inputs[: max(first.values(), default=0) + 1]
        hidden = {i for i, _ in valid if i not in first}
        unseen = {i for i in hidden if layers.get(i, len(taken)) >= len(taken)}
        return Chosen(taken, _coverage(self.graph, taken, valid, unseen, hidden))

    def _answers(self, layer: Layer) -> tuple[Rows, Rows]:
        """Of each input, and what the watched tensors are."""
        trace = reference_trace(self.graph, self.inputs, layer)
        watched = [trace[t] for t in self.watched]
        return answer(self.graph, trace), np.concatenate([self.inputs[:, :0], *watched], axis=1)
