"""Operators between types: what they refuse, every comparison of int8, and how they are planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import Constant, GraphBuilder, TensorSpec, single_op
from tests.engines.aot_host import HostModel
from tests.ops import harness
from tests.ops.case_plain import plain
from tests.ops.refusals import accepted, refused
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph
from tinyforge.memory.search import plan
from tinyforge.ops import index_limits
from tinyforge.proof import oracle
from tinyforge.proof.examples import synthetic
from tinyforge.tflite import require_quantized, write

EVERY = np.arange(-128, 128).astype(np.int8)
COMPARISONS = ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")


def comparison(op: str, first: TensorSpec, second: TensorSpec, dtype: DType = DType.BOOL) -> Graph:
    shape = np.broadcast_shapes(first.shape, second.shape)
    return single_op(op, inputs=[first, second], output=plain(shape, dtype))


@pytest.mark.parametrize("op", COMPARISONS)
def test_every_pair_compares_as_in_tflm(op: str, tmp_path: Path) -> None:
    """Of one scale, of scales that differ in their last bits, and of scales far apart."""
    scales = [(0.1, 0.1), (0.1, 0.1000001), (0.999, 1e-3)]
    points = [(0, 0), (-128, 5)]
    graphs = [
        comparison(op, TensorSpec((256, 1), s[0], p[0]), TensorSpec((1, 256), s[1], p[1]))
        for s in scales
        for p in points
    ]
    values = [EVERY.reshape(256, 1), EVERY.reshape(1, 256)]
    harness.assert_equal_tflm([(graph, values) for graph in graphs], tmp_path)


def test_comparisons_of_what_differs_are_refused() -> None:
    x, wide = TensorSpec((4,), 0.1), plain((4,), DType.INT32)
    accepted(comparison("LESS", x, x))
    accepted(comparison("LESS", wide, wide))
    refused(comparison("LESS", x, wide), "all of one type: tensor 'input' is int32")
    refused(comparison("LESS", x, x, DType.INT8), "needs bool")
    refused(comparison("LESS", replace(x, scale=1.0), x), "has scale 1.0, not below 1")
    truths = plain((4,), DType.BOOL)
    accepted(comparison("EQUAL", truths, truths))
    refused(comparison("GREATER", truths, truths), "needs int8 or int32")
    accepted(comparison("LOGICAL_AND", truths, truths))
    refused(comparison("LOGICAL_AND", x, x), "needs bool")


def test_arg_max_of_64_bits_is_refused() -> None:
    def graph(dtype: DType, axis: int = 1) -> Graph:
        operands = [TensorSpec((2, 5), 0.1), Constant(np.array(axis, np.int32))]
        return single_op("ARG_MAX", inputs=operands, output=plain((2,), dtype))

    accepted(graph(DType.INT32))
    refused(graph(DType.INT64), "needs int32")
    refused(graph(DType.INT32, axis=0), r"output is \[2\], not \[5\]")


def test_the_first_of_several_is_the_greatest(tmp_path: Path) -> None:
    graphs = [
        single_op(
            op,
            inputs=[TensorSpec((1, 9), 0.1), Constant(np.array(-1, np.int32))],
            output=plain((1,), DType.INT32),
        )
        for op in ("ARG_MAX", "ARG_MIN")
    ]
    x = np.array([[3, -4, 7, 7, -4, -4, 7, 0, 1]], np.int8)
    found = harness.assert_equal_tflm([(graph, [x]) for graph in graphs], tmp_path)
    assert [int(one[0][0]) for one in found] == [2, 1]


def test_casts_from_floats_are_refused() -> None:
    accepted(
        single_op("CAST", inputs=[plain((4,), DType.INT32)], output=plain((4,), DType.FLOAT32))
    )
    refused(
        single_op("CAST", inputs=[plain((4,), DType.FLOAT32)], output=plain((4,), DType.INT8)),
        "needs bool or int8 or int16 or int32",
    )


def test_select_v2_refuses_other_conditions() -> None:
    x = TensorSpec((2, 4), 0.1)

    def graph(condition: TensorSpec, out: tuple[int, ...] = (2, 4)) -> Graph:
        return single_op("SELECT_V2", inputs=[condition, x, x], output=replace(x, shape=out))

    accepted(graph(plain((4,), DType.BOOL)))
    refused(graph(x), "needs bool")
    refused(graph(plain((3,), DType.BOOL)), r"output is \[2, 4\], not \[\]")


def embedding(table: tuple[int, ...] = (9, 4), dtype: DType = DType.INT32) -> Graph:
    """Rows of a table, then a layer: what a model with words has first."""
    b = GraphBuilder("words")
    rng = np.random.default_rng(1)
    words = b.input((1, 5), 0, dtype=dtype)
    values = b.constant(rng.integers(-128, 128, table).astype(np.int8), TensorSpec((), 0.1).quant)
    x = b.op("GATHER", [values, words], (1, 5, *table[1:]), 0.1, axis=0)
    x = b.op("RESHAPE", [x], (1, 20), 0.1, new_shape=(1, 20))
    return b.build([layers.fully_connected(b, rng, x, units=3)])


def test_words_are_looked_up(tmp_path: Path) -> None:
    """Indices come from outside, as int32; a proof draws those that there are."""
    graph = embedding()
    require_quantized(graph)
    assert index_limits(graph) == {graph.inputs[0]: 9}
    inputs = synthetic(graph, 20, seed=1).inputs
    drawn = inputs.view(np.int32)
    assert drawn.min() == 0
    assert drawn.max() == 8
    expected = oracle.tflm_trace(write(graph), graph, inputs)
    model = HostModel(graph, tmp_path)
    model.reset()
    found = np.stack([model.invoke(values) for values in inputs])
    np.testing.assert_array_equal(found, expected[graph.outputs[0]])


def test_an_index_that_there_is_not_reads_inside_the_table(tmp_path: Path) -> None:
    """The interpreter reads past it."""
    graph = embedding()
    model = HostModel(graph, tmp_path)
    model.reset()
    last = np.full((1, 5), 8, np.int32).view(np.int8)
    beyond = np.full((1, 5), 1 << 30, np.int32).view(np.int8)
    np.testing.assert_array_equal(model.invoke(last), model.invoke(beyond))


def test_words_of_another_type_are_refused() -> None:
    with pytest.raises(ForgeError, match="GATHER needs int32"):
        require_quantized(embedding(dtype=DType.INT64))


def masked() -> Graph:
    """A picture where it is greater than another made of it, else 0: truths between layers."""
    b = GraphBuilder("masked")
    rng = np.random.default_rng(2)
    x = layers.conv_2d(b, rng, b.input((1, 8, 6, 2), 0.02, 3), filters=3)
    y = layers.conv_2d(b, rng, x, filters=3)
    shape, spec = b.tensors[x].shape, b.tensors[x]
    greater = b.op("GREATER", [x, y], shape, 0, dtype=DType.BOOL)
    less = b.op("LESS", [x, y], shape, 0, dtype=DType.BOOL)
    either = b.op("LOGICAL_OR", [greater, less], shape, 0, dtype=DType.BOOL)
    zero = b.constant(np.array(spec.zero_point, np.int8), spec.quant)
    out = b.op("SELECT_V2", [either, x, zero], shape, spec.scale, spec.zero_point)
    total = b.op("CUMSUM", [out, b.constant(np.array(2, np.int32))], shape, 0.3, 5)
    return b.build([layers.conv_2d(b, rng, total, filters=2)])


def test_truths_between_layers(tmp_path: Path) -> None:
    """Row by row, and every layer as in TensorFlow Lite Micro."""
    graph = masked()
    require_quantized(graph)
    inputs = synthetic(graph, 8, seed=3).inputs
    expected = oracle.tflm_trace(write(graph), graph, inputs)
    model = HostModel(graph, tmp_path)
    model.reset()
    for row, values in enumerate(inputs):
        found = model.layers(values)
        for op in graph.operators:
            for t in (t for t in op.outputs if t in model.plan.places):
                whole = expected[t][row][: len(found[t])]
                np.testing.assert_array_equal(found[t], whole, graph.where(op))
    whole = sum(graph.tensors[t].nbytes for op in graph.operators for t in op.outputs)
    assert plan(graph).arena_bytes < whole / 3


def test_a_sum_along_a_row_is_no_pixel_of_its_own(tmp_path: Path) -> None:
    """CUMSUM after a convolution: it needs the pixels before."""
    b = GraphBuilder("sums")
    rng = np.random.default_rng(4)
    x = layers.conv_2d(b, rng, b.input((1, 8, 6, 2), 0.02, 3), filters=3)
    spec = b.tensors[x]
    axis = b.constant(np.array(2, np.int32))
    graph = b.build([b.op("CUMSUM", [x, axis], spec.shape, spec.scale * 3, 5)])
    inputs = synthetic(graph, 4, seed=3).inputs
    expected = oracle.tflm_trace(write(graph), graph, inputs)
    model = HostModel(graph, tmp_path)
    model.reset()
    found = np.stack([model.invoke(values) for values in inputs])
    np.testing.assert_array_equal(found, expected[graph.outputs[0]])


def test_fill_refuses_what_is_no_scalar() -> None:
    dimensions, x = Constant(np.array([2, 3], np.int32)), TensorSpec((), 0.1)
    out = TensorSpec((2, 3), 0.1)
    accepted(single_op("FILL", inputs=[dimensions, x], output=out))
    refused(single_op("FILL", inputs=[dimensions, replace(x, shape=(1,))], output=out), "a scalar")
    refused(single_op("FILL", inputs=[dimensions, x], output=replace(out, shape=(3, 2))), "output")
