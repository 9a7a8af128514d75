"""An int8 file explained of which the float model is not there."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.proof import oracle
from tinyforge.proof.examples import Examples
from tinyforge.training.noise.dequantized import float_values
from tinyforge.training.noise.file_causes import FileFacts, diagnosis
from tinyforge.training.noise.finer import finer
from tinyforge.training.noise.kernels import estimated
from tinyforge.training.noise.measure import computed, count_to_explain
from tinyforge.training.noise.record import Explained, LayerNoise


def explained_alone(
    model: bytes, graph: Graph, examples: Examples | None, *, dropped: bool = False
) -> Explained:
    """model: the .tflite bytes of graph. examples: None tells what the file alone does, and so do
    drawn ones. dropped: whether it is known to be less right than float was."""
    kernels = {op.index: found for op in graph.operators if (found := estimated(graph, op))}
    reach = examples.reach if examples else {}

    def said(layers: tuple[LayerNoise, ...], count: int, unmeasured: str = "") -> Explained:
        findings = diagnosis(FileFacts(graph, layers, None, dropped, reach, kernels))
        return Explained(layers, len(graph.operators), findings, count, None, unmeasured)

    if examples is None or examples.drawn:
        return said((), 0, "no data was given: --data shows what each layer loses")
    if not oracle.available():
        return said(
            (), 0, "the wheel of TensorFlow Lite Micro, which computes them in float, is missing"
        )
    inputs = examples.inputs[: count_to_explain(graph)]
    try:
        values = float_values(graph, inputs)
    except ForgeError as error:
        return said((), 0, f"they cannot be computed in float: {error.what}")
    layers = tuple(computed(graph, oracle.trace(model, graph, inputs), values, kernels))
    return replace(said(layers, len(inputs)), finer=finer(graph, layers, inputs, values))
