"""Which graphs are quantized as engines want it: what may be a variable tensor, what a constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant
from tinyforge.tflite import require_quantized

KEEPS = (
    "keeps its value between inferences; only the state of one SVDF, UNIDIRECTIONAL_SEQUENCE_LSTM "
    "may"
)


def with_svdf() -> tuple[GraphBuilder, int, int]:
    """A builder, its input and what an SVDF makes of it, both (1, 6)."""
    b = GraphBuilder()
    x = b.input((1, 6), 0.1)
    return b, x, layers.svdf(b, np.random.default_rng(1), x, units=6, memory=2)


def variable(b: GraphBuilder) -> int:
    return b.variable((1, 6), DType.INT8, Quant((0.1,), (0,)))


def nobody_s() -> Graph:
    b, _, y = with_svdf()
    variable(b)
    return b.build([y])


def an_addend() -> Graph:
    b, _, y = with_svdf()
    return b.build([layers.binary(b, np.random.default_rng(2), "ADD", y, variable(b))])


def the_source_of_an_svdf() -> Graph:
    b, _, y = with_svdf()
    z = layers.svdf(b, np.random.default_rng(2), variable(b), units=6, memory=2)
    return b.build([layers.binary(b, np.random.default_rng(2), "ADD", y, z)])


def two_operators() -> Graph:
    b, x, y = with_svdf()
    z = layers.svdf(b, np.random.default_rng(2), x, units=6, memory=2)
    graph = b.build([layers.binary(b, np.random.default_rng(2), "ADD", y, z)])
    first, second, *rest = graph.operators
    shared = replace(second, inputs=(*second.inputs[:4], first.inputs[4]))
    return replace(graph, operators=(first, shared, *rest))


def test_states_of_svdf_are_accepted() -> None:
    require_quantized(models.keywords(1))


@pytest.mark.parametrize("make", [nobody_s, an_addend, the_source_of_an_svdf, two_operators])
def test_other_variable_tensors_are_refused(make: Callable[[], Graph]) -> None:
    with pytest.raises(ForgeError, match=KEEPS) as caught:
        require_quantized(make())
    assert "'variable_" in caught.value.where
    assert "as an input and an output" in caught.value.fix


@pytest.mark.parametrize("kind", ["dense", "svdf", "softmax", "relu", "reshape"])
def test_layers_of_constants_are_refused(kind: str) -> None:
    """The planner has no place for what they read."""
    b, x, _ = with_svdf()
    c = b.constant(np.ones((1, 6), np.int8), Quant((0.1,), (0,)))
    rng = np.random.default_rng(3)
    match kind:
        case "dense":
            y = layers.fully_connected(b, rng, c, units=6)
        case "svdf":
            y = layers.svdf(b, rng, c, units=6, memory=3)
        case "softmax":
            y = layers.softmax(b, c)
        case "relu":
            y = layers.unary(b, "RELU", c, 0.1, 0)
        case _:
            y = layers.reshape(b, c, (1, 6))
    graph = b.build([layers.binary(b, rng, "ADD", x, y)])
    with pytest.raises(ForgeError, match="of a constant is not supported"):
        require_quantized(graph)


def test_a_bias_has_the_scale_of_its_products_unless_it_is_zeros() -> None:
    """Layers share a bias of zeros as converters write it: its scale is that of one of them."""
    graph = models.NETWORKS["classifier"](1)
    (first, *_) = (op for op in graph.operators if op.op == "CONV_2D")
    bias = graph.tensors[first.inputs[2]]
    assert bias.quant is not None
    coarse = replace(bias.quant, scale=tuple(2 * s for s in bias.quant.scale))

    def with_bias(**fields: object) -> Graph:
        tensors = list(graph.tensors)
        tensors[bias.index] = replace(bias, **fields)  # type: ignore[arg-type]
        return replace(graph, tensors=tuple(tensors))

    with pytest.raises(ForgeError, match="does not have the scale of its input"):
        require_quantized(with_bias(quant=coarse))
    require_quantized(with_bias(quant=coarse, data=np.zeros(bias.shape, np.int32)))


def test_a_bias_that_layers_share_may_be_off_by_a_step_of_the_output() -> None:
    graph = models.NETWORKS["classifier"](1)
    (first, *_) = (op for op in graph.operators if op.op == "CONV_2D")
    bias, out = graph.tensors[first.inputs[2]], graph.tensors[first.outputs[0]]
    assert bias.quant is not None
    quant = replace(bias.quant, scale=tuple(1.01 * s for s in bias.quant.scale))

    def off_by(steps: float) -> Graph:
        values = np.full(bias.shape, -steps * out.scale / 0.01 / max(bias.quant.scale), np.int32)
        tensors = list(graph.tensors)
        tensors[bias.index] = replace(bias, quant=quant, data=values)
        return replace(graph, tensors=tuple(tensors))

    require_quantized(off_by(0.98))
    with pytest.raises(ForgeError, match="does not have the scale of its input"):
        require_quantized(off_by(1.02))
