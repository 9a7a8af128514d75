"""How right an int8 model is about samples, by the oracle; and what looks wrong with those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyforge.datasets.decide import figure
from tinyforge.datasets.ranges import Reals
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Tensor
from tinyforge.ops import OPS
from tinyforge.proof import oracle
from tinyforge.proof.examples import quantized
from tinyforge.proof.score import Floats, Goal, Task, chosen

MAX_DROP = 0.05  # of accuracy, from float to int8 or by pruning, that is accepted in silence
_SATURATED = 0.01  # share of inputs beyond the model's range that is worth a warning
_MACS = 2_000_000_000  # that the oracle computes in some ten seconds
_EXAMPLES = (50, 1000)  # to measure on: at least, at most
_FEW = 8  # answers: fewer may all be of one class by chance


@dataclass(frozen=True)
class Measured:
    """How right a model is about data. Field names are the keys of `--json`.

    measure: what the figures are. float_model: of the model before it was quantized, None where it
    is not there. int8_model: of what runs on the device. examples: how many. range: of the inputs.
    """

    measure: str
    float_model: float | None
    int8_model: float
    examples: int
    data: str
    range: str

    def __str__(self) -> str:
        before = f"float {self._shown(self.float_model)}, " if self.float_model is not None else ""
        after = f"int8 {self._shown(self.int8_model)}"
        return f"{before}{after} on {self.examples:,} examples of {self.data}"

    def _shown(self, value: float) -> str:
        return figure(self.measure, value)


def count_to_measure(graph: Graph) -> int:
    """How many examples the oracle is asked for, so that it takes seconds, not minutes."""
    macs = sum(OPS[op.op].macs(graph, op) for op in graph.operators if op.op in OPS)
    return int(np.clip(_MACS // max(1, macs), *_EXAMPLES))


def real_outputs(model: bytes, graph: Graph, inputs: Reals) -> Floats:
    """What the model gives for real inputs (n, *shape): real values, (n, outputs)."""
    source, sink = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    found = oracle.outputs(model, graph, quantized(inputs, source))
    return (found.astype(np.float64) - sink.zero_point) * sink.scale


def warnings(
    goal: Goal | None, samples: Samples, inputs: Reals, outputs: Floats | None, source: Tensor
) -> Iterator[str]:
    """What is likely wrong with data, as sentences. outputs: None if they are not known."""
    if len(inputs) > 1 and (inputs == inputs[:1]).all():
        yield "warning: all samples are equal: they say nothing of the model"
    elif np.ptp(inputs) == 0:
        yield "warning: every sample is constant: they say nothing of the model"
    outside = beyond(inputs, source)
    if outside > _SATURATED:
        low, high = limits(source)
        yield (
            f"warning: {outside:.1%} of the input values lie outside what the model's input holds, "
            f"{low:.4g} to {high:.4g}, and are cut off there: is the range right?"
        )
    if goal is None or goal.task is not Task.CLASSES or outputs is None or len(outputs) < _FEW:
        return
    found = np.unique(chosen(goal, outputs))
    if len(found) == 1 and (samples.labels is None or len(np.unique(samples.labels)) > 1):
        names = samples.classes
        name = repr(names[found[0]]) if found[0] < len(names) else str(found[0])
        yield f"warning: the model answers class {name} to all {len(outputs):,} examples"


def limits(t: Tensor) -> tuple[float, float]:
    """The least and the greatest real value that an integer tensor holds."""
    ends = np.iinfo(t.dtype.numpy)
    return (ends.min - t.zero_point) * t.scale, (ends.max - t.zero_point) * t.scale


def beyond(inputs: Reals, t: Tensor) -> float:
    """The share of values that lie a step or more outside what the tensor holds."""
    low, high = limits(t)
    return float(((inputs < low - t.scale) | (inputs > high + t.scale)).mean())


def require_kept(before: float, after: float, what: str, measure: str, *, accept: bool) -> None:
    """ForgeError where accuracy dropped by more than MAX_DROP, unless that is accepted."""
    if before - after > MAX_DROP and not accept:
        raise ForgeError(
            f"{measure} drops from {figure(measure, before)} to {figure(measure, after)} by {what}",
            fix="nothing was written; see the warnings above, give more or other data, or accept "
            "it with --accept-accuracy",
        )
