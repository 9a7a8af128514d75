"""The user's data as examples of an int8 model: in the model's range, measured where labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyforge import datasets
from tinyforge.datasets.decide import Decision, Hint, Seen, decide, told
from tinyforge.datasets.function import is_function
from tinyforge.datasets.labels import for_outputs
from tinyforge.datasets.npy import Array, read_npz
from tinyforge.datasets.ranges import CANDIDATES, Range, Reals, parse
from tinyforge.datasets.samples import TEST, Samples, part_of, spread
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.proof import examples as example_files
from tinyforge.proof.examples import Examples, by_input, limits, quantized_inputs, reach
from tinyforge.proof.measure import (
    ALL_EQUAL,
    Measured,
    count_to_measure,
    macs,
    real_outputs,
    warnings,
)
from tinyforge.proof.score import Goal, Task, goal_of, head_for, score, seen
from tinyforge.stages import Stages
from tinyforge.tflite.about import about, remembers

_TRIED = 100  # samples to see the range from
_MACS = 300_000_000  # that an emulator computes in some seconds, over all examples of a proof
_EXAMPLES = (16, 256)  # of a proof: at least, at most
_NEAR = 0.15  # of a range: how far its ends may be from those of the input that was calibrated on


@dataclass(frozen=True, eq=False)
class Named:
    """What was made of the data. classes, range: "" and none where it does not say. resized: as
    Samples has it."""

    examples: Examples
    measured: Measured | None = None
    classes: tuple[str, ...] = ()
    range: str = ""
    resized: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Quantized:
    """An int8 model as data is for: bytes: whether the file's own input is uint8."""

    model: bytes
    graph: Graph
    bytes: bool = False

    @property
    def source(self) -> Tensor:
        return self.graph.input_tensors[0]


def are_examples(path: Path, graph: Graph, *, real: bool) -> bool:
    """Whether a file holds the model's own integers, or (real) its real values: what needs no
    range. Several inputs have arrays of their own, which nothing else can name."""
    if len(graph.inputs) > 1:
        return True
    if path.suffix != ".npz" or not path.is_file():
        return False
    found = read_npz(path).get("inputs")
    if found is None:
        return False
    return found.dtype == graph.input_tensors[0].dtype.numpy or (real and found.dtype.kind == "f")


def named(
    subject: Quantized, source: str, given: Range | None, *, seed: int, stages: Stages
) -> Named:
    """Examples from data of any kind. source: its name. given: the user's word for the range.

    ForgeError where the range is not clear, or labels cannot be the model's.
    """
    graph = subject.graph
    shape = subject.source.shape[1:]
    samples = _read(source, shape, seed, stages)
    goal = _goal(graph, samples)
    if goal is not None and goal.task is Task.CLASSES:
        outputs = graph.output_tensors[_head(graph, samples) or 0].size
        samples = for_outputs(samples, outputs, about(graph).classes)
    decision = _decision(subject, samples, goal, given, stages)
    for line in told(samples, decision, goal.measure if goal else ""):
        stages.note(line)
    chosen = _ordered(part_of(samples, TEST), graph, count_to_measure(graph), seed)
    inputs = chosen.real(decision.range)
    measured = None if goal is None else _measured(subject, goal, chosen, decision.range, stages)
    if goal is None:
        for warning in warnings(None, chosen, inputs, None, subject.graph):
            stages.note(warning)
    examples = of_samples(graph, chosen, inputs)
    classes = chosen.classes if goal is not None and goal.task is Task.CLASSES else ()
    return Named(examples, measured, classes, decision.range.text, samples.resized)


def _read(source: str, shape: tuple[int, ...], seed: int, stages: Stages) -> Samples:
    """The data of that name. A function of the user's runs in a process of its own, where it may
    print and crash."""
    with stages.stage(f"Read {source}"):
        if not is_function(source):
            return datasets.read(source, shape, seed=seed)
        from tinyforge.training.process import apart

        return apart(read_apart, source, shape, seed=seed, stages=stages)


def read_apart(source: str, shape: tuple[int, ...], *, seed: int, stages: Stages) -> Samples:
    """datasets.read, as work of a child process."""
    del stages
    return datasets.read(source, shape, seed=seed)


def own(subject: Quantized, path: Path, stages: Stages) -> Named:
    """Examples that are in the model's own numbers already."""
    found = example_files.load(path, subject.graph)
    for note in found.notes:
        stages.note(note)
    if len(found) > 1 and (found.inputs == found.inputs[:1]).all():
        stages.note(ALL_EQUAL)
    return Named(found)


def of_samples(graph: Graph, samples: Samples, inputs: Reals, count: int | None = None) -> Examples:
    """Examples of a proof: the first of the samples, inputs in real values. count: at most so many;
    None: as many as it takes seconds for."""
    count = count or _proof_count(graph)
    goal = _goal(graph, samples)
    labels = samples.labels if goal is not None and goal.task is Task.CLASSES else None
    rows = quantized_inputs(inputs[:count], graph)
    head = _head(graph, samples) or 0
    reaches = {
        i: reach(real, t)
        for i, (real, t) in enumerate(by_input(inputs[:count], graph))
        if t.quant is not None
    }
    return Examples(rows, None if labels is None else labels[:count], head=head, reach=reaches)


def arrays(graph: Graph, samples: Samples, inputs: Reals) -> dict[str, Array]:
    """The first of the samples, inputs in real values, as a .npz that --inputs takes."""
    alone = len(graph.inputs) == 1
    found: dict[str, Array] = {
        "inputs" if alone else f"inputs_{i}": one
        for i, (one, _) in enumerate(by_input(inputs, graph))
    }
    goal = _goal(graph, samples)
    if goal is not None and goal.task is Task.CLASSES and samples.labels is not None:
        found[f"labels_{_head(graph, samples) or 0}"] = samples.labels[: len(inputs)]
    return found


def _ordered(samples: Samples, graph: Graph, count: int, seed: int) -> Samples:
    """As many as that: any, but of a model that remembers the first ones, in their order."""
    if remembers(graph):
        return samples.take(np.arange(min(count, len(samples))))
    return spread(samples, count, seed)


def _head(graph: Graph, samples: Samples) -> int | None:
    """The output that the samples tell of, by position."""
    return head_for(samples, [t.shape[1:] for t in graph.output_tensors])


def _goal(graph: Graph, samples: Samples) -> Goal | None:
    head = _head(graph, samples)
    if head is None or graph.output_tensors[head].quant is None:
        return None
    output = graph.output_tensors[head]
    maker = graph.producers.get(output.index)
    logit = maker is not None and maker.op not in ("LOGISTIC", "SOFTMAX")
    # A sigmoid that is folded into int8 has this scale, whoever computed it.
    probability = output.scale == 1 / 256
    found = goal_of(samples, output.shape[1:], logit=logit and not probability)
    return found and Goal(found.task)


def _decision(
    subject: Quantized, samples: Samples, goal: Goal | None, given: Range | None, stages: Stages
) -> Decision:
    few = _ordered(samples, subject.graph, min(_TRIED, count_to_measure(subject.graph)), 0)
    said = about(subject.graph).range
    declared = Hint(parse(said), "the model's file says so") if said else None

    def right(inputs: Reals) -> Seen:
        assert goal is not None
        head = _head(subject.graph, few) or 0
        outputs = real_outputs(subject.model, subject.graph, inputs, head)
        return seen(goal, outputs, few, inputs)

    with stages.stage("See what range its input is in"):
        return decide(
            few,
            given=given,
            declared=declared,
            hint=_hint(subject),
            score=right if goal is not None else None,
        )


def _hint(subject: Quantized) -> Hint | None:
    """The range whose ends are those of the model's input: it was calibrated on such values."""
    t = subject.source
    if t.quant is None:
        return None
    held = range_held(t)
    if held is not None:
        low, high = limits(t)
        return Hint(held, f"the model's input holds {low:.3g} to {high:.3g}")
    if subject.bytes and t.dtype is DType.INT8:
        mean, std = t.zero_point + 128, 1 / t.scale
        return Hint(Range(f"{mean},{std:.9g}", (mean,), (std,)), "the model takes bytes")
    return None


def range_held(t: Tensor) -> Range | None:
    """The usual range whose ends are those of a quantized input; None where there is none."""
    low, high = limits(t)
    for one in CANDIDATES:
        ends = one.ends()
        near = (ends[1] - ends[0]) * _NEAR
        if abs(low - ends[0]) <= near and abs(high - ends[1]) <= near:
            return one
    return None


def _measured(
    subject: Quantized,
    goal: Goal,
    chosen: Samples,
    to: Range,
    stages: Stages,
) -> Measured:
    graph, said, inputs = subject.graph, about(subject.graph), chosen.real(to)
    with stages.stage(f"Measure {goal.measure} on {len(chosen):,} samples"):
        outputs = real_outputs(subject.model, graph, inputs, _head(graph, chosen) or 0)
    for warning in warnings(goal, chosen, inputs, outputs, subject.graph):
        stages.note(warning)
    return Measured(
        goal.measure,
        said.float_accuracy if goal.task is Task.CLASSES else None,
        score(goal, outputs, chosen, inputs),
        len(chosen),
        chosen.source,
        to.text,
        recorded=True,
    )


def _proof_count(graph: Graph) -> int:
    """How many examples are proved, so that it takes seconds."""
    return int(np.clip(_MACS // max(1, macs(graph)), *_EXAMPLES))
