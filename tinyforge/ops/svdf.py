"""SVDF, int8: a filter over the features of each inference, then one over the last few inferences.

Its state, of int8 or int16, keeps the features' filters of the last few inferences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    Table,
    check_activation,
    check_computed,
    check_counts,
    check_rank,
    constant,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.convolution import bias_values, check_bias, exact_matmul, weights_table
from tinyforge.ops.fixed_point import quantize_multiplier, requantize, wrap32

# Positions of the operands.
_SOURCE, _FEATURE, _TIME, _BIAS, _STATE = range(5)


def _factors(graph: Graph, op: Operator) -> tuple[tuple[int, int], tuple[int, int]]:
    """From features to the state, and from there to the output. Source: PrepareSvdf."""
    source, feature, time, state = (
        tensor(graph, op, i).scale for i in (_SOURCE, _FEATURE, _TIME, _STATE)
    )
    return (
        quantize_multiplier(source * feature / state),
        quantize_multiplier(state * time / output(graph, op).scale),
    )


def check(graph: Graph, op: Operator) -> None:
    """Features' weights are (filters, inputs), time's (filters, memory), rank filters an output."""
    check_counts(graph, op, 5, 5)
    _check_types(graph, op)
    source, feature, time = (tensor(graph, op, i) for i in (_SOURCE, _FEATURE, _TIME))
    state, out, rank = tensor(graph, op, _STATE), output(graph, op), option(op, "rank")
    check_rank(graph, op, (source, feature, time, state, out), 2)
    filters, inputs = feature.shape
    require(
        rank >= 1
        and filters % rank == 0
        and source.shape == (1, inputs)
        and time.shape[0] == filters
        and state.shape == (1, filters * time.shape[1])
        and out.shape == (1, filters // rank),
        f"rank {rank}, weights {list(feature.shape)} and {list(time.shape)} and state "
        f"{list(state.shape)} do not fit input {list(source.shape)} and output {list(out.shape)}",
        graph,
        op,
    )
    check_bias(graph, op, filters // rank, _BIAS)
    sums = np.abs(constant(graph, op, feature, "weights").astype(np.int64)).sum(1)
    require(bool((sums * 255 < 2**31).all()), "an accumulator could overflow 32 bits", graph, op)
    require(
        all(shift <= 30 for _, shift in _factors(graph, op)),
        "a scale is too small for what it is computed from",
        graph,
        op,
    )


def _check_types(graph: Graph, op: Operator) -> None:
    source, feature, time = (tensor(graph, op, i) for i in (_SOURCE, _FEATURE, _TIME))
    bias, state = tensor(graph, op, _BIAS), tensor(graph, op, _STATE)
    check_activation(graph, op, (source, feature, output(graph, op)))
    check_computed(graph, op, source)
    constant(graph, op, time, "weights")
    require(state.variable, f"the state {state.name!r} is not a variable tensor", graph, op)
    require(
        state.dtype in (DType.INT8, DType.INT16) and time.dtype is state.dtype,
        f"the state is {state.dtype.name.lower()} and its weights {time.dtype.name.lower()}, "
        "expected int8 or int16 for both",
        graph,
        op,
    )
    for t in (feature, time, bias, state):
        require(
            t.quant is not None and not t.quant.per_channel,
            f"SVDF needs one scale a tensor: {t.name!r} has another number",
            graph,
            op,
        )
    for t in (feature, time):
        require(t.zero_point == 0, f"weights {t.name!r} have a zero point", graph, op)
    expected = state.scale * time.scale
    require(
        abs(bias.scale - expected) < 1e-5,
        f"the bias has scale {bias.scale}, not the state's times its weights', {expected}",
        graph,
        op,
    )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (1, inputs), inputs[4]: the state, (1, filters * memory), which is changed.

    Source: EvalIntegerSvdfReference. It ignores the fused activation; sums over time wrap at 32
    bits, and a state with a zero point at its own width.
    """
    source, out, state = tensor(graph, op, _SOURCE), output(graph, op), tensor(graph, op, _STATE)
    feature, time = weights_table(tensor(graph, op, _FEATURE)), inputs[_TIME].astype(np.int64)
    to_state, to_output = _factors(graph, op)
    memory = inputs[_STATE].reshape(time.shape)
    dot = exact_matmul(feature, inputs[_SOURCE][0].astype(np.int64) - source.zero_point)
    limits = np.iinfo(memory.dtype)
    newest = np.clip(requantize(dot, *to_state), limits.min, limits.max) + state.zero_point
    memory[:, :-1] = memory[:, 1:].copy()
    memory[:, -1] = newest.astype(memory.dtype)
    filtered = (time * (memory.astype(np.int64) - state.zero_point)).sum(1)
    units = filtered.reshape(out.shape[1], -1).sum(1)
    acc = wrap32(units + bias_values(graph, op, out.shape[1], _BIAS))
    value = requantize(acc, *to_output) + out.zero_point
    return np.clip(value, -128, 127).astype(np.int8)[np.newaxis]


def lower(graph: Graph, op: Operator) -> Kernel:
    """The kernel reads and changes its second input, the state."""
    source, state, out = tensor(graph, op, _SOURCE), tensor(graph, op, _STATE), output(graph, op)
    feature, time = (weights_table(tensor(graph, op, i)) for i in (_FEATURE, _TIME))
    to_state, to_output = _factors(graph, op)
    wide = state.dtype is DType.INT16
    return Kernel(
        header="svdf.h",
        struct="forge_svdf",
        function="forge_svdf_run",
        fields={
            "inputs": source.size,
            "units": out.size,
            "rank": option(op, "rank"),
            "memory": time.shape[1],
            "input_zero_point": source.zero_point,
            "state_zero_point": state.zero_point,
            "output_zero_point": out.zero_point,
            "feature_weights": Table("int8_t", feature),
            "wide_time_weights" if wide else "time_weights": Table(
                "int16_t" if wide else "int8_t", time
            ),
            "bias": Table("int32_t", bias_values(graph, op, out.size, _BIAS)),
            "state_multiplier": to_state[0],
            "state_shift": to_state[1],
            "output_multiplier": to_output[0],
            "output_shift": to_output[1],
        },
        inputs=(source.index, state.index),
    )


def macs(graph: Graph, op: Operator) -> int:
    return tensor(graph, op, _FEATURE).size + tensor(graph, op, _TIME).size


def summary(graph: Graph, op: Operator) -> str:
    """ "40 to 16, rank 2, memory 10"."""
    memory = tensor(graph, op, _TIME).shape[1]
    source, out = tensor(graph, op, _SOURCE), output(graph, op)
    return f"{source.size} to {out.size}, rank {option(op, 'rank')}, memory {memory}"


OP = Op(
    "SVDF",
    check,
    reference,
    lower,
    checked=(_FEATURE, _TIME, _BIAS),
    states=(_STATE,),
    macs=macs,
    summary=summary,
)
