"""Constants and conversions as some converters write them, as the interpreter reads them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.boundary import conversion
from tests.corpus.builder import GraphBuilder
from tinyforge.graph import DType, Graph, Quant, Tensor
from tinyforge.graph.passes import adapt
from tinyforge.graph.passes.tidied import tidied
from tinyforge.proof.oracle import reference_trace, tflm_trace
from tinyforge.tflite import read, require_quantized, write

pytest.importorskip("tflite_micro")


def in_int64() -> Graph:
    """A RESHAPE, a MEAN and a STRIDED_SLICE with all their parameters in int64."""
    b = GraphBuilder()
    x = b.input((1, 4, 6), 0.5)
    y = layers.reshape(b, x, (1, 2, 2, 6))
    y = layers.moved(b, "STRIDED_SLICE", [y], (1, 2, 1, 6), [0, 0, 1, 0], [1, 2, 2, 6], [1] * 4)
    axes = b.constant(np.array([1, 2], np.int32))
    graph = b.build([b.op("MEAN", [y, axes], (1, 6), 0.5)])
    tensors = [
        replace(t, dtype=DType.INT64, data=t.data.astype(np.int64))
        if t.data is not None and t.dtype is DType.INT32
        else t
        for t in graph.tensors
    ]
    return replace(graph, tensors=tuple(tensors))


def test_sizes_and_axes_of_int64_are_int32_to_the_interpreter() -> None:
    graph = read(write(in_int64()))
    after, _ = adapt(graph)
    require_quantized(after)
    assert not any(t.dtype is DType.INT64 for t in after.tensors)
    x = np.random.default_rng(1).integers(-128, 128, (3, 24)).astype(np.int8)
    answer = after.outputs[0]
    np.testing.assert_array_equal(
        tflm_trace(write(after), after, x)[answer], reference_trace(after, x)[answer]
    )


def test_int64_that_int32_does_not_hold_stays() -> None:
    graph = in_int64()
    tensors = [
        replace(t, data=t.data + (1 << 40)) if t.dtype is DType.INT64 else t for t in graph.tensors
    ]
    other = replace(graph, tensors=tuple(tensors))
    assert tidied(other)[0] is other


def converted_twice(scale: float) -> Graph:
    """A float32 input that two layers read, each behind a QUANTIZE of its own."""
    b = GraphBuilder()
    first, second = b.input((1, 4), 0.5), b.input((1, 4), scale)
    y = layers.binary(b, np.random.default_rng(1), "ADD", first, second)
    graph = b.build([y])
    seen = len(graph.tensors)
    (add,) = graph.operators
    operators = [conversion("QUANTIZE", seen, first), conversion("QUANTIZE", seen, second), add]
    return replace(
        graph,
        tensors=(*graph.tensors, Tensor(seen, "seen", (1, 4), DType.FLOAT32)),
        operators=tuple(replace(op, index=i) for i, op in enumerate(operators)),
        inputs=(seen,),
    )


def test_equal_conversions_of_one_tensor_are_one() -> None:
    """So the input is int8 in the firmware, as with one conversion."""
    after, notes = adapt(converted_twice(0.5))
    require_quantized(after)
    assert [op.op for op in after.operators] == ["ADD"]
    assert after.operators[0].inputs == (0, 0)
    assert after.tensors[after.inputs[0]].quant == Quant((0.5,), (0,))
    assert len(notes) == 1


def test_different_conversions_stay() -> None:
    graph = converted_twice(0.25)
    assert tidied(graph)[0] is graph
