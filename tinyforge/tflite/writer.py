"""A Graph to the bytes of a .tflite file.

Same graph, same bytes. What a Graph does not hold is not written: metadata, signatures, versions of
operators (1, which TensorFlow Lite Micro does not look at).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np

from tinyforge.graph.types import Graph, Operator, Quant, Tensor
from tinyforge.tflite.opcodes import OPERATOR_NUMBER, OPTIONS_TABLE, OPTIONS_UNION, PLACEHOLDER
from tinyforge.tflite.schema import ENUMS, IDENTIFIER, TABLES, VERSION

# Weights are read by kernels in place, with vector loads.
BUFFER_ALIGNMENT = 16

_VECTORS: Mapping[str, np.dtype[Any]] = {
    "[ubyte]": np.dtype("<u1"),
    "[int]": np.dtype("<i4"),
    "[long]": np.dtype("<i8"),
    "[float]": np.dtype("<f4"),
}

_PREPEND: Mapping[str, Callable[[flatbuffers.Builder, int, int | float, int | float], None]] = {
    "bool": flatbuffers.Builder.PrependBoolSlot,
    "byte": flatbuffers.Builder.PrependInt8Slot,
    "ubyte": flatbuffers.Builder.PrependUint8Slot,
    "int": flatbuffers.Builder.PrependInt32Slot,
    "uint": flatbuffers.Builder.PrependUint32Slot,
    "float": flatbuffers.Builder.PrependFloat32Slot,
    **dict.fromkeys(ENUMS, flatbuffers.Builder.PrependInt8Slot),
}


@dataclass(frozen=True)
class Node:
    """A table to be written: its type in the schema, and its fields."""

    kind: str
    fields: Mapping[str, Any]


def write(graph: Graph) -> bytes:
    """A valid .tflite file of the graph; read() of it gives an equal graph."""
    buffers = _Buffers()
    codes = list(dict.fromkeys(op.op for op in graph.operators))
    tensors = [_tensor(tensor, buffers) for tensor in graph.tensors]
    subgraph = {
        "tensors": tensors,
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "operators": [_operator(op, codes) for op in graph.operators],
        "name": "main",
    }
    model = {
        "version": VERSION,
        "operator_codes": [_operator_code(OPERATOR_NUMBER[name]) for name in codes],
        "subgraphs": [Node("SubGraph", subgraph)],
        "description": "tinyforge",
        "buffers": buffers.nodes(),
    }
    builder = flatbuffers.Builder(4096)
    builder.Finish(_write_table(builder, Node("Model", model)), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


class _Buffers:
    """The contents of the buffers so far, equal ones once. Buffer 0 is empty by convention."""

    def __init__(self) -> None:
        self._index: dict[bytes, int] = {b"": 0}

    def add(self, content: bytes) -> int:
        return self._index.setdefault(content, len(self._index))

    def nodes(self) -> list[Node]:
        return [Node("Buffer", {"data": content}) for content in self._index]


def _operator_code(number: int) -> Node:
    fields = {"deprecated_builtin_code": min(number, PLACEHOLDER), "builtin_code": number}
    return Node("OperatorCode", fields)


def _tensor(tensor: Tensor, buffers: _Buffers) -> Node:
    content = b""
    if tensor.data is not None:
        content = tensor.data.astype(tensor.dtype.numpy.newbyteorder("<"), copy=False).tobytes()
    fields = {
        "shape": tensor.shape,
        "type": tensor.dtype.value,
        "buffer": buffers.add(content),
        "name": tensor.name,
        "has_rank": True,
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
    kind = OPTIONS_TABLE[op.op]
    if kind is not None:
        fields["builtin_options_type"] = OPTIONS_UNION.index(kind)
        fields["builtin_options"] = Node(kind, op.options)
    return Node("Operator", fields)


def _write_table(builder: flatbuffers.Builder, node: Node) -> int:
    """Writes what the table refers to, then the table; its offset."""
    schema = TABLES[node.kind]
    scalars: dict[str, int | float] = {}
    references: dict[str, int] = {}
    for name, value in node.fields.items():
        if schema[name].type in _PREPEND:
            scalars[name] = value
        elif value:  # absent and empty are the same
            references[name] = _write_reference(builder, schema[name].type, value)
    builder.StartObject(1 + max(field.slot for field in schema.values()) if schema else 0)
    for name, value in scalars.items():
        field = schema[name]
        _PREPEND[field.type](builder, field.slot, value, field.default)
    for name, offset in references.items():
        builder.PrependUOffsetTRelativeSlot(schema[name].slot, offset, 0)
    end: int = builder.EndObject()
    return end


def _write_reference(builder: flatbuffers.Builder, kind: str, value: Any) -> int:
    """A string, a table, or a vector of numbers, bytes or tables; its offset."""
    offset: int
    if isinstance(value, Node):
        offset = _write_table(builder, value)
    elif kind == "string":
        offset = builder.CreateString(value)
    elif isinstance(value, bytes):
        builder.StartVector(1, len(value), BUFFER_ALIGNMENT)
        builder.head -= len(value)
        builder.Bytes[builder.head : builder.head + len(value)] = value
        offset = builder.EndVector()
    elif kind in _VECTORS:
        offset = builder.CreateNumpyVector(np.array(value, _VECTORS[kind]))
    else:
        elements = [_write_table(builder, node) for node in value]
        builder.StartVector(4, len(elements), 4)
        for element in reversed(elements):
            builder.PrependUOffsetTRelative(element)
        offset = builder.EndVector()
    return offset
