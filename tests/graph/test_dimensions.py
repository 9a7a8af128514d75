"""Five dimensions: slices and transpositions as what the interpreter has, and several pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder, TensorSpec
from tests.corpus.pictures import KINDS, pictures
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.passes import adapt
from tinyforge.graph.passes.dimensions import dimensions
from tinyforge.graph.passes.folding import folding
from tinyforge.proof.oracle import reference_trace, tflm_trace
from tinyforge.tflite import read_file, require_quantized, write

pytest.importorskip("tflite_micro")

SCALE, ZERO_POINT = 0.1, -7


def inputs(graph: Graph, count: int = 3) -> np.ndarray:
    size = sum(t.nbytes for t in graph.input_tensors)
    return np.random.default_rng(8).integers(-128, 128, (count, size)).astype(np.int8)


def require_same(before: Graph, after: Graph) -> None:
    """The same answers, in NumPy before and after, and in TFLM after."""
    x = inputs(before)
    answer, made = before.outputs[0], after.outputs[0]
    expected = reference_trace(before, x)[answer]
    np.testing.assert_array_equal(reference_trace(after, x)[made], expected)
    np.testing.assert_array_equal(tflm_trace(write(after), after, x)[made], expected)


def sliced(
    shape: Sequence[int],
    begin: Sequence[int],
    end: Sequence[int],
    strides: Sequence[int],
    out: Sequence[int],
    **masks: int,
) -> Graph:
    b = GraphBuilder()
    x = b.input((1, *shape), SCALE, ZERO_POINT)
    y = layers.reshape(b, x, shape)
    y = layers.moved(b, "STRIDED_SLICE", [y], out, begin, end, strides, **masks)
    y = b.op("RELU", [y], out, SCALE, ZERO_POINT)
    return b.build([layers.reshape(b, y, (1, int(np.prod(out))))])


FIVE = (3, 2, 4, 5, 2)
SLICES = {
    "first": sliced(FIVE, [1, 0, 0, 0, 0], [2, 0, 0, 0, 0], [1] * 5, FIVE[1:],
                    shrink_axis_mask=1, end_mask=30),
    "last of first": sliced(FIVE, [-1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1] * 5, FIVE[1:],
                            shrink_axis_mask=1, end_mask=30),
    "rows": sliced(FIVE, [0, 0, 1, 0, 0], [3, 2, 3, 5, 2], [1] * 5, (3, 2, 2, 5, 2)),
    "every other": sliced(FIVE, [0, 0, 0, 0, 0], [3, 2, 4, 5, 2], [2, 1, 1, 1, 1],
                          (2, 2, 4, 5, 2)),
    "backwards": sliced(FIVE, [0, 0, 3, 0, 0], [3, 2, 0, 5, 2], [1, 1, -1, 1, 1], FIVE,
                        end_mask=4),
    "one of each": sliced((2, 1, 4, 1, 3), [1, 0, 2, 0, 1], [2, 1, 3, 1, 2], [1] * 5, (1,) * 5),
}  # fmt: skip


@pytest.mark.parametrize("name", SLICES)
def test_slices_of_five_dimensions_have_four(name: str) -> None:
    before = SLICES[name]
    with pytest.raises(ForgeError, match="more than 4 dimensions"):
        require_quantized(before)
    after, _ = dimensions(before)
    require_quantized(after)
    require_same(before, after)


def test_a_slice_that_takes_of_too_many_dimensions_is_left() -> None:
    before = sliced((3, 3, 3, 3, 3), [1] * 5, [3] * 5, [1] * 5, (2,) * 5)
    assert dimensions(before)[0] is before


def test_a_transposition_of_ones_is_a_reshape() -> None:
    b = GraphBuilder()
    x = b.input((1, 3, 4, 5), SCALE, ZERO_POINT)
    y = layers.moved(b, "TRANSPOSE", [x], (3, 1, 4, 5), [1, 0, 2, 3])
    z = layers.moved(b, "TRANSPOSE", [y], (4, 1, 3, 5), [2, 1, 0, 3])
    before = b.build([b.op("RELU", [z], (4, 1, 3, 5), SCALE, ZERO_POINT)])
    after, _ = dimensions(before)
    assert [op.op for op in after.operators] == ["RESHAPE", "TRANSPOSE", "RELU"]
    require_same(before, after)


def put_together(op: str, axis: int) -> Graph:
    """Three parts, and slices of two of them; the second one is used as a whole too."""
    b = GraphBuilder()
    x = b.input((1, 2, 3), SCALE, ZERO_POINT)
    parts = [b.op(name, [x], (1, 2, 3), SCALE, ZERO_POINT) for name in ("RELU", "RELU6", "ABS")]
    if op == "PACK":
        shape, step, shrink = (1, 2, 3, 3), 1, 8
        whole = b.op("PACK", parts, shape, SCALE, ZERO_POINT, axis=axis, values_count=3)
    else:
        shape, step, shrink = (1, 6, 3), 2, 0
        whole = b.op("CONCATENATION", parts, shape, SCALE, ZERO_POINT, axis=axis)
    dimension = axis % len(shape)
    taken = []
    for k in (0, 2):
        begin = [0] * len(shape)
        begin[dimension] = k * step
        end = list(shape)
        end[dimension] = (k + 1) * step
        ones = [1] * len(shape)
        taken.append(
            layers.moved(b, "STRIDED_SLICE", [whole], (1, 2, 3), begin, end, ones,
                         shrink_axis_mask=shrink)
        )  # fmt: skip
    return b.build([layers.binary(b, np.random.default_rng(2), "ADD", *taken)])


@pytest.mark.parametrize(("op", "axis"), [("PACK", -1), ("CONCATENATION", 1)])
def test_a_slice_of_what_was_put_together_is_the_part(op: str, axis: int) -> None:
    before = put_together(op, axis)
    after, _ = dimensions(before)
    assert [o.op for o in after.operators] == ["RELU", "ABS", "ADD"]
    require_same(before, after)


def test_a_slice_that_is_an_output_stays_one() -> None:
    graph = put_together("CONCATENATION", 1)
    (add,) = (op for op in graph.operators if op.op == "ADD")
    before = replace(graph, outputs=(*graph.outputs, add.inputs[0]))
    after, _ = dimensions(before)
    assert [o.op for o in after.operators] == ["RELU", "ABS", "RESHAPE", "ADD"]
    require_same(before, after)


@pytest.mark.parametrize("op", ["SPLIT", "SPLIT_V"])
def test_a_slice_of_what_was_split_is_one_of_the_whole(op: str) -> None:
    b = GraphBuilder()
    x = b.input((1, 4, 3, 6), SCALE, ZERO_POINT)
    spec = TensorSpec((1, 4, 3, 3), SCALE, ZERO_POINT)
    axis = b.constant(np.array(3 if op == "SPLIT" else -1, np.int32))
    sizes = b.constant(np.array([3, 3], np.int32))
    operands = [axis, x] if op == "SPLIT" else [x, sizes, axis]
    first, second = b.ops(op, operands, [spec, spec], {"num_splits": 2})
    ends = ([0, 1, 0, 0], [1, 4, 3, 3], [1, 2, 1, 1])
    a = layers.moved(b, "STRIDED_SLICE", [first], (1, 2, 3, 3), *ends)
    c = layers.moved(b, "STRIDED_SLICE", [second], (2, 3, 3), *ends, shrink_axis_mask=1)
    all_ = layers.moved(b, "STRIDED_SLICE", [a], (1, 2, 3, 3), [0] * 4, [1, 2, 3, 3], [1] * 4)
    before = b.build([layers.binary(b, np.random.default_rng(2), "ADD", all_, c)])
    after, _ = dimensions(before)
    names = [o.op for o in after.operators]
    assert names == ["STRIDED_SLICE", "STRIDED_SLICE", "RESHAPE", "ADD"]
    require_quantized(after)
    require_same(before, after)


def test_time_distributed_layers_are_what_they_were(corpus: Path) -> None:
    _, graph = read_file(corpus / "cases/k3_timedist.tflite")
    before, _ = folding(graph)
    after, _ = adapt(graph)
    assert [op.op for op in after.operators].count("PACK") == 1  # of two, one was for slices alone
    require_same(before, after)


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_layers_over_several_pictures_are_tflm_s(kind: str, count: int) -> None:
    graph = pictures(kind, count)
    require_quantized(graph)
    x = inputs(graph)
    expected, found = tflm_trace(write(graph), graph, x), reference_trace(graph, x)
    for t, values in expected.items():
        np.testing.assert_array_equal(found[t], values, graph.tensors[t].name)
