"""Small int8 graphs that tests.corpus.models has not: of other operators, and of odd geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.corpus import layers
from tests.corpus.builder import Constant, GraphBuilder, TensorSpec, single_op
from tests.corpus.layers import SAME, VALID
from tinyforge.graph import DType, Graph, Quant

_X = TensorSpec((1, 4, 6, 8), 0.05, 3)
_FLAT = TensorSpec((1, 24), 0.05, 3)


def _shape(*values: int) -> Constant:
    return Constant(np.array(values, np.int32))


def _like(*shape: int) -> TensorSpec:
    """As _X, of another shape."""
    return TensorSpec(shape, _X.scale, _X.zero_point)


def _graph(
    op: str,
    inputs: Sequence[TensorSpec | Constant],
    output: TensorSpec | Sequence[TensorSpec],
    **options: Any,
) -> Graph:
    return single_op(op, inputs=inputs, output=output, options=options)


def _typed(graph: Graph, **dtypes: DType) -> Graph:
    """The graph with the dtype of its "input", first of them, or "output" changed, unquantized."""
    indices = {"input": graph.inputs[0], "output": graph.outputs[0]}
    tensors = list(graph.tensors)
    for which, dtype in dtypes.items():
        tensors[indices[which]] = replace(tensors[indices[which]], dtype=dtype, quant=None)
    return replace(graph, tensors=tuple(tensors))


def _comparison(op: str) -> Graph:
    return _typed(_graph(op, [_X, _like(1, 4, 6, 8)], _X), output=DType.BOOL)


def _real(op: str) -> Graph:
    values = replace(_X, scale=0, dtype=DType.FLOAT32)
    return _graph(op, [values], values)


def _truths(op: str) -> Graph:
    operands = [replace(_X, scale=0, dtype=DType.BOOL)] * (1 if op == "LOGICAL_NOT" else 2)
    return _graph(op, operands, operands[0])


def _lookup() -> Graph:
    table = Constant(np.zeros((9, 24), np.int8), _FLAT.quant)
    return _graph("EMBEDDING_LOOKUP", [TensorSpec((3,), 0, dtype=DType.INT32), table], _like(3, 24))


def _svdf() -> Graph:
    b = GraphBuilder("svdf")
    x = b.input((1, 10), 0.05)
    return b.build([layers.svdf(b, np.random.default_rng(1), x, units=7, memory=3, rank=2)])


def _lstm() -> Graph:
    b = GraphBuilder("lstm")
    x = b.input((1, 3, 10), 0.05)
    return b.build([layers.lstm(b, np.random.default_rng(1), x, units=7)])


_ALPHA = Constant(np.full((1, 1, 8), 9, np.int8), Quant((0.01,), (0,)))

GRAPHS: Mapping[str, Graph] = {
    graph.operators[0].op: graph
    for graph in (
        _graph("ABS", [_X], _X),
        _graph("ADD_N", [_X, _like(1, 4, 6, 8), _like(1, 4, 6, 8)], _X),
        _typed(_graph("ARG_MAX", [_FLAT, _shape(1)], _like(1)), output=DType.INT32),
        _typed(_graph("ARG_MIN", [_FLAT, _shape(1)], _like(1)), output=DType.INT32),
        _graph("BATCH_TO_SPACE_ND",
               [_like(4, 2, 3, 8), _shape(2, 2), Constant(np.zeros((2, 2), np.int32))], _X),
        _graph("BROADCAST_TO", [_like(1, 1, 1, 8), _shape(1, 4, 6, 8)], _X),
        _typed(_graph("CAST", [_X], _X), output=DType.FLOAT32),
        _typed(_graph("DEQUANTIZE", [_X], _X), output=DType.FLOAT32),
        _graph("DEPTH_TO_SPACE", [_X], _like(1, 8, 12, 2), block_size=2),
        _graph("CUMSUM", [_X, _shape(3)], TensorSpec(_X.shape, 0.1)),
        _graph("DIV", [_X, _like(1, 4, 6, 8)], _X),
        _graph("ELU", [_X], _X),
        _lookup(),
        _graph("EXPAND_DIMS", [_FLAT, _shape(1)], TensorSpec((1, 1, 24), 0.05, 3)),
        _graph("FILL", [_shape(*_X.shape), _like()], _X),
        _graph("GATHER", [_X, _shape(3, 1)], _like(1, 2, 6, 8), axis=1),
        _graph("GATHER_ND", [_X, Constant(np.array([[0, 1], [0, 3]], np.int32))], _like(2, 6, 8)),
        _graph("L2_NORMALIZATION", [_FLAT], TensorSpec((1, 24), 1 / 128)),
        _graph("LEAKY_RELU", [_X], _X, alpha=0.1),
        _graph("LOG_SOFTMAX", [_FLAT], TensorSpec((1, 24), 1 / 16, 127)),
        _graph("MAXIMUM", [_X, _like(1, 4, 6, 8)], _X),
        _graph("MINIMUM", [_X, _like(1, 4, 6, 8)], _X),
        _graph("MIRROR_PAD",
               [_X, Constant(np.array([[0, 0], [1, 1], [2, 2], [0, 0]], np.int32))],
               _like(1, 6, 10, 8)),
        _real("NEG"),
        _real("SQUARE"),
        _graph("PACK", [_X, _like(1, 4, 6, 8)], _like(2, 1, 4, 6, 8), values_count=2, axis=0),
        _graph("DYNAMIC_UPDATE_SLICE", [_X, _like(1, 2, 3, 8), _shape(0, 1, 1, 0)], _X),
        _graph("PADV2",
               [_X, Constant(np.array([[0, 0], [1, 1], [2, 2], [0, 0]], np.int32)),
                Constant(np.array([3], np.int8), Quant((_X.scale,), (_X.zero_point,)))],
               _like(1, 6, 10, 8)),
        _graph("PRELU", [_X, _ALPHA], _X),
        _graph("QUANTIZE", [_X], TensorSpec(_X.shape, 0.06, -4)),
        _typed(
            _graph("REDUCE_ALL", [_X, _shape(1, 2)], _like(1, 8)),
            input=DType.BOOL,
            output=DType.BOOL,
        ),
        _graph("REDUCE_MAX", [_X, _shape(1, 2)], _like(1, 8)),
        _graph("REDUCE_MIN", [_X, _shape(1, 2)], _like(1, 8)),
        _graph("RESIZE_BILINEAR", [_X, _shape(8, 12)], _like(1, 8, 12, 8)),
        _graph("RESIZE_NEAREST_NEIGHBOR", [_X, _shape(8, 12)], _like(1, 8, 12, 8)),
        _graph("REVERSE_V2", [_X, _shape(1)], _X),
        _graph("RSQRT", [TensorSpec((1, 24), 0.05, -128)], TensorSpec((1, 24), 0.05, -128)),
        _typed(_graph("SELECT_V2", [_X, _like(1, 4, 6, 8), _like(1, 4, 6, 8)], _X),
               input=DType.BOOL),
        _graph("SLICE", [_X, _shape(0, 1, 1, 0), _shape(1, 2, 3, 8)], _like(1, 2, 3, 8)),
        _graph("SPACE_TO_BATCH_ND",
               [_X, _shape(2, 2), Constant(np.zeros((2, 2), np.int32))], _like(4, 2, 3, 8)),
        _graph("SPACE_TO_DEPTH", [_X], _like(1, 2, 3, 32), block_size=2),
        _graph("SPLIT", [_shape(3), _X], [_like(1, 4, 6, 4)] * 2, num_splits=2),
        _graph("SPLIT_V", [_X, _shape(2, 6), _shape(3)],
               [_like(1, 4, 6, 2), _like(1, 4, 6, 6)], num_splits=2),
        _graph("SQUARED_DIFFERENCE", [_X, _like(1, 4, 6, 8)], _X),
        _graph("SQUEEZE", [_X], _like(4, 6, 8), squeeze_dims=(0,)),
        _graph("STRIDED_SLICE",
               [_X, _shape(0, 0, 0, 0), _shape(1, 4, 6, 8), _shape(1, 2, 2, 1)],
               _like(1, 2, 3, 8)),
        _svdf(),
        _lstm(),
        _graph("SUM", [_X, _shape(1, 2)], TensorSpec((1, 8), 1.0)),
        _graph("TRANSPOSE", [_X, _shape(0, 2, 1, 3)], _like(1, 6, 4, 8)),
        _graph("ZEROS_LIKE", [_X], _X),
        _graph("UNPACK", [_like(1, 2, 6)], [_like(1, 6)] * 2, num=2, axis=1),
        *map(_truths, ("LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR")),
        *map(_comparison, ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL")),
    )
}  # fmt: skip


def odd(seed: int) -> Graph:
    """One layer of a geometry for which CMSIS-NN has a way of its own."""
    rng = np.random.default_rng(seed)
    b = GraphBuilder(f"odd_{seed}")

    def pick(*values: int) -> int:
        return int(rng.choice(values))

    match seed % 4:
        case 0:  # a single row
            x = b.input((1, 1, pick(5, 9, 16, 30), pick(1, 2, 4, 8, 20)), 0.05)
            kernel, stride = (1, pick(1, 2, 3, 5)), (1, pick(1, 2, 3, 4))
            y = layers.conv_2d(
                b,
                rng,
                x,
                filters=pick(1, 5, 12),
                kernel=kernel,
                stride=stride,
                padding=pick(SAME, VALID),
            )
        case 1:  # a single channel
            x = b.input((1, pick(4, 7), pick(5, 9), 1), 0.05)
            kernel, padding = (pick(1, 2, 3), pick(1, 3, 5)), pick(SAME, VALID)
            y = layers.depthwise_conv_2d(
                b, rng, x, multiplier=pick(1, 2, 3, 12), kernel=kernel, padding=padding
            )
        case 2:  # many channels
            x = b.input((1, 3, 4, pick(15, 16, 17, 24)), 0.05)
            stride = (pick(1, 2, 3), pick(1, 2))
            y = layers.transpose_conv(b, rng, x, filters=pick(1, 5), stride=stride)
        case _:  # rows of vectors
            x = b.input((1, pick(2, 3), pick(8, 9, 12)), 0.05)
            y = layers.fully_connected(
                b, rng, x, units=pick(4, 5, 17), bias=bool(pick(0, 1)), per_channel=bool(pick(0, 1))
            )
    return b.build([y])
