"""An int8 file explained of which the float model is not there."""

from __future__ import annotations

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.proof import oracle
from tinyforge.proof.examples import Examples
from tinyforge.training.noise.dequantized import float_values
from tinyforge.training.noise.file_causes import FileFacts, diagnosis
from tinyforge.training.noise.kernels import estimated
from tinyforge.training.noise.measure import computed, count_to_explain
from tinyforge.training.noise.record import Explained, LayerNoise, Weights


def explained_alone(
    model: bytes, graph: Graph, examples: Examples | None, *, dropped: bool = False
) -> Explained:
    """model: the .tflite bytes of graph. examples: None tells what the file alone does, and so do
    drawn ones. dropped: whether it is known to be less right than float was."""
    kernels = {op.index: found for op in graph.operators if (found := estimated(graph, op))}
    layers, count, unmeasured = _layers(model, graph, examples, kernels)
    facts = FileFacts(graph, layers, None, dropped, examples.reach if examples else {}, kernels)
    of = len(graph.operators)
    return Explained(layers, of, diagnosis(facts), count, None, unmeasured)


def _layers(
    model: bytes, graph: Graph, examples: Examples | None, kernels: dict[int, Weights]
) -> tuple[tuple[LayerNoise, ...], int, str]:
    """The layers, of how many samples, and why there are none."""
    if examples is None or examples.drawn:
        return (), 0, "no data was given: --data shows what each layer loses"
    if not oracle.available():
        return (), 0, "the wheel of TensorFlow Lite Micro, which computes them in float, is missing"
    inputs = examples.inputs[: count_to_explain(graph)]
    trace = oracle.trace(model, graph, inputs)
    try:
        values = float_values(graph, inputs)
    except ForgeError as error:
        return (), 0, f"its layers cannot be computed in float: {error.what}"
    return tuple(computed(graph, trace, values, kernels)), len(inputs), ""
