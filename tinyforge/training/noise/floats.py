"""What a float .tflite computes in each of its layers, by TensorFlow Lite's interpreter."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tinyforge import tflite
from tinyforge.datasets.ranges import Reals
from tinyforge.graph import Graph
from tinyforge.graph.types import DType
from tinyforge.proof.examples import by_input
from tinyforge.training.child import expected
from tinyforge.training.noise.measure import Twin
from tinyforge.training.runtime import quiet, tensorflow


def twin_of(model: bytes, inputs: Reals, *, anew: bool) -> Twin:
    """All that a float model makes of real inputs (n, *shape).

    anew: each of them begins with the states as they are at first. Names that several tensors have
    are left out.
    """
    graph = tflite.read(model)
    made = [graph.tensors[op.outputs[0]] for op in graph.operators]
    times = Counter(t.name for t in made)
    wanted = {t.name: t.index for t in made if times[t.name] == 1 and t.dtype is DType.FLOAT32}
    return Twin(_run(model, graph, wanted, inputs, anew=anew), _kernels(graph))


def _run(
    model: bytes, graph: Graph, wanted: dict[str, int], inputs: Reals, *, anew: bool
) -> dict[str, Reals]:
    lite = tensorflow().lite
    rows: dict[str, list[Reals]] = {name: [] for name in wanted}
    with quiet(), expected() as alive:
        interpreter = lite.Interpreter(
            model_content=model,
            experimental_preserve_all_tensors=True,
            # Delegates would run layers as one, and keep nothing of what is between them.
            experimental_op_resolver_type=(
                lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        interpreter.allocate_tensors()
        for sample in range(len(inputs)):
            alive()
            if anew:
                interpreter.reset_all_variables()
            for values, tensor in by_input(inputs[sample : sample + 1], graph):
                interpreter.set_tensor(tensor.index, values.reshape(tensor.shape))
            interpreter.invoke()
            for name, index in wanted.items():
                rows[name].append(interpreter.get_tensor(index))
    return {name: np.concatenate(found) for name, found in rows.items()}


def _kernels(graph: Graph) -> dict[str, Reals]:
    """The constants that operators take as their second operand."""
    found: dict[str, Reals] = {}
    for op in graph.operators:
        if len(op.inputs) > 1 and op.inputs[1] >= 0:
            data = graph.tensors[op.inputs[1]].data
            if data is not None and data.dtype == np.float32:
                found[graph.tensors[op.outputs[0]].name] = data
    return found
