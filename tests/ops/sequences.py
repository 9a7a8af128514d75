"""SVDF over sequences of inferences, in TFLM and in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_micro.python.tflite_micro import runtime

from tests.ops.case_svdf import svdf
from tests.ops.draw import Random
from tinyforge.graph import Graph
from tinyforge.ops import OPS
from tinyforge.tflite import write

INFERENCES = 6

Int8 = npt.NDArray[np.int8]
Array = npt.NDArray[Any]


def case(seed: int) -> tuple[Graph, list[Int8]]:
    r = Random(np.random.default_rng([seed, *b"SVDF"]))
    graph = svdf(r)
    return graph, [r.values(graph.tensors[0].shape) for _ in range(INFERENCES)]


def new_state(graph: Graph) -> Array:
    (state,) = (t for t in graph.tensors if t.variable)
    return np.full(state.shape, state.initial, state.dtype.numpy)


def tflm(graph: Graph, inputs: Sequence[Int8]) -> list[Int8]:
    """All outputs of one interpreter."""
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    outputs = []
    for x in inputs:
        interpreter.set_input(x, 0)
        interpreter.invoke()
        outputs.append(np.array(interpreter.get_output(0)))
    return outputs


def reference(graph: Graph, state: Array, x: Int8) -> Int8:
    (op,) = graph.operators
    operands = [x, *(graph.tensors[t].data for t in op.inputs[1:4]), state]
    return OPS["SVDF"].reference(graph, op, [a for a in operands if a is not None])
