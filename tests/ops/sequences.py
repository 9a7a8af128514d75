"""Operators that keep a state, over sequences of inferences: in TFLM, in NumPy, and as C."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_micro.python.tflite_micro import runtime

from tests.ops import harness
from tests.ops.case_lstm import lstm
from tests.ops.case_svdf import svdf
from tests.ops.draw import Random
from tests.ops.refusals import accepted
from tinyforge.graph import DType, Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.tflite import write

INFERENCES = 6

SEQUENCES: Mapping[str, Callable[[Random], Graph]] = {
    "SVDF": svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}

NAMES = (*SEQUENCES, "UNIDIRECTIONAL_SEQUENCE_LSTM/int16")

Array = npt.NDArray[Any]


def case(name: str, seed: int) -> tuple[Graph, list[Array]]:
    """Of a name as those of cases.py are."""
    op, _, dtype = name.partition("/")
    r = Random(np.random.default_rng([seed, *name.encode()]), DType[(dtype or "int8").upper()])
    graph = SEQUENCES[op](r)
    return graph, [r.values(graph.tensors[0].shape) for _ in range(INFERENCES)]


def _states(graph: Graph) -> list[int]:
    """In the order in which the operator has them."""
    (op,) = graph.operators
    return [op.inputs[i] for i in OPS[op.op].states]


def new_states(graph: Graph) -> list[Array]:
    """What the operator's states are before the first inference."""
    states = [graph.tensors[t] for t in _states(graph)]
    return [np.full(t.shape, t.initial, t.dtype.numpy) for t in states]


class Tflm:
    """An interpreter of its own."""

    def __init__(self, graph: Graph) -> None:
        self._interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs, which go on from the states that the inputs before have left."""
        outputs = []
        for x in inputs:
            self._interpreter.set_input(x, 0)
            self._interpreter.invoke()
            outputs.append(np.array(self._interpreter.get_output(0)))
        return outputs

    def reset(self) -> None:
        self._interpreter.reset()


def reference(graph: Graph, states: Sequence[Array], x: Array) -> Array:
    """The output of the NumPy model, which changes the states."""
    (op,) = graph.operators
    given = dict(zip(_states(graph), states, strict=True)) | {graph.inputs[0]: x}
    operands = [given.get(t, graph.tensors[t].data) for t in op.inputs if t >= 0]
    (found,) = OPS[op.op].outputs(graph, op, [a for a in operands if a is not None])
    return found


def with_states(graph: Graph) -> tuple[Graph, Kernel]:
    """The graph with its states as inputs behind the first, as its kernel has them; the kernel."""
    (op,) = graph.operators
    lower = OPS[op.op].lower
    assert lower is not None
    kernel = lower(graph, op)
    return replace(graph, inputs=(graph.inputs[0], *_states(graph))), kernel


def assert_equal_tflm(cases: Sequence[tuple[Graph, Sequence[Array]]], workspace: Path) -> None:
    """Outputs of NumPy and C are TFLM's, and their states each other's, after every inference.

    All inputs are run twice: from new states, and from states that were reset.
    """
    graphs = [with_states(graph)[0] for graph, _ in cases]
    library = harness.compiled(graphs, workspace)
    for i, ((graph, inputs), full) in enumerate(zip(cases, graphs, strict=True)):
        accepted(graph)
        interpreter = Tflm(graph)
        for turn in range(2):
            interpreter.reset()
            ours, theirs = new_states(graph), new_states(graph)
            for k, (x, expected) in enumerate(zip(inputs, interpreter.run(inputs), strict=True)):
                label = f"case {i}, turn {turn}, inference {k}"
                np.testing.assert_array_equal(reference(graph, ours, x), expected, label)
                (found,) = harness.run_compiled(library, i, full, [x, *theirs])
                np.testing.assert_array_equal(found, expected, label)
                for one, other in zip(ours, theirs, strict=True):
                    np.testing.assert_array_equal(one, other, label)
