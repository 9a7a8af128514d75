"""Bytes of a .tflite file to a Graph.

What a Graph cannot say is refused here, with the layer or tensor named: more than one subgraph,
custom operators, sparse and external tensors, block-wise quantization. What it can say is
then checked by verifier.verify; whether it is quantized throughout is for require_quantized.
"""

from __future__ import annotations

import math
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph.nibbles import unpacked
from tinyforge.graph.types import DType, Graph, Operator, Options, Quant, Tensor
from tinyforge.tflite import flatbuffer, flexbuffer, refusals, task_metadata
from tinyforge.tflite.about import noted
from tinyforge.tflite.flatbuffer import Table
from tinyforge.tflite.opcodes import (
    CUSTOM_CODES,
    CUSTOM_OPERATORS,
    OPERATORS,
    OPTIONS_TABLE,
    OPTIONS_UNION,
)
from tinyforge.tflite.schema import ENUMS, KEPT_METADATA, TABLES, VERSION
from tinyforge.tflite.verifier import check_index, check_shape, tensor_label, verify

# Larger than the flash of any microcontroller; a model of this size is a mistake.
MAX_FILE_BYTES = 64 << 20


def read_file(path: Path) -> tuple[bytes, Graph]:
    """The bytes of a .tflite file and the Graph they hold, named after the file.

    ForgeError when the path is not a readable, regular file of at most MAX_FILE_BYTES, or not a
    valid model.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ForgeError("a model must be a regular file", where=str(path))
        if status.st_size > MAX_FILE_BYTES:
            raise ForgeError(
                f"the model has {status.st_size} bytes, more than the limit of {MAX_FILE_BYTES}",
                where=str(path),
                fix="no supported board holds a model of that size; give a smaller one",
            )
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise ForgeError(f"cannot read the model: {error.strerror}", where=str(path)) from error
    except ValueError as error:  # a NUL in the path
        raise ForgeError(f"cannot read the model: {error}", where=repr(str(path))) from error
    return data, read(data, name=path.stem)


def read(data: bytes, *, name: str = "model") -> Graph:
    """The Graph of a .tflite file's bytes.

    Constant tensors are read-only views of data. An operator's options hold every field of its
    table, defaults filled in. name: what errors and the Graph call the model. ForgeError when the
    bytes are not a valid model, or one that a Graph cannot hold.
    """
    model = flatbuffer.model(data, name)
    version = model.integer("version")
    if version != VERSION:
        raise ForgeError(
            f"the model is of schema version {version}; version {VERSION} is the only one there is",
            where=name,
        )
    subgraphs = model.tables("subgraphs")
    if not subgraphs:
        raise ForgeError("the model has no graph", where=name)
    buffers = [
        _buffer(data, table, f"{name}, buffer {i}")
        for i, table in enumerate(model.tables("buffers"))
    ]
    codes = [_operator_name(table) for table in model.tables("operator_codes")]
    main, *others = (_graph(table, name, buffers, codes) for table in subgraphs)
    called = {op.options["init_subgraph_index"] for op in main.operators if op.op == "CALL_ONCE"}
    if not called.issuperset(range(1, len(subgraphs))):
        raise refusals.of_subgraphs([t.string("name") for t in subgraphs], name)
    metadata = _metadata(model, buffers, name)
    if task_metadata.NAME in metadata:
        said = task_metadata.said_of(data, metadata.pop(task_metadata.NAME))
        metadata = noted(said) | metadata
    graph = replace(main, metadata=metadata, initializers=tuple(others))
    verify(graph)
    return graph


def _graph(subgraph: Table, name: str, buffers: list[memoryview], codes: list[str]) -> Graph:
    return Graph(
        name=name,
        tensors=tuple(
            _tensor(i, table, buffers) for i, table in enumerate(subgraph.tables("tensors"))
        ),
        operators=tuple(
            _operator(i, table, codes) for i, table in enumerate(subgraph.tables("operators"))
        ),
        inputs=subgraph.integers("inputs"),
        outputs=subgraph.integers("outputs"),
    )


def _buffer(data: bytes, table: Table, where: str) -> memoryview:
    """The bytes of a buffer: inside the flatbuffer or, in large models, behind it."""
    first, size = table.blob("data")
    offset, outside = table.integer("offset"), table.integer("size")
    if outside:
        if size or offset + outside > len(data):
            raise ForgeError(
                f"a buffer of {outside} bytes at offset {offset} does not fit in a file of"
                f" {len(data)} bytes",
                where=where,
            )
        first, size = offset, outside
    return memoryview(data)[first : first + size]


def _metadata(model: Table, buffers: list[memoryview], where: str) -> dict[str, bytes]:
    """Of the file's metadata, what tinyforge reads: the first of each name."""
    found: dict[str, bytes] = {}
    for table in model.tables("metadata"):
        name, buffer = table.string("name"), table.integer("buffer")
        if name in (*KEPT_METADATA, task_metadata.NAME):
            check_index(buffer, len(buffers), "buffer", f"{where}, metadata {name!r}")
            found.setdefault(name, bytes(buffers[buffer]))
    return found


def _operator_name(code: Table) -> str:
    """The builtin name of an operator code; numbers beyond the schema read as "OPERATOR 321".

    Old files have only the deprecated one-byte number, new ones both: the greater one counts.
    """
    number = max(code.integer("deprecated_builtin_code"), code.integer("builtin_code"))
    if 0 <= number < len(OPERATORS):
        name = OPERATORS[number]
        if name != "CUSTOM":
            return name
        custom = code.string("custom_code")[:80]
        return CUSTOM_OPERATORS.get(custom, f"CUSTOM {custom!r}")
    return f"OPERATOR {number}"


def _tensor(index: int, table: Table, buffers: list[memoryview]) -> Tensor:
    name = table.string("name")
    where = tensor_label(index, name)
    _refuse_inexpressible(table, where)
    shape = table.integers("shape")
    check_shape(shape, where, least=0)  # verify() wants more of those that are used
    dtype = _dtype(table, where)
    buffer = table.integer("buffer")
    check_index(buffer, len(buffers), "buffer", where)
    return Tensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        quant=_quant(table, where),
        data=_constant(buffers[buffer], shape, dtype, where),
        variable=bool(table.integer("is_variable")),
        signature=table.integers("shape_signature"),
    )


def _refuse_inexpressible(table: Table, where: str) -> None:
    """ForgeError for what a Tensor has no word for."""
    if table.has("sparsity"):
        raise refusals.sparse(where)
    if table.integer("external_buffer"):
        raise ForgeError(
            "the tensor's values lie in another file",
            where=where,
            fix="export the model as a single file",
        )


def _dtype(table: Table, where: str) -> DType:
    number = table.integer("type")
    name = ENUMS["TensorType"][number]
    try:
        dtype = DType(number)
        if dtype is not DType.RESOURCE:  # handles of variables, which a pass makes tensors
            _ = dtype.itemsize
    except (ValueError, KeyError):  # newer than DType; no NumPy dtype
        raise refusals.of_type(name, where) from None
    return dtype


def _quant(table: Table, where: str) -> Quant | None:
    """Scales and zero points; None for none, and for the bare min and max of float models."""
    quantization = table.table("quantization")
    if quantization is None:
        return None
    if quantization.integer("details_type") or quantization.has("details"):
        raise ForgeError(
            "the tensor is quantized by blocks or by a custom scheme",
            where=where,
            fix="convert the model with one scale a tensor or a channel, as TensorFlow's converter "
            "does for int8",
        )
    scale: tuple[float, ...] = tuple(quantization.numbers("scale").tolist())
    zero_point = quantization.integers("zero_point")
    if not scale and not zero_point:
        return None
    return Quant(scale, zero_point, quantization.integer("quantized_dimension"))


def _constant(
    buffer: memoryview, shape: tuple[int, ...], dtype: DType, where: str
) -> npt.NDArray[np.generic] | None:
    """The buffer as an array; None for the empty buffer of a computed tensor."""
    if not buffer or dtype is DType.RESOURCE:
        return None
    needed = dtype.nbytes(math.prod(shape))
    if len(buffer) != needed:
        raise ForgeError(
            f"the buffer has {len(buffer)} bytes; shape {list(shape)} of {dtype.name} needs"
            f" {needed}",
            where=where,
        )
    if dtype is DType.INT4:
        return unpacked(np.frombuffer(buffer, np.uint8), math.prod(shape)).reshape(shape)
    little_endian = np.frombuffer(buffer, dtype.numpy.newbyteorder("<"))
    return little_endian.astype(dtype.numpy, copy=False).reshape(shape)


def _operator(index: int, table: Table, codes: list[str]) -> Operator:
    where = f"layer {index}"
    code = table.integer("opcode_index")
    check_index(code, len(codes), "operator code", where)
    name = codes[code]
    where = f"layer {index} {name}"
    if name in CUSTOM_CODES:
        options: Options = flexbuffer.read(bytes(table.integers("custom_options")), where)
    elif name in OPTIONS_TABLE:
        options = _options(table, OPTIONS_TABLE[name], where)
    else:
        raise refusals.of_operator(name, where)
    return Operator(
        index=index,
        op=name,
        inputs=table.integers("inputs"),
        outputs=table.integers("outputs"),
        options=options,
    )


def _options(operator: Table, kind: str | None, where: str) -> Options:
    """Every field of the options table kind; all defaults where the operator carries none."""
    number = operator.integer("builtin_options_type")
    found = OPTIONS_UNION[number] if number < len(OPTIONS_UNION) else f"options {number}"
    if operator.integer("builtin_options_2_type"):
        found = "a table of the second options union"
    if found not in ("NONE", kind):
        raise ForgeError(
            f"the operator carries {found} where {kind or 'nothing'} belongs", where=where
        )
    table = operator.table("builtin_options", kind) if kind and number else None
    options: dict[str, int | float | bool | str | tuple[int, ...]] = {}
    for name, field in TABLES[kind].items() if kind else ():
        if field.type.startswith("["):
            options[name] = table.integers(name) if table else ()
        elif field.type == "string":
            options[name] = table.string(name) if table else ""
        else:
            options[name] = value = table.scalar(name) if table else field.default
            if not math.isfinite(value):
                raise ForgeError(f"{name} is {value}", where=where)
    return options
