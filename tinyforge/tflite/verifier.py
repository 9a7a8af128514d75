"""What must hold of a model before anything else looks at it.

TensorFlow Lite Micro validates nothing: a bad index reads out of bounds on the device. So every
index, size, scale and order of execution is checked here, in two steps: verify(), which every model
must pass, and require_quantized(), which the models that can be compiled must pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor

# What NumPy reference, planner and generated C all hold without overflow.
MAX_ELEMENTS = 2**31 - 1
MAX_RANK = 8

_ZERO_POINTS: Mapping[DType, tuple[int, int]] = {
    DType.INT4: (-8, 7),
    DType.INT8: (-128, 127),
    DType.UINT8: (0, 255),
    DType.INT16: (-32768, 32767),
    DType.UINT16: (0, 65535),
    DType.INT32: (0, 0),
    DType.INT64: (0, 0),
}


def tensor_label(index: int, name: str) -> str:
    """How an error names a tensor: tensor 3 'conv/weights'. Long names are cut off."""
    return f"tensor {index} {name[:80]!r}"


def check_index(index: int, limit: int, what: str, where: str) -> None:
    """ForgeError unless 0 <= index < limit."""
    if not 0 <= index < limit:
        raise ForgeError(
            f"{what} index {index} is out of range; the model has {limit}", where=where
        )


def check_shape(shape: tuple[int, ...], where: str, *, least: int = 1) -> None:
    """ForgeError unless every dimension is at least `least`, and rank and elements are within
    limits."""
    if len(shape) > MAX_RANK:
        raise ForgeError(f"rank {len(shape)} is more than {MAX_RANK}", where=where)
    if any(size < least for size in shape):
        raise ForgeError(
            f"shape {list(shape)} has a dimension that is not positive",
            where=where,
            fix="fix the batch size to 1 and every other dimension before converting the model",
        )
    if math.prod(shape) > MAX_ELEMENTS:
        raise ForgeError(f"shape {list(shape)} has more than {MAX_ELEMENTS} elements", where=where)


def verify(graph: Graph) -> None:
    """ForgeError unless the graph can be run in order: tensors, indices and dataflow."""
    if not graph.operators:
        raise ForgeError("the model has no operators", where=graph.name)
    _check_ends(graph)
    for one in (graph, *graph.initializers):
        _verify_one(one)
    for index in graph.outputs:
        if index not in graph.producers and index not in graph.inputs:
            raise ForgeError(
                "an output of the model is written by no operator",
                where=tensor_label(index, graph.tensors[index].name),
            )


def _verify_one(graph: Graph) -> None:
    used = _used(graph)
    for tensor in graph.tensors:
        where = tensor_label(tensor.index, tensor.name)
        # Converters of an LSTM leave tensors of shape [0] behind, that no operator has.
        check_shape(tensor.shape, where, least=1 if tensor.index in used else 0)
        if tensor.quant is not None:
            _check_quant(tensor.quant, tensor, where)
    for op in graph.operators:
        _check_operands(graph, op)
    _check_variables(graph)
    _check_order(graph)


def _used(graph: Graph) -> set[int]:
    """What operators and the graph itself name, sound or not."""
    operands = {t for op in graph.operators for t in (*op.inputs, *op.outputs)}
    return operands | {*graph.inputs, *graph.outputs}


def _check_quant(quant: Quant, tensor: Tensor, where: str) -> None:
    limits = _ZERO_POINTS.get(tensor.dtype)
    if limits is None:
        raise ForgeError(f"a {tensor.dtype.name} tensor has scales", where=where)
    if len(quant.scale) != len(quant.zero_point):
        raise ForgeError(
            f"{len(quant.scale)} scales but {len(quant.zero_point)} zero points", where=where
        )
    for scale in quant.scale:
        if not (math.isfinite(scale) and scale >= float(np.finfo(np.float32).tiny)):
            raise ForgeError(f"scale {scale} is not a positive, normal number", where=where)
    for zero_point in quant.zero_point:
        if not limits[0] <= zero_point <= limits[1]:
            raise ForgeError(
                f"zero point {zero_point} is outside {tensor.dtype.name}'s {list(limits)}",
                where=where,
            )
    if quant.per_channel:
        check_index(quant.axis, len(tensor.shape), "quantized dimension", where)
        if len(quant.scale) != tensor.shape[quant.axis]:
            raise ForgeError(
                f"{len(quant.scale)} scales for {tensor.shape[quant.axis]} channels", where=where
            )


def _check_ends(graph: Graph) -> None:
    """The graph's inputs and outputs: there, in range; inputs once each, computed by nobody."""
    for what, indices in (("input", graph.inputs), ("output", graph.outputs)):
        if not indices:
            raise ForgeError(f"the model has no {what}", where=graph.name)
        for index in indices:
            check_index(index, len(graph.tensors), f"{what} tensor", graph.name)
    if len(set(graph.inputs)) != len(graph.inputs):
        raise ForgeError(f"the model names an input twice: {list(graph.inputs)}", where=graph.name)
    for index in graph.inputs:
        if graph.tensors[index].data is not None:
            raise ForgeError(
                "an input of the model is a constant",
                where=tensor_label(index, graph.tensors[index].name),
            )


# Inputs that may be left out, by position.
_OPTIONAL: Mapping[str, tuple[int, ...]] = {
    "CONV_2D": (2,),
    "DEPTHWISE_CONV_2D": (2,),
    "FULLY_CONNECTED": (2,),
    "TRANSPOSE_CONV": (3,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (1, 5, *range(9, 13), 16, 17, *range(20, 24)),
}


# Operators that are there for what they leave for the next inference.
_WITHOUT_OUTPUT = ("ASSIGN_VARIABLE", "CALL_ONCE")


def _check_operands(graph: Graph, op: Operator) -> None:
    where = f"layer {op.index} {op.op}"
    if not op.outputs and op.op not in _WITHOUT_OUTPUT:
        raise ForgeError("the operator has no output", where=where)
    for index in op.outputs:
        check_index(index, len(graph.tensors), "output tensor", where)
    for position, index in enumerate(op.inputs):
        if index != -1 or position not in _OPTIONAL.get(op.op, ()):
            check_index(index, len(graph.tensors), f"input {position}: tensor", where)


def _check_variables(graph: Graph) -> None:
    """What keeps its value between inferences is changed by the operators that read it alone."""
    written = {index for op in graph.operators for index in op.outputs}
    for tensor in graph.tensors:
        constant = tensor.data is not None
        if tensor.variable and (constant or tensor.index in {*graph.inputs, *written}):
            raise ForgeError(
                "the tensor keeps its value between inferences, but it is a constant, an input of"
                " the model, or an operator's output",
                where=tensor_label(tensor.index, tensor.name),
            )


def _check_order(graph: Graph) -> None:
    """In the order of the file, each tensor is written once, and before it is read."""
    ready = {t.index for t in graph.tensors if t.data is not None or t.variable}
    ready |= set(graph.inputs)
    for op in graph.operators:
        for index in op.inputs:
            if index >= 0 and index not in ready:
                raise ForgeError(
                    f"{tensor_label(index, graph.tensors[index].name)} is read before it is"
                    " written",
                    where=graph.where(op),
                )
        for index in op.outputs:
            if index in ready:
                raise ForgeError(
                    f"{tensor_label(index, graph.tensors[index].name)} is written, but it is a"
                    " constant, an input of the model, or written already",
                    where=graph.where(op),
                )
            ready.add(index)
