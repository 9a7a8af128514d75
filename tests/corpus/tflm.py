"""TensorFlow Lite Micro as the oracle of tests. It validates nothing, so only what the verifier has
passed goes in: a Graph, never bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from tinyforge.graph.types import Graph
from tinyforge.tflite import read, require_quantized, write


def run(graph: Graph, inputs: Sequence[npt.NDArray[np.int8]]) -> list[npt.NDArray[np.int8]]:
    """The model's outputs for one set of inputs. Skips the test where there is no wheel."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    data = write(graph)
    require_quantized(read(data))
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    for position, values in enumerate(inputs):
        interpreter.set_input(values, position)
    interpreter.invoke()
    return [interpreter.get_output(i) for i in range(len(graph.outputs))]
