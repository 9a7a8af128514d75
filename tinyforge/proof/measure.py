"""How right an int8 model is about samples, by the oracle; and what looks wrong with those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.decide import figure
from tinyforge.datasets.ranges import Reals
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.packed import split, typed
from tinyforge.ops import OPS
from tinyforge.proof import oracle
from tinyforge.proof.examples import beyond_warning, by_input, quantized_inputs, reach
from tinyforge.proof.score import Floats, Goal, Task, chosen

ALL_EQUAL = "warning: all samples are equal: they say nothing of the model"
MAX_DROP = 0.05  # of accuracy, from float to int8 or by pruning, that is accepted in silence
_MACS = 2_000_000_000  # that the oracle computes in some ten seconds
_EXAMPLES = (50, 1000)  # to measure on: at least, at most
_FEW = 8  # answers: fewer may all be of one class by chance
_OTHER_DATA = "see the warnings above, give more or other data"
_MUCH = 0.3  # of accuracy, that another order of classes gives by no chance
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """How right a model is about data. Field names are the keys of `--json`.

    measure: what the figures are. float_model: of the model before it was quantized, None where it
    is not there. int8_model: of what runs on the device. examples: how many. range: of the inputs.
    recorded: whether float_model is what the file says, measured on other examples perhaps.
    """

    measure: str
    float_model: float | None
    int8_model: float
    examples: int
    data: str
    range: str
    recorded: bool = False

    def __str__(self) -> str:
        when = " (when it was quantized)" if self.recorded else ""
        before = ""
        if self.float_model is not None:
            before = f"float {self.figure(self.float_model)}{when}, "
        after = f"int8 {self.figure(self.int8_model)}"
        examples = "1 example" if self.examples == 1 else f"{self.examples:,} examples"
        return f"{before}{after} on {examples} of {self.data}"

    def figure(self, value: float) -> str:
        """One of the figures, as it is shown."""
        return figure(self.measure, value)

    @property
    def dropped(self) -> bool:
        """Whether int8 is more than MAX_DROP below float."""
        return self.float_model is not None and self.float_model - self.int8_model > MAX_DROP

    def require_kept(self, *, accept: bool, why: str = "", cure: str = _OTHER_DATA) -> None:
        """ForgeError where int8 is more than MAX_DROP below float, unless that is accepted. why: in
        words; cure: what to do."""
        if self.float_model is not None:
            require_kept(
                self.float_model,
                self.int8_model,
                "quantizing",
                self.measure,
                accept=accept,
                why=why,
                cure=cure,
            )


def count_to_measure(graph: Graph) -> int:
    """How many examples the oracle is asked for, so that it takes seconds, not minutes."""
    return int(np.clip(_MACS // max(1, macs(graph)), *_EXAMPLES))


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one inference."""
    return sum(OPS[op.op].macs(graph, op) for op in graph.operators if op.op in OPS)


def real_outputs(model: bytes, graph: Graph, inputs: Reals, head: int = 0) -> Floats:
    """What one of the model's outputs, by position, is for real inputs (n, *shape): real values,
    (n, elements)."""
    sink = graph.output_tensors[head]
    found = oracle.outputs(model, graph, quantized_inputs(inputs, graph))
    integers = typed(split(found, graph.output_tensors)[head], sink)
    if sink.quant is None:
        return integers.astype(np.float64)
    return (integers.astype(np.float64) - sink.zero_point) * sink.scale


def warnings(
    goal: Goal | None, samples: Samples, inputs: Reals, outputs: Floats | None, graph: Graph
) -> Iterator[str]:
    """What is likely wrong with data, as sentences. outputs: None if they are not known."""
    if len(inputs) > 1 and (inputs == inputs[:1]).all():
        yield ALL_EQUAL
    elif np.ptp(inputs) == 0:
        yield "warning: every sample is constant: they say nothing of the model"
    for real, source in by_input(inputs, graph):
        yield from beyond_warning(reach(real, source), source)
    if goal is None or goal.task is not Task.CLASSES or outputs is None or len(outputs) < _FEW:
        return
    found = np.unique(chosen(goal, outputs))
    if len(found) == 1 and (samples.labels is None or len(np.unique(samples.labels)) > 1):
        names = samples.classes
        name = repr(names[found[0]]) if found[0] < len(names) else str(found[0])
        yield f"warning: the model answers class {name} to all {len(outputs):,} examples"
    elif samples.labels is not None:
        yield from _reordered(samples.labels, chosen(goal, outputs), samples.classes)


def _reordered(labels: Classes, answers: Classes, names: Sequence[str]) -> Iterator[str]:
    """Where the model is right much more often with the classes in another order."""
    count = int(max(labels.max(), answers.max())) + 1
    times = np.zeros((count, count), np.int64)
    np.add.at(times, (answers, labels), 1)
    order = times.argmax(axis=1)  # by answer the class that gets it most often
    right, now = times.max(axis=1).sum() / len(labels), np.trace(times) / len(labels)
    if len(set(order.tolist())) == count and right - now >= _MUCH:
        shown = ", ".join(names[i] if i < len(names) else str(i) for i in order)
        yield (
            f"warning: is this the order of classes in which the model was trained? As {shown} it "
            f"would be right for {right:.0%} of the examples: number class folders so (0_..., "
            "1_...), or give labels in a .npz"
        )


def require_kept(
    before: float,
    after: float,
    what: str,
    measure: str,
    *,
    accept: bool,
    why: str = "",
    cure: str = _OTHER_DATA,
) -> None:
    """ForgeError where accuracy dropped by more than MAX_DROP, unless that is accepted. why: in
    words; cure: what to do."""
    if before - after > MAX_DROP and not accept:
        raise ForgeError(
            f"{measure} drops from {figure(measure, before)} to {figure(measure, after)} by {what}"
            + (f": {why}" if why else ""),
            fix=f"nothing was written; {cure}, or accept it with --accept-accuracy",
        )
