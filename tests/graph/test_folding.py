"""Constant folding: each operator against TensorFlow Lite Micro, which computes what is folded
here; models as Keras leaves them; what must not be folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.builder import GraphBuilder, OptionValue, full_options
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.graph.passes import adapt
from tinyforge.graph.passes.folding import folding
from tinyforge.proof import oracle
from tinyforge.tflite import read, read_file, require_quantized, write

Array = npt.NDArray[Any]
RNG = np.random.default_rng(1)
INT, F = np.int32, np.float32


def ints(*shape: int) -> Array:
    return RNG.integers(-9, 10, shape).astype(INT)


def floats(*shape: int) -> Array:
    return RNG.normal(0, 3, shape).astype(F)


def bytes_(*shape: int) -> Array:
    return RNG.integers(-128, 128, shape).astype(np.int8)


def i32(*values: int) -> Array:
    return np.array(values, INT)


@dataclass(frozen=True)
class Case:
    """An operator of constants. parameters: those that TFLM too wants constant, by position.
    shape: of the output, where that does not follow. expected: where TFLM does not have the
    operator for the type, what it gives."""

    op: str
    inputs: Sequence[Array]
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    parameters: Sequence[int] = ()
    outputs: int = 1
    dtype: type | None = None
    quants: Sequence[Quant | None] = ()
    out_quant: Quant | None = None
    shape: tuple[int, ...] = ()
    expected: Sequence[Array] | None = None


Q = Quant((0.5,), (3,))
CASES = [
    Case("ADD", [ints(2, 3), ints(3)]),
    Case("ADD", [floats(2, 3), floats(2, 1)], {"fused_activation_function": 3}),
    Case("SUB", [floats(2, 3), floats(3)], {"fused_activation_function": 1}),
    Case("SUB", [i32(5, -3), i32(7)], expected=[i32(-2, -10)]),
    Case("MUL", [ints(4), ints(4)]),
    Case("MUL", [i32(1 << 30), i32(6)], expected=[i32(-(1 << 31))]),
    Case("DIV", [floats(3), floats(3)]),
    Case("DIV", [i32(7, -7), i32(2)], expected=[i32(3, -3)]),
    Case("FLOOR_DIV", [floats(5), floats(5)]),
    Case("FLOOR_DIV", [i32(7, -7), i32(2)], expected=[i32(3, -4)]),
    Case("FLOOR_MOD", [floats(5), floats(5)]),
    Case("FLOOR_MOD", [i32(7, -7), i32(2)], expected=[i32(1, 1)]),
    Case("MAXIMUM", [ints(2, 3), ints(1, 3)]),
    Case("MINIMUM", [floats(2, 3), floats(2, 3)]),
    Case("SQUARED_DIFFERENCE", [floats(4), floats(4)]),
    Case("ABS", [floats(4)]),
    Case("NEG", [floats(4)]),
    Case("CEIL", [floats(4)]),
    Case("FLOOR", [floats(4)]),
    Case("ROUND", [np.array([0.5, 1.5, -2.5, 2.4], F)]),
    Case("SQRT", [np.abs(floats(4))]),
    Case("RSQRT", [np.abs(floats(4)) + F(1)]),
    Case("SQUARE", [floats(4)]),
    Case("RELU", [floats(4)]),
    Case("RELU6", [floats(4)]),
    Case("EQUAL", [ints(9), ints(9)], dtype=bool),
    Case("GREATER_EQUAL", [ints(9), ints(9)], dtype=bool),
    Case("LESS", [floats(9), floats(9)], dtype=bool),
    Case("LOGICAL_AND", [ints(9) > 0, ints(9) > 0], dtype=bool),
    Case("LOGICAL_NOT", [ints(9) > 0], dtype=bool),
    Case("SELECT_V2", [ints(4) > 0, floats(2, 4), floats(4)], dtype=F),
    Case("CAST", [floats(6)], {"in_data_type": 0, "out_data_type": 2}, dtype=INT),
    Case("CAST", [ints(6)], {"in_data_type": 2, "out_data_type": 0}, dtype=F),
    Case("RANGE", [i32(2).reshape(()), i32(9).reshape(()), i32(3).reshape(())],
         expected=[i32(2, 5, 8)]),
    Case("FILL", [i32(2, 3), np.array(7, INT)], parameters=[0], dtype=INT),
    Case("PACK", [ints(2), ints(2)], {"axis": 1, "values_count": 2}),
    Case("UNPACK", [ints(2, 3)], {"axis": 1, "num": 3}, outputs=3),
    Case("CONCATENATION", [ints(2, 3), ints(2, 1)], {"axis": -1}),
    Case("EXPAND_DIMS", [floats(2, 3), i32(1)], parameters=[1]),
    Case("SQUEEZE", [ints(1, 3, 1)], {"squeeze_dims": (2,)}),
    Case("RESHAPE", [ints(2, 6), i32(3, -1)], parameters=[1]),
    Case("RESHAPE", [ints(2, 6)], {"new_shape": (4, 3)}),
    Case("TRANSPOSE", [floats(2, 3, 4), i32(2, 0, 1)], parameters=[1]),
    Case("BROADCAST_TO", [ints(3), i32(2, 3)], parameters=[1]),
    Case("SLICE", [ints(4, 5), i32(1, 2), i32(2, -1)], parameters=[1, 2]),
    Case("STRIDED_SLICE", [ints(5), i32(3), i32(0), i32(-2)], {"end_mask": 1}, [1, 2, 3]),
    Case("STRIDED_SLICE", [ints(4, 3), i32(1, 0), i32(2, 3), i32(1, 1)],
         {"shrink_axis_mask": 1}, [1, 2, 3]),
    Case("SPLIT", [i32(1).reshape(()), ints(2, 6)], {"num_splits": 3}, [0], 3),
    Case("SPLIT_V", [ints(2, 6), i32(1, -1), i32(1).reshape(())], {"num_splits": 2}, [1, 2], 2,
         expected=None),
    Case("GATHER", [floats(4, 3), i32(2, 0)], {"axis": 0}, [1]),
    Case("TILE", [i32(1, 2).reshape(1, 2), i32(2, 2)],
         expected=[np.array([[1, 2, 1, 2]] * 2, INT)]),
    Case("REVERSE_V2", [ints(2, 3), i32(1)], parameters=[1]),
    Case("PAD", [ints(2, 3), np.array([[1, 0], [0, 2]], INT)], parameters=[1]),
    Case("MIRROR_PAD", [floats(3, 4), np.array([[1, 0], [0, 2]], INT)], parameters=[1]),
    Case("CUMSUM", [floats(3, 4), i32(1).reshape(())], {"exclusive": True, "reverse": True}, [1]),
    Case("SPACE_TO_DEPTH", [floats(1, 4, 6, 2)], {"block_size": 2}),
    Case("DEPTH_TO_SPACE", [floats(1, 2, 3, 8)], {"block_size": 2}),
    Case("MEAN", [floats(3, 4), i32(1)], {"keep_dims": True}, [1]),
    Case("SUM", [floats(30, 4), i32(0)], {}, [1]),
    Case("SUM", [i32(2, 3), i32(0)], {"keep_dims": True}, expected=[i32(5)]),
    Case("REDUCE_MAX", [floats(3, 4), i32(-1)], {}, [1]),
    Case("REDUCE_PROD", [i32(2, 3, 4), i32(0)], expected=[np.array(24, INT)]),
    Case("REDUCE_ALL", [np.array([True, False]), i32(0)], expected=[np.array(False)]),
    Case("ARG_MAX", [floats(3, 4), i32(1)], {"output_type": 2}, [1], dtype=INT),
    Case("BROADCAST_ARGS", [i32(1, 3), i32(2, 1)], expected=[i32(2, 3)]),
    Case("SHAPE", [floats(3, 4)], {"out_type": 2}, dtype=INT),
    Case("RANK", [floats(3, 4)], expected=[np.array(2, INT)], dtype=INT),
    Case("ZEROS_LIKE", [ints(3)]),
    Case("QUANTIZE", [np.array([0.25, -0.25, 0.75, 1e9, -1e9], F)], dtype=np.int8, out_quant=Q),
    Case("QUANTIZE", [bytes_(20)], dtype=np.int8, quants=[Quant((0.3,), (-7,))], out_quant=Q,
         shape=(20,)),
    Case("DEQUANTIZE", [bytes_(6)], dtype=F, quants=[Q]),
    # int8 by the operators' own models.
    Case("ADD", [bytes_(2, 3), bytes_(2, 3)], quants=[Q, Quant((0.3,), (-7,))], out_quant=Q,
         shape=(2, 3)),
    Case("LOGISTIC", [bytes_(9)], quants=[Q], out_quant=Quant((1 / 256,), (-128,)), shape=(9,)),
    Case("MEAN", [bytes_(1, 3, 4, 2), i32(1, 2)], {"keep_dims": True}, [1], quants=[Q], out_quant=Q,
         shape=(1, 1, 1, 2)),
    Case("TRANSPOSE", [bytes_(2, 3, 4), i32(2, 0, 1)], {}, [1], quants=[Q], out_quant=Q),
]  # fmt: skip


def built(case: Case, *, constant: bool, results: Sequence[Array] | None = None) -> Graph:
    """The operator alone, of inputs or of constants. results: what it gives, for the shapes."""
    tensors: list[Tensor] = []
    for i, value in enumerate(case.inputs):
        quant = case.quants[i] if i < len(case.quants) else None
        known = constant or i in case.parameters
        dtype = DType[value.dtype.name.upper()]
        data = value if known else None
        tensors.append(Tensor(i, f"in {i}", value.shape, dtype, quant, data))
    inputs = [t.index for t in tensors]
    outputs = []
    for i in range(case.outputs):
        given = case.dtype or case.inputs[-1 if case.op == "SPLIT" else 0].dtype
        dtype = DType[np.dtype(given).name.upper()]
        shape = results[i].shape if results else case.shape
        outputs.append(len(tensors))
        tensors.append(Tensor(len(tensors), f"out {i}", shape, dtype, case.out_quant))
    op = Operator(0, case.op, tuple(inputs), tuple(outputs), full_options(case.op, case.options))
    free = tuple(t.index for t in tensors if t.data is None and t.index not in outputs)
    return Graph(case.op, tuple(tensors), (op,), free, tuple(outputs))


def folded(case: Case) -> list[Array]:
    """The constants that the operator's outputs become, when something else reads them."""
    graph = built(case, constant=True)
    end = len(graph.tensors)
    more = [replace(graph.tensors[t], index=end + i) for i, t in enumerate(graph.outputs)]
    readers = tuple(
        Operator(1 + i, "LOCAL_RESPONSE_NORMALIZATION", (t,), (end + i,), {})
        for i, t in enumerate(graph.outputs)
    )
    after, _ = folding(
        replace(
            graph,
            tensors=(*graph.tensors, *more),
            operators=(*graph.operators, *readers),
            outputs=tuple(t.index for t in more),
        )
    )
    assert [op.op for op in after.operators] == [op.op for op in readers], "not folded"
    found = [after.tensors[op.inputs[0]] for op in after.operators]
    assert all(t.data is not None and t.shape == t.data.shape for t in found)
    return [t.data for t in found if t.data is not None]


def tflm(case: Case, shapes: Sequence[Array]) -> list[Array]:
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    graph = built(case, constant=False, results=shapes)
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    for position, t in enumerate(graph.inputs):
        interpreter.set_input(case.inputs[t], position)
    interpreter.invoke()
    return [interpreter.get_output(i) for i in range(case.outputs)]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}-{c.inputs[0].dtype}")
def test_what_is_folded_is_what_tflm_computes(case: Case) -> None:
    found = folded(case)
    expected = case.expected if case.expected is not None else tflm(case, found)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("cases/k3_flatten", ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]),
        ("cases/k3_conv1d", None),
        ("real/mobilenet96", None),
        ("real/mltk_anomaly_detection", ["RESHAPE", *["FULLY_CONNECTED"] * 10, "RESHAPE"]),
    ],
)
def test_batch_arithmetic_is_gone_and_nothing_else(
    corpus: Path, name: str, left: list[str] | None
) -> None:
    """The file as it is and the graph written back give the same, in TFLM both."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    data, graph = read_file(corpus / f"{name}.tflite")
    after, _ = folding(graph)
    arithmetic = {"SHAPE", "STRIDED_SLICE", "PACK"}
    assert "SHAPE" not in {op.op for op in after.operators}
    assert [op.op for op in after.operators if op.op not in arithmetic] == [
        op.op for op in graph.operators if op.op not in arithmetic
    ]
    if left is not None:
        assert [op.op for op in adapt(graph)[0].operators] == left
    source = graph.tensors[graph.inputs[0]]
    x = RNG.integers(-128, 128, source.shape).astype(np.int8)
    answers = []
    for model in (data, write(after)):
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 22)
        interpreter.set_input(x.astype(source.dtype.numpy), 0)
        interpreter.invoke()
        answers.append(interpreter.get_output(0))
    np.testing.assert_array_equal(*answers)


VALID = {"stride_h": 1, "stride_w": 1, "padding": 1}
WEIGHTS = bytes_(3, 2, 2, 2)


def flattened(open_to: int) -> Graph:
    """A Flatten as Keras writes it, whose batch's size is open_to in the file's static shapes."""
    b = GraphBuilder()
    x = b.input((1, 4, 4, 2), 0.5)
    y = b.op("RELU", [x], (1, 4, 4, 2), 0.5)
    graph = b.build([y])
    names = ["one", "two", "depth"]
    values = [i32(0), i32(1), np.array(32, INT)]
    tensors = list(graph.tensors)
    base = len(tensors)
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        tensors.append(Tensor(base + i, name, value.shape, DType.INT32, None, value))
    shape, batch, sizes, flat = range(base + 3, base + 7)
    tensors += [
        Tensor(shape, "shape", (4,), DType.INT32),
        Tensor(batch, "batch", (), DType.INT32),
        Tensor(sizes, "sizes", (2,), DType.INT32),
        Tensor(flat, "flat", (1, open_to), DType.INT8, Quant((0.5,), (0,)), signature=(-1, -1)),
    ]
    shrink = full_options("STRIDED_SLICE", {"shrink_axis_mask": 1})
    operators = [
        *graph.operators,
        Operator(1, "SHAPE", (y,), (shape,), full_options("SHAPE", {"out_type": 2})),
        Operator(2, "STRIDED_SLICE", (shape, base, base + 1, base + 1), (batch,), shrink),
        Operator(3, "PACK", (batch, base + 2), (sizes,), full_options("PACK", {"values_count": 2})),
        Operator(4, "RESHAPE", (y, sizes), (flat,), full_options("RESHAPE", {})),
    ]
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators), outputs=(flat,))


@pytest.mark.parametrize("open_to", [32, 1])
def test_a_shape_that_the_file_leaves_open_is_inferred(open_to: int) -> None:
    after, notes = adapt(read(write(flattened(32))) if open_to == 32 else flattened(open_to))
    assert [op.op for op in after.operators] == ["RELU", "RESHAPE"]
    assert after.tensors[after.outputs[0]].shape == (1, 32)
    assert notes == ()
    require_quantized(after)


def dilated_as_batches(open_: bool) -> Graph:
    """A convolution with holes as Keras writes it where the batch's size is open: of the pixels of
    each place in a block, as so many pictures. open_: the file knows no batch, and says 1."""
    b = GraphBuilder()
    x = b.input((1, 6, 8, 2), 0.5, 3)
    block, sides = b.constant(i32(2, 2)), b.constant(np.zeros((2, 2), INT))
    batch = 1 if open_ else 4
    y = b.op("SPACE_TO_BATCH_ND", [x, block, sides], (batch, 3, 4, 2), 0.5, 3)
    weights = b.constant(WEIGHTS, Quant((0.01,), (0,)))
    y = b.op("CONV_2D", [y, weights, -1], (batch, 2, 3, 3), 0.3, **VALID)
    crops = b.constant(np.array([[0, 0], [0, 1]], INT))
    graph = b.build([b.op("BATCH_TO_SPACE_ND", [y, block, crops], (1, 4, 5, 3), 0.3)])
    if not open_:
        return graph
    tensors = tuple(
        t if t.data is not None else replace(t, signature=(-1, *t.shape[1:])) for t in graph.tensors
    )
    return replace(graph, tensors=tensors)


def test_batches_that_the_file_leaves_open_are_inferred() -> None:
    """The same shapes as where the file says them; the values by TFLM, with holes in one step."""
    graph = dilated_as_batches(open_=True)
    after, _ = adapt(graph)
    shapes = [t.shape for t in dilated_as_batches(open_=False).tensors]
    assert [t.shape for t in after.tensors] == shapes != [t.shape for t in graph.tensors]
    b = GraphBuilder()
    operands = [b.input((1, 6, 8, 2), 0.5, 3), b.constant(WEIGHTS, Quant((0.01,), (0,))), -1]
    holes = {"dilation_h_factor": 2, "dilation_w_factor": 2}
    dilated = b.build([b.op("CONV_2D", operands, (1, 4, 6, 3), 0.3, **VALID, **holes)])
    rows = bytes_(3, 6 * 8 * 2)
    found, expected = (oracle.outputs(write(g), g, rows) for g in (after, dilated))
    expected = expected.reshape(3, 4, 6, 3)[:, :, :5]
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def test_operators_that_no_output_depends_on_are_dropped() -> None:
    b = GraphBuilder()
    x = b.input((1, 4), 0.5)
    y = b.op("RELU", [x], (1, 4), 0.5)
    b.op("TANH", [b.op("LOGISTIC", [y], (1, 4), 1 / 256, -128)], (1, 4), 1 / 128)
    after, _ = adapt(b.build([y]))
    assert [op.op for op in after.operators] == ["RELU"]
    assert [t.name for t in after.tensors] == ["input", "relu_0"]


def grown(op: str, *values: Array, **options: OptionValue) -> Graph:
    """An operator that makes much of a small constant, and a RELU of a computed tensor."""
    b = GraphBuilder()
    y = b.op("RELU", [b.input((1, 4), 0.5)], (1, 4), 0.5)
    graph = b.build([y])
    tensors = list(graph.tensors)
    for value in values:
        dtype = DType[value.dtype.name.upper()]
        tensors.append(Tensor(len(tensors), "c", value.shape, dtype, None, value))
    constants = tuple(range(len(tensors) - len(values), len(tensors)))
    out = len(tensors)
    tensors.append(Tensor(out, "big", (1,), DType.INT32))
    more = Operator(1, op, constants, (out,), full_options(op, options))
    reader = Operator(2, "RANK", (out,), (out + 1,), {})
    tensors.append(Tensor(out + 1, "end", (), DType.INT8, Quant((1.0,), (0,))))
    return replace(
        graph,
        tensors=tuple(tensors),
        operators=(*graph.operators, more, reader),
        outputs=(*graph.outputs, out + 1),
    )


@pytest.mark.parametrize(
    "graph",
    [
        grown("FILL", i32(1 << 20, 1 << 10), np.array(1, INT)),
        grown("BROADCAST_TO", i32(1), i32(1 << 30)),
        grown("TILE", i32(1), i32(1 << 30)),
        grown("RANGE", np.array(0, INT), np.array(1 << 30, INT), np.array(1, INT)),
        grown("RANGE", np.array(0, F), np.array(1, F), np.array(0, F)),
        grown("PAD", i32(1), np.array([[1 << 30, 0]], INT)),
        grown("PAD", i32(1), np.array([[-5, 0]], INT)),
        grown(
            "ADD",
            RNG.integers(0, 9, (1 << 15, 1)).astype(INT),
            RNG.integers(0, 9, 1 << 15).astype(INT),
        ),
        grown("RESHAPE", i32(1, 2, 3), i32(-1, -1)),
        grown("GATHER", i32(1, 2, 3), i32(7)),
        grown("GATHER", np.zeros((1, 2000), INT), np.zeros(3000, INT)),
    ],
    ids=lambda g: g.operators[1].op,
)
def test_what_is_too_large_or_unsound_is_left_for_the_checks(graph: Graph) -> None:
    """At once: nothing of the size that a field claims is ever made."""
    after, _ = adapt(graph)
    assert graph.operators[1].op in [op.op for op in after.operators]
    with pytest.raises(ForgeError):
        require_quantized(after)
