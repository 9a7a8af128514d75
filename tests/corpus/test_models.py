"""The models we build are what they claim: valid, reproducible, run by TensorFlow Lite Micro."""

import numpy as np
import pytest

from tests.corpus import layers, models, tflm
from tests.tflite.equality import assert_same_graph
from tinyforge.graph.types import Graph
from tinyforge.tflite import read, write

SEEDS = range(12)


def _run(graph: Graph) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    shapes = [graph.tensors[i].shape for i in graph.inputs]
    return tflm.run(graph, layers.random_inputs(rng, shapes))


@pytest.mark.parametrize("op", models.SINGLE)
def test_tflm_runs_single_operators_of_any_geometry(op: str) -> None:
    spread = set()
    for seed in SEEDS:
        graph = models.single(op, seed)
        assert_same_graph(read(write(graph)), graph)
        assert write(models.single(op, seed)) == write(graph)
        (output,) = _run(graph)
        assert output.shape == graph.tensors[graph.outputs[0]].shape
        spread |= set(output.ravel().tolist())
    assert len(spread) > 20, "outputs are all alike: the scales say nothing"


@pytest.mark.parametrize("name", models.NETWORKS)
def test_tflm_runs_the_networks(name: str) -> None:
    graph = models.NETWORKS[name](0)
    (output,) = _run(graph)
    assert output.shape == graph.tensors[graph.outputs[0]].shape
    assert len(write(graph)) < 10_000
