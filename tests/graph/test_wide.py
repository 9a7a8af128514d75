"""Layers in int16: the same values, finer, as TensorFlow Lite Micro computes them; no conversion
that nobody needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph
from tinyforge.graph.packed import typed
from tinyforge.graph.wide import layer_named, with_int16
from tinyforge.proof import oracle
from tinyforge.proof.examples import synthetic

MAKES = (models.classifier, models.separable, models.residual)


def possible(graph: Graph) -> list[int]:
    """The layers that can have their values in int16."""
    found = []
    for op in graph.operators:
        try:
            with_int16(graph, [op.index])
        except ForgeError:
            continue
        found.append(op.index)
    return found


@pytest.mark.parametrize("make", MAKES)
def test_a_layers_int16_values_are_those_of_int8_but_for_its_rounding(
    make: Callable[[int], Graph],
) -> None:
    graph = make(1)
    inputs = synthetic(graph, 4, 0).inputs
    narrow = oracle.trace(tflite.write(graph), graph, inputs)
    some = possible(graph)
    assert some
    for layer in some:
        wide = with_int16(graph, [layer])
        tflite.require_quantized(wide)
        found = oracle.trace(tflite.write(wide), wide, inputs)
        old = graph.tensors[graph.operators[layer].outputs[0]]
        (new,) = (t for t in wide.tensors if t.dtype is DType.INT16 and _is_of(t.name, old.name))
        codes = typed(narrow[old.index], old).astype(np.int64) - old.zero_point
        finer = typed(found[new.index], new).astype(np.int64)
        ends = np.iinfo(np.int8)
        inside = (codes > ends.min - old.zero_point) & (codes < ends.max - old.zero_point)
        assert inside.any()
        assert np.abs(finer - 128 * codes)[inside].max() <= 66, "half a step of int8, and rounding"
        assert np.unique(finer[inside] % 128).size > 8, "finer than int8 is"


def _is_of(name: str, old: str) -> bool:
    return name in (old, f"{old}_int16")


@pytest.mark.parametrize("make", MAKES)
def test_models_of_the_numpy_kernels_and_of_the_interpreter_agree(
    make: Callable[[int], Graph],
) -> None:
    """Of all layers at once that can be; and the file reads as it was written."""
    graph = make(1)
    wide = tflite.read(tflite.write(with_int16(graph, possible(graph))))
    tflite.require_quantized(wide)
    inputs = synthetic(wide, 3, 0).inputs
    expected = oracle.tflm_trace(tflite.write(wide), wide, inputs)
    found = oracle.reference_trace(wide, inputs)
    assert all(np.array_equal(expected[t], found[t]) for t in expected)


@pytest.mark.parametrize("make", MAKES)
def test_nothing_is_converted_that_nobody_needs(make: Callable[[int], Graph]) -> None:
    graph = make(1)
    for layer in possible(graph):
        wide = with_int16(graph, [layer])
        read = {t for op in wide.operators for t in op.inputs} | set(wide.outputs)
        assert {t.index for t in wide.tensors} == read | {
            t for op in wide.operators for t in op.outputs
        }
        assert all(set(op.outputs) & read for op in wide.operators)
        assert [wide.tensors[t].dtype for t in wide.outputs] == [DType.INT8] * len(wide.outputs)
        assert [t.name for t in wide.output_tensors] == [t.name for t in graph.output_tensors]
        converted = [op.inputs for op in wide.operators if op.op == "QUANTIZE"]
        assert len(converted) == len(set(converted))


def test_what_only_hands_codes_on_stays_in_int16() -> None:
    """The pool between two convolutions; a second layer that reads the same needs nothing more."""
    graph = models.classifier(1)
    pool = next(op for op in graph.operators if op.op == "MAX_POOL_2D")
    wide = with_int16(graph, [pool.index - 1])
    (found,) = (op for op in wide.operators if op.op == "MAX_POOL_2D")
    assert wide.tensors[found.outputs[0]].dtype is DType.INT16
    assert sum(op.op == "QUANTIZE" for op in wide.operators) == 2


def test_a_bias_that_layers_share_stays_as_it_is_for_the_others() -> None:
    rng = np.random.default_rng(0)
    b = GraphBuilder("shared")
    x = b.input((1, 6, 6, 4), 1 / 128, 0)
    for _ in range(3):
        x = layers.conv_2d(b, rng, x, filters=4)
    graph = b.build([x])
    first, _, third = graph.operators
    bias = graph.tensors[first.inputs[2]]
    assert bias.data is not None
    tensors = list(graph.tensors)
    tensors[bias.index] = replace(bias, data=np.zeros_like(bias.data))
    sharing = replace(third, inputs=(*third.inputs[:2], bias.index))
    together = replace(graph, tensors=tuple(tensors), operators=(*graph.operators[:2], sharing))
    tflite.require_quantized(together)
    tflite.require_quantized(with_int16(together, [0]))


def test_layers_are_called_by_number_or_name() -> None:
    graph = models.classifier(1)
    tensors = list(graph.tensors)
    names = ("net/conv2d/Relu;net/conv2d/BiasAdd", "net/pool/Max", "net/conv2d_1/Relu")
    for op, name in zip(graph.operators, names, strict=False):
        tensors[op.outputs[0]] = replace(tensors[op.outputs[0]], name=name)
    named = replace(graph, tensors=tuple(tensors))
    assert layer_named(named, "conv2d_1") == layer_named(named, "2") == 2
    assert layer_named(named, "pool") == 1
    said_of = {
        "Relu": "layers 0, 2 are all called",
        "conv2d": "layers 0, 2 are all called",  # of Keras 3 conv2d_1 may be either
        "conv": "no layer is called",
    }
    for text, said in said_of.items():
        with pytest.raises(ForgeError, match=said):
            layer_named(named, text)


def test_layers_that_cannot_be_in_int16_are_refused() -> None:
    graph = models.classifier(1)
    kinds = {op.op: op.index for op in graph.operators}
    for op, said in (
        ("MAX_POOL_2D", "hands on the codes"),
        ("SOFTMAX", "not one that is brought to int16"),
        ("FULLY_CONNECTED", "nothing that runs on int16 reads"),
    ):
        with pytest.raises(ForgeError, match=said):
            with_int16(graph, [kinds[op]])
    packed = [
        replace(t, dtype=DType.INT4) if t.index == graph.operators[0].inputs[1] else t
        for t in graph.tensors
    ]
    with pytest.raises(ForgeError, match="not one that is brought to int16"):
        with_int16(replace(graph, tensors=tuple(packed)), [0])
