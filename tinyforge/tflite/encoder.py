"""Writes flatbuffers, driven by the schema: a tree of tables to bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np

from tinyforge.tflite.schema import ENUMS, IDENTIFIER, TABLES

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
    "ulong": flatbuffers.Builder.PrependUint64Slot,
    "float": flatbuffers.Builder.PrependFloat32Slot,
    **dict.fromkeys(ENUMS, flatbuffers.Builder.PrependInt8Slot),
}


@dataclass(frozen=True)
class Node:
    """A table to be written: its type in the schema, and its fields by name.

    A field is a number, a string, a Node, bytes, or a sequence of numbers or Nodes. One that is
    absent, None or empty is not written.
    """

    kind: str
    fields: Mapping[str, Any]


def encode(root: Node) -> bytes:
    """The .tflite file whose root table is the node. Same tree, same bytes."""
    builder = flatbuffers.Builder(4096)
    builder.Finish(_table(builder, root), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _table(builder: flatbuffers.Builder, node: Node) -> int:
    """Writes what the table refers to, then the table; its offset."""
    schema = TABLES[node.kind]
    scalars: dict[str, int | float] = {}
    references: dict[str, int] = {}
    for name, value in node.fields.items():
        if schema[name].type in _PREPEND:
            scalars[name] = value
        elif value:
            references[name] = _reference(builder, schema[name].type, value)
    builder.StartObject(1 + max(field.slot for field in schema.values()) if schema else 0)
    for name, value in scalars.items():
        field = schema[name]
        _PREPEND[field.type](builder, field.slot, value, field.default)
    for name, offset in references.items():
        builder.PrependUOffsetTRelativeSlot(schema[name].slot, offset, 0)
    end: int = builder.EndObject()
    return end


def _reference(builder: flatbuffers.Builder, kind: str, value: Any) -> int:
    """A string, a table, or a vector of numbers, bytes or tables; its offset."""
    offset: int
    if isinstance(value, Node):
        offset = _table(builder, value)
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
        elements = [_table(builder, node) for node in value]
        builder.StartVector(4, len(elements), 4)
        for element in reversed(elements):
            builder.PrependUOffsetTRelative(element)
        offset = builder.EndVector()
    return offset
