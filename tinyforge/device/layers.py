"""The compiled model on the board, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.device.link import Link
from tinyforge.device.subject import Subject
from tinyforge.graph import Operator
from tinyforge.proof.oracle import Trace


@dataclass(frozen=True)
class _Step:
    """layers: how many have run with it; 0: none needs to. operators: whose outputs lie in the
    arena from then on; the first one is the layer that runs, the others have no code."""

    layers: int
    operators: tuple[Operator, ...]


def layer_by_layer(
    link: Link, subject: Subject, values: npt.NDArray[np.int8]
) -> tuple[Trace, dict[int, int]]:
    """Every layer's output on one input, each read before the next layer runs.

    Returns them by tensor, int8 (1, bytes), and the cycles of each layer that has code by operator
    index. subject: with a plan. ForgeError as Link's.
    """
    assert subject.plan is not None
    trace: dict[int, npt.NDArray[np.int8]] = {}
    cycles: dict[int, int] = {}
    link.write_input(values.tobytes())
    for step in _steps(subject):
        if step.layers:
            cycles[step.operators[0].index] = link.run(step.layers)
        for op in step.operators:
            tensor = subject.graph.tensors[op.outputs[0]]
            data = link.read_arena(subject.plan.offsets[tensor.index], tensor.nbytes)
            trace[tensor.index] = np.frombuffer(data, np.int8)[np.newaxis]
    return trace, cycles


def _steps(subject: Subject) -> list[_Step]:
    """The model in the order it runs."""
    assert subject.plan is not None
    steps: list[_Step] = []
    for index in subject.plan.order:
        op = subject.graph.operators[index]
        layers = steps[-1].layers if steps else 0
        if index in subject.lowered.layer_symbols:
            steps.append(_Step(layers + 1, (op,)))
        elif steps:
            steps[-1] = _Step(layers, (*steps[-1].operators, op))
        else:
            steps.append(_Step(0, (op,)))
    return steps
