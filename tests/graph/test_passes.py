"""Passes over models as they come from files, against TensorFlow Lite Micro on the model before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models, several
from tests.corpus.boundary import conversion, with_boundary
from tests.corpus.builder import GraphBuilder
from tests.corpus.wide import wide
from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.graph.packed import unpacked
from tinyforge.graph.passes import adapt
from tinyforge.proof.examples import quantized
from tinyforge.tflite import read, require_quantized, write


def run(graph: Graph, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """TensorFlow Lite Micro's outputs, of whatever type."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    for i, values in enumerate(inputs):
        interpreter.set_input(values, i)
    interpreter.invoke()
    return [interpreter.get_output(i) for i in range(len(graph.outputs))]


_NARROW = {name: make(3) for name, make in models.NETWORKS.items()}
_WIDE = {f"{name}/int16": wide(graph) for name, graph in _NARROW.items()}
NETWORKS = _NARROW | {name: graph for name, graph in _WIDE.items() if graph is not None}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_float_boundary_is_dropped_and_nothing_else_changes(name: str) -> None:
    graph = NETWORKS[name]
    dtype = graph.tensors[graph.inputs[0]].dtype.name.lower()
    before = read(write(with_boundary(graph, DType.FLOAT32)))
    after, notes = adapt(before)
    require_quantized(after)
    assert [n.split("; ")[0] for n in notes] == [
        f"note: input 'seen 0' is float32 in the file and {dtype} in the firmware",
        f"note: output 'answer 0' is float32 in the file and {dtype} in the firmware",
    ]
    assert [after.tensors[t].name for t in (*after.inputs, *after.outputs)] == [
        "seen 0",
        "answer 0",
    ]
    assert len(after.tensors) == len(graph.tensors)
    source, out = after.tensors[after.inputs[0]], after.tensors[after.outputs[0]]
    rng = np.random.default_rng(5)
    for spread in (0.5, 1.0, 300.0):
        most = np.iinfo(source.dtype.numpy).max + 1
        real = rng.normal(0, spread * most * source.scale, source.shape).astype(np.float32)
        (expected,) = run(before, [real])
        given = quantized(real[np.newaxis], source).view(source.dtype.numpy)
        (found,) = run(after, [given.reshape(source.shape)])
        dequantized = np.float32(out.scale) * (found.astype(np.float32) - out.zero_point)
        np.testing.assert_array_equal(dequantized, expected)


def test_a_uint8_boundary_is_dropped() -> None:
    before = with_boundary(models.classifier(3), DType.UINT8)
    after, notes = adapt(before)
    require_quantized(after)
    assert len(notes) == 2
    x = np.random.default_rng(6).integers(0, 256, before.tensors[before.inputs[0]].shape, np.uint8)
    (expected,) = run(before, [x])
    (found,) = run(after, [(x.astype(np.int16) - 128).astype(np.int8)])
    np.testing.assert_array_equal(found.astype(np.int16) + 128, expected)


def test_a_model_of_int8_is_left_as_it_is() -> None:
    graph = models.classifier(0)
    assert adapt(graph) == (graph, ())


def renumbered(graph: Graph, *more: Operator, outputs: Sequence[int] = ()) -> Graph:
    operators = tuple(replace(op, index=i) for i, op in enumerate([*graph.operators, *more]))
    return replace(graph, operators=operators, outputs=(*graph.outputs, *outputs))


def test_conversions_that_something_else_needs_stay() -> None:
    """An input read by something else."""
    b = GraphBuilder()
    x = b.input((1, 4), 0.5)
    graph = with_boundary(b.build([b.op("RELU", [x], (1, 4), 0.5)]), DType.FLOAT32)
    seen, extra = graph.inputs[0], len(graph.tensors)
    twice = replace(graph, tensors=(*graph.tensors, Tensor(extra, "extra", (1, 4), DType.FLOAT32)))
    twice = renumbered(twice, conversion("CEIL", seen, extra), outputs=[extra])
    after, notes = adapt(twice)
    assert [op.op for op in after.operators] == ["QUANTIZE", "RELU", "CEIL"]
    assert len(notes) == 1


def test_a_tensor_may_be_an_output_itself_and_behind_others() -> None:
    b = GraphBuilder()
    x = b.input((1, 4), 0.5)
    graph = with_boundary(b.build([b.op("RELU", [x], (1, 4), 0.5)]), DType.FLOAT32)
    (dequantize,) = (op for op in graph.operators if op.op == "DEQUANTIZE")
    extra = len(graph.tensors)
    again = replace(graph, tensors=(*graph.tensors, Tensor(extra, "again", (1, 4), DType.FLOAT32)))
    again = renumbered(again, replace(dequantize, outputs=(extra,)), outputs=[extra])
    for before in (again, renumbered(again, outputs=dequantize.inputs)):
        after, notes = adapt(before)
        require_quantized(after)
        assert [op.op for op in after.operators] == ["RELU"]
        assert len(set(after.outputs)) == 1
        assert len(after.outputs) == len(before.outputs)
        assert len([note for note in notes if "forge_dequantize_output_at converts" in note]) == 2


@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.UINT8])
def test_a_boundary_of_several_inputs_and_outputs_is_dropped(dtype: DType) -> None:
    graph = several.tangled()
    # Each output once, none of them an input, and without the input that nothing reads.
    used = replace(graph, inputs=graph.inputs[:2], outputs=graph.outputs[:2])
    before = read(write(with_boundary(used, dtype)))
    after, notes = adapt(before)
    require_quantized(after)
    assert [after.tensors[t].name for t in (*after.inputs, *after.outputs)] == [
        "seen 0", "seen 1", "answer 0", "answer 1",
    ]  # fmt: skip
    assert [op.op for op in after.operators] == [op.op for op in graph.operators]
    assert len(notes) == 4


def test_a_boundary_of_16_bits_is_dropped() -> None:
    """Real values are rounded to int16 as TensorFlow Lite Micro does it."""
    b = GraphBuilder()
    x = b.input((1, 64), 0.003, dtype=DType.INT16)
    graph = b.build([b.op("TANH", [x], (1, 64), 1 / 32768, dtype=DType.INT16)])
    before = read(write(with_boundary(graph, DType.FLOAT32)))
    after, notes = adapt(before)
    require_quantized(after)
    assert [op.op for op in after.operators] == ["TANH"]
    assert "is float32 in the file and int16 in the firmware" in notes[0]
    source = after.input_tensors[0]
    real = np.random.default_rng(2).normal(0, 60, (1, 64)).astype(np.float32)
    (expected,) = run(before, [real])
    given = unpacked(quantized(real, source), [source])[0].reshape(source.shape)
    (found,) = run(after, [given])
    np.testing.assert_array_equal(found.astype(np.float32) * np.float32(1 / 32768), expected)


def test_a_model_of_conversions_alone_keeps_conversion() -> None:
    """There must be an operator that computes the output."""
    tensors = (
        Tensor(0, "x", (1, 4), DType.FLOAT32),
        Tensor(1, "q", (1, 4), DType.INT8, Quant((0.5,), (0,))),
        Tensor(2, "y", (1, 4), DType.FLOAT32),
    )
    operators = (conversion("QUANTIZE", 0, 1), replace(conversion("DEQUANTIZE", 1, 2), index=1))
    after, _ = adapt(Graph("conversions", tensors, operators, (0,), (2,)))
    assert [op.op for op in after.operators] == ["DEQUANTIZE"]


def test_a_conversion_that_rescales_stays() -> None:
    before = with_boundary(models.classifier(3), DType.UINT8)
    tensors = list(before.tensors)
    index = before.inputs[0]
    tensors[index] = replace(tensors[index], quant=Quant((0.25,), (0,)))
    after, notes = adapt(replace(before, tensors=tuple(tensors)))
    assert after.operators[0].op == "QUANTIZE"
    assert len(notes) == 1


def test_an_absent_depthwise_bias_is_no_operand() -> None:
    graph = models.single("DEPTHWISE_CONV_2D", 1)
    (op,) = graph.operators
    left_out = replace(graph, operators=(replace(op, inputs=(*op.inputs[:2], -1)),))
    after, notes = adapt(left_out)
    assert after.operators[0].inputs == op.inputs[:2]
    assert notes == ()
    require_quantized(after)
