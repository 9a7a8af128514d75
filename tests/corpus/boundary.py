"""int8 models behind the float32 or uint8 inputs and outputs that converters give them."""

from __future__ import annotations

from dataclasses import replace

from tests.corpus.builder import full_options
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor


def with_boundary(graph: Graph, dtype: DType) -> Graph:
    """The graph between conversions from and to another type, as converters write it."""
    quantize, dequantize = "QUANTIZE", "DEQUANTIZE" if dtype is DType.FLOAT32 else "QUANTIZE"
    tensors = list(graph.tensors)

    def outer(index: int, name: str) -> int:
        inner = tensors[index]
        uint8 = Quant((inner.scale,), (inner.zero_point + 128,))
        quant = None if dtype is DType.FLOAT32 else uint8
        tensors.append(Tensor(len(tensors), name, inner.shape, dtype, quant))
        return len(tensors) - 1

    inputs = [outer(t, f"seen {i}") for i, t in enumerate(graph.inputs)]
    outputs = [outer(t, f"answer {i}") for i, t in enumerate(graph.outputs)]
    operators = [
        *(conversion(quantize, a, b) for a, b in zip(inputs, graph.inputs, strict=True)),
        *graph.operators,
        *(conversion(dequantize, a, b) for a, b in zip(graph.outputs, outputs, strict=True)),
    ]
    return Graph(
        graph.name,
        tuple(tensors),
        tuple(replace(op, index=i) for i, op in enumerate(operators)),
        tuple(inputs),
        tuple(outputs),
    )


def conversion(op: str, source: int, out: int) -> Operator:
    """QUANTIZE or DEQUANTIZE, as the first operator."""
    return Operator(0, op, (source,), (out,), full_options(op, {}))
