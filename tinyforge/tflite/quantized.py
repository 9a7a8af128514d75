"""Whether a verified graph is quantized throughout, to int8 or int16, as the engines run it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops import OPS, Weighted
from tinyforge.tflite.refusals import in_true_words
from tinyforge.tflite.verifier import tensor_label

# The runtime takes the bias's scale to be input scale * weights scale, whatever the file says. At
# this relative difference a bias of 1000 steps is off by one step; converters stay below 1e-7.
BIAS_SCALE_TOLERANCE = 1e-3
# Two layers that share weights and bias have one scale for both, whatever their inputs' are: then
# the bias may be off by this share of the output's range, a step of int8.
_BIAS_OFF = 1 / 256

# Element types of activations: which of them an operator takes is for its own check.
_ACTIVATIONS = (DType.INT8, DType.INT16)

_FIX = (
    "convert the model again, or leave the layer out; all else in it is quantized as it should be"
)


# Element types of constants that are not data: shapes, axes, paddings, sizes.
_PARAMETERS = (DType.INT32, DType.INT64, DType.BOOL)


def require_quantized(graph: Graph, file: Graph | None = None) -> None:
    """ForgeError, naming the tensor or layer, unless engines can run the graph.

    file: the graph as it was read, before passes, whose kind a refusal names.

    Every activation is int8 or int16 with one scale, weights are int8 or int4 with zero point 0, a
    bias is int32 (with int16 activations perhaps int64) with scale input * weights, and each
    operator's own check passes. Operators that say so have tensors of other types. A variable
    tensor is the state of one operator, or is read by one and assigned by another.
    """
    try:
        _require(graph)
    except ForgeError as error:
        raise in_true_words(error, graph, graph if file is None else file) from None


def _require(graph: Graph) -> None:
    for index in (*graph.inputs, *graph.outputs):
        if not _typed_alone(graph, index):
            _require_activation(graph.tensors[index], graph.name)
    for index in graph.states:
        _require_state(graph, graph.tensors[index])
    for op in graph.operators:
        _require_operator(graph, op)


def _not_int8(tensor: Tensor, what: str, where: str) -> ForgeError:
    label = tensor_label(tensor.index, tensor.name)
    return ForgeError(f"not int8: {label} {what}", where=where, fix=_FIX)


def _typed_alone(graph: Graph, index: int) -> bool:
    """Whether all operators that have the tensor look at its type themselves."""
    maker = graph.producers.get(index)
    neighbours = (*graph.consumers[index], *((maker,) if maker else ()))
    found = [OPS[op.op].typed if op.op in OPS else False for op in neighbours]
    return bool(found) and all(found)


# Operators that have a state together.
_SHARED = ("ASSIGN_VARIABLE", "READ_VARIABLE")


def _require_state(graph: Graph, tensor: Tensor) -> None:
    """It belongs to one operator, or is read by one and assigned by another: between two that
    change it, the order to run in would matter."""
    operands = [(op.op, i, t) for op in graph.operators for i, t in enumerate(op.inputs)]
    readers = [(op, position) for op, position, t in operands if t == tensor.index]
    states = [(op, position) for op, known in OPS.items() for position in known.states]
    assigned = sorted(op for op, _ in readers) == list(_SHARED)
    if not set(readers) <= set(states) or not (assigned or len(readers) == 1):
        owners = sorted(op for op, known in OPS.items() if known.states and op not in _SHARED)
        raise ForgeError(
            "the tensor keeps its value between inferences; only the state of one "
            f"{', '.join(owners)} may",
            where=tensor_label(tensor.index, tensor.name),
            fix="export the model with its state as an input and an output",
        )


def _require_operator(graph: Graph, op: Operator) -> None:
    where = graph.where(op)
    known = OPS.get(op.op)
    weighted = known.weighted if known else None
    special = (*known.checked, *known.states) if known else ()
    if weighted:
        special += (weighted.weights, weighted.bias)
    if not (known and known.typed):
        for position, index in enumerate(op.inputs):
            if index >= 0 and position not in special:
                _require_operand(graph.tensors[index], where)
        for index in op.outputs:
            _require_activation(graph.tensors[index], where)
    if weighted:
        _require_weights(graph, op, weighted)
    if known:
        known.check(graph, op)


def _require_activation(tensor: Tensor, where: str) -> None:
    if tensor.dtype not in _ACTIVATIONS:
        raise _not_int8(tensor, f"is {tensor.dtype.name}", where)
    if tensor.quant is None:
        raise _not_int8(tensor, "has no scale", where)
    if tensor.quant.per_channel:
        raise _not_int8(tensor, f"has {len(tensor.quant.scale)} scales; only weights may", where)


def _require_operand(tensor: Tensor, where: str) -> None:
    """An activation, a constant like one, or a constant that is a parameter."""
    if tensor.data is None or tensor.dtype not in _PARAMETERS:
        _require_activation(tensor, where)


def _require_weights(graph: Graph, op: Operator, roles: Weighted) -> None:
    where = graph.where(op)
    operands = {i: graph.tensors[t] for i, t in enumerate(op.inputs) if t >= 0}
    if roles.source not in operands or roles.weights not in operands:
        raise ForgeError(f"{op.op} lacks its input or its weights", where=where)
    _require_activation(operands[roles.source], where)
    weights, bias = operands[roles.weights], operands.get(roles.bias)
    if weights.dtype not in (DType.INT8, DType.INT4):
        raise _not_int8(weights, f"is {weights.dtype.name}", where)
    if weights.quant is None:
        raise _not_int8(weights, "has no scale", where)
    if any(weights.quant.zero_point):
        raise _not_int8(weights, "holds weights, but has a zero point other than 0", where)
    if weights.quant.per_channel and weights.quant.axis != roles.channel_axis:
        raise _not_int8(
            weights,
            f"is quantized along dimension {weights.quant.axis}, not {roles.channel_axis}",
            where,
        )
    if bias is not None:
        expected = operands[roles.source].scale * np.array(weights.quant.scale)
        _require_bias(bias, expected, graph.tensors[op.outputs[0]], where)


def _require_bias(bias: Tensor, expected: npt.NDArray[np.float64], out: Tensor, where: str) -> None:
    """expected: its scales."""
    if bias.dtype not in (DType.INT32, DType.INT64):
        raise _not_int8(bias, f"is a bias of {bias.dtype.name} instead of INT32", where)
    if bias.quant is None:
        raise _not_int8(bias, "is a bias without a scale", where)
    if bias.data is not None and not bias.data.any():
        return  # zeros of any scale, which a converter lets several layers share
    actual = np.array(bias.quant.scale)
    same = actual.size == expected.size
    if not same or not (
        np.allclose(actual, expected, rtol=BIAS_SCALE_TOLERANCE, atol=0)
        or _hardly_off(bias, np.abs(actual - expected), out)
    ):
        raise ForgeError(
            f"the bias {tensor_label(bias.index, bias.name)} does not have the scale of its input"
            " times that of its weights",
            where=where,
            fix="convert the model again; its quantization is inconsistent",
        )


def _hardly_off(bias: Tensor, error: npt.NDArray[np.float64], out: Tensor) -> bool:
    """Whether scales that are wrong by error move no output by much."""
    if bias.data is None or out.quant is None:
        return False
    steps = np.abs(bias.data.astype(np.float64)) * error / out.scale
    return bool(steps.max() <= _BIAS_OFF * 2 ** (8 * out.dtype.itemsize))
