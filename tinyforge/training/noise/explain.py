"""An int8 model explained: its layers beside the float model's, and what makes them worse."""

from __future__ import annotations

import numpy as np

from tinyforge import tflite
from tinyforge.datasets.decide import Decision
from tinyforge.datasets.samples import Samples
from tinyforge.graph import Graph
from tinyforge.proof import oracle
from tinyforge.proof.examples import quantized_inputs
from tinyforge.proof.score import Task
from tinyforge.tflite.about import about
from tinyforge.training.model import Model
from tinyforge.training.noise.causes import Beside, diagnosis
from tinyforge.training.noise.finer import finer
from tinyforge.training.noise.floats import twin_of
from tinyforge.training.noise.measure import Twin, by_tensor, count_to_explain, layers
from tinyforge.training.noise.normalization import drift
from tinyforge.training.noise.record import Explained, LayerNoise
from tinyforge.training.quantize import Calibration, float_twin
from tinyforge.training.subject import Subject


def explained(
    small: bytes,
    subject: Subject,
    decision: Decision,
    calibration: Samples,
    inputs: Calibration,
    *,
    dropped: bool,
) -> Explained:
    """Of an int8 model, on a few inputs, real values (n, *shape).

    subject: the float model. decision: the inputs' range. calibration: what the ranges were set
    with. dropped: whether int8 is less right than float.
    """
    graph = tflite.read(small)
    inputs = inputs[: count_to_explain(graph)]
    twin = _twin(graph, subject.model, inputs)
    found = _layers(small, graph, twin, inputs)
    facts = Beside(
        graph,
        found,
        len(calibration),
        dropped,
        decision,
        subject.measure,
        drift(subject.model, calibration.real(decision.range)),
        _classes(subject, calibration),
    )
    count = len(graph.operators)
    better = finer(graph, found, quantized_inputs(inputs, graph), by_tensor(graph, twin))
    findings = diagnosis(facts)
    return Explained(found, count, findings, len(inputs), len(calibration), finer=better)


def by_layer(small: bytes, model: Model, inputs: Calibration) -> tuple[LayerNoise, ...]:
    """An int8 model's layers beside those of the Keras model that it was made of, on the first of
    these inputs, real values (n, *shape): as many as take seconds."""
    graph = tflite.read(small)
    inputs = inputs[: count_to_explain(graph)]
    return _layers(small, graph, _twin(graph, model, inputs), inputs)


def _twin(graph: Graph, model: Model, inputs: Calibration) -> Twin:
    return twin_of(float_twin(model), inputs, anew=about(graph).anew)


def _layers(small: bytes, graph: Graph, twin: Twin, inputs: Calibration) -> tuple[LayerNoise, ...]:
    trace = oracle.trace(small, graph, quantized_inputs(inputs, graph))
    return layers(graph, trace, twin, inputs)


def _classes(subject: Subject, calibration: Samples) -> tuple[int, int] | None:
    """How many classes calibration data is of, and how many the model tells apart."""
    goal = subject.goal
    if goal is None or goal.task is not Task.CLASSES or calibration.labels is None:
        return None
    scores = int(np.prod(subject.model.outputs[subject.head].shape[1:]))
    return len(np.unique(calibration.labels)), max(2, scores)
