"""A Graph to the bytes of a .tflite file.

What a Graph does not hold is not written: signatures, other tools' metadata, and versions of
operators (1, which TensorFlow Lite Micro does not look at).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyforge.graph.nibbles import packed
from tinyforge.graph.passes import with_handles
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor
from tinyforge.tflite import flexbuffer
from tinyforge.tflite.encoder import Node, encode
from tinyforge.tflite.opcodes import (
    CUSTOM_CODES,
    OPERATOR_NUMBER,
    OPTIONS_TABLE,
    OPTIONS_UNION,
    PLACEHOLDER,
)
from tinyforge.tflite.schema import VERSION


def write(graph: Graph) -> bytes:
    """A valid .tflite file of the graph; read() of it gives an equal graph. Same graph, same bytes.

    Variable tensors that are read and assigned are written as resource variables: read() and
    passes.adapt() give an equal graph.

    Buffers are 16-byte aligned within the file, and equal constants share one.
    """
    return encode(model_node(with_handles(graph)))


def model_node(graph: Graph) -> Node:
    """The file's tables, before they become bytes."""
    buffers = _Buffers()
    graphs = (graph, *graph.initializers)
    codes = list(dict.fromkeys(op.op for one in graphs for op in one.operators))
    main = _subgraph(graph, "main", codes, buffers)
    others = [_subgraph(one, one.name, codes, buffers) for one in graph.initializers]
    model = {
        "version": VERSION,
        "operator_codes": [_operator_code(name) for name in codes],
        "subgraphs": [main, *others],
        "description": "tinyforge",
        "metadata": [_metadata(*entry, buffers) for entry in sorted(graph.metadata.items())],
        "buffers": buffers.nodes(),
    }
    return Node("Model", model)


def _subgraph(graph: Graph, name: str, codes: Sequence[str], buffers: _Buffers) -> Node:
    fields = {
        "tensors": [_tensor(tensor, buffers) for tensor in graph.tensors],
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "operators": [_operator(op, codes) for op in graph.operators],
        "name": name,
    }
    return Node("SubGraph", fields)


class _Buffers:
    """The contents of the buffers so far, equal ones once. Buffer 0 is empty by convention."""

    def __init__(self) -> None:
        self._index: dict[bytes, int] = {b"": 0}

    def add(self, content: bytes) -> int:
        return self._index.setdefault(content, len(self._index))

    def nodes(self) -> list[Node]:
        return [Node("Buffer", {"data": content}) for content in self._index]


def _operator_code(name: str) -> Node:
    number = OPERATOR_NUMBER["CUSTOM" if name in CUSTOM_CODES else name]
    fields: dict[str, Any] = {
        "deprecated_builtin_code": min(number, PLACEHOLDER),
        "builtin_code": number,
        "custom_code": CUSTOM_CODES.get(name),
    }
    return Node("OperatorCode", fields)


def _metadata(name: str, content: bytes, buffers: _Buffers) -> Node:
    return Node("Metadata", {"name": name, "buffer": buffers.add(content)})


def _tensor(tensor: Tensor, buffers: _Buffers) -> Node:
    content = b""
    if tensor.data is not None and tensor.dtype is DType.INT4:
        content = packed(tensor.data).tobytes()
    elif tensor.data is not None:
        content = tensor.data.astype(tensor.dtype.numpy.newbyteorder("<"), copy=False).tobytes()
    fields = {
        "shape": tensor.shape,
        "type": tensor.dtype.value,
        "buffer": buffers.add(content),
        "name": tensor.name,
        "has_rank": True,
        "is_variable": tensor.variable,
        "quantization": None if tensor.quant is None else _quant(tensor.quant),
    }
    return Node("Tensor", fields)


def _quant(quant: Quant) -> Node:
    fields = {
        "scale": quant.scale,
        "zero_point": quant.zero_point,
        "quantized_dimension": quant.axis,
    }
    return Node("QuantizationParameters", fields)


def _operator(op: Operator, codes: Sequence[str]) -> Node:
    fields: dict[str, Any] = {
        "opcode_index": codes.index(op.op),
        "inputs": op.inputs,
        "outputs": op.outputs,
    }
    if op.op in CUSTOM_CODES:
        numbers = {k: v for k, v in op.options.items() if isinstance(v, int | float)}
        fields["custom_options"] = flexbuffer.write(numbers)
        return Node("Operator", fields)
    kind = OPTIONS_TABLE[op.op]
    if kind is not None:
        fields["builtin_options_type"] = OPTIONS_UNION.index(kind)
        fields["builtin_options"] = Node(kind, op.options)
    return Node("Operator", fields)
