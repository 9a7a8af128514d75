"""UNIDIRECTIONAL_SEQUENCE_LSTM, int8 or int16, int8 weights, a cell state of int16: as a Keras LSTM
is converted.

Both states go on from one inference to the next, so that an inference may be a part of a sequence.
Projections, peepholes, layer normalization and coupled gates are refused, as TFLM refuses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops import curves
from tinyforge.ops.base import HEADERS, Kernel, Op, Table, Values, output, suffix, tensor
from tinyforge.ops.convolution import bias_values, exact_matmul, weights_table
from tinyforge.ops.fixed_point import Int, reduced_multiplier, requantize, requantize_wide
from tinyforge.ops.lstm import (
    BIAS,
    CELL,
    HIDDEN,
    INT16_MAX,
    INT16_MIN,
    RECURRENT,
    SOURCE,
    WEIGHTS,
    cell_state,
    gate_factors,
)
from tinyforge.ops.lstm_check import check
from tinyforge.ops.quantization import saturated


def _saturated(x: Int) -> Int:
    return np.clip(x, INT16_MIN, INT16_MAX)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs: without those left out: the source first, the hidden and the cell state last; these
    are changed.

    Source: LstmStep and what it calls in tensorflow/lite/micro/kernels/lstm_eval.{h,cc}; the
    output's quantization is not looked at.
    """
    hidden, cell = inputs[-2].reshape(-1), inputs[-1].reshape(-1)
    out = output(graph, op)
    steps = inputs[SOURCE].reshape(-1, tensor(graph, op, SOURCE).shape[2])
    results = np.empty((len(steps), hidden.size), out.dtype.numpy)
    for result, x in zip(results, steps, strict=True):
        _step(graph, op, x, hidden, cell)
        result[:] = hidden
    return results.reshape(out.shape)


def _step(
    graph: Graph, op: Operator, x: Values, hidden: Values, cell: npt.NDArray[np.int16]
) -> None:
    """One step in time: x is (inputs,), the states are (units,) and are changed."""
    factors, zero_point = cell_state(graph, op), tensor(graph, op, HIDDEN).zero_point
    write, forget, candidate, show = (_gate(graph, op, i, x, hidden) for i in range(4))
    kept = requantize(curves.sigmoid(3 * forget) * cell.astype(np.int64), *factors.keep)
    new = requantize(curves.sigmoid(3 * write) * curves.tanh(3 * candidate), *factors.to_cell)
    cell[:] = np.clip(_saturated(kept) + _saturated(new), factors.least, factors.most)
    seen = curves.scaled(cell.astype(np.int64), factors.tanh_factor, factors.tanh_shift)
    value = (
        requantize(curves.tanh(seen) * curves.sigmoid(3 * show), *factors.to_hidden) + zero_point
    )
    hidden[:] = saturated(value, output(graph, op))


def _gate(graph: Graph, op: Operator, gate: int, x: Values, hidden: Values) -> Int:
    """What a gate's curve takes, (units,)."""
    to_gate, recurrent_to_gate = gate_factors(graph, op, gate)
    bias = bias_values(graph, op, hidden.size, BIAS[gate])
    acc = _product(graph, op, WEIGHTS[gate], x, SOURCE) + bias
    recurrent = _product(graph, op, RECURRENT[gate], hidden, HIDDEN)
    scale = requantize_wide if tensor(graph, op, SOURCE).dtype is DType.INT16 else requantize
    parts = scale(acc, *to_gate), scale(recurrent, *recurrent_to_gate)
    return _saturated(_saturated(parts[0]) + _saturated(parts[1]))


def _product(graph: Graph, op: Operator, weights: int, values: Values, source: int) -> Int:
    """Weights times the values of a source, (units,)."""
    centred = values.astype(np.int64) - tensor(graph, op, source).zero_point
    return exact_matmul(weights_table(tensor(graph, op, weights)), centred)


def _interleaved(graph: Graph, op: Operator, positions: Sequence[int]) -> npt.NDArray[Any]:
    """Weights as (units, gates, depth): a unit's gates lie together, and share loads."""
    return np.stack([weights_table(tensor(graph, op, i)) for i in positions], axis=1)


def lower(graph: Graph, op: Operator) -> Kernel:
    """The kernel reads and changes its second and third input, the states."""
    source, hidden, cell = (tensor(graph, op, i) for i in (SOURCE, HIDDEN, CELL))
    fields = _fields(graph, op)
    if source.dtype is DType.INT16:
        weights = [weights_table(tensor(graph, op, i)) for i in (*WEIGHTS, *RECURRENT)]
        largest = max(int(np.abs(w.astype(np.int64)).sum(1).max()) for w in weights)
        fields = {f"lstm.{name}": value for name, value in fields.items()} | {
            "narrow": int(largest < 2**16),
            "bias": Table("int64_t", _biases(graph, op)),
        }
    return Kernel(
        header="lstm" + HEADERS[suffix(source)],
        struct=f"forge_lstm{suffix(source)}",
        function=f"forge_lstm{suffix(source)}_run",
        fields=fields,
        inputs=(source.index, hidden.index, cell.index),
    )


def _biases(graph: Graph, op: Operator) -> npt.NDArray[np.int64]:
    """As (units, gates)."""
    units = tensor(graph, op, HIDDEN).size
    return np.stack([bias_values(graph, op, units, i) for i in BIAS], axis=1)


def _fields(graph: Graph, op: Operator) -> dict[str, int | Table]:
    """The members of forge_lstm; int16 has another bias, and no zero points."""
    source, hidden = tensor(graph, op, SOURCE), tensor(graph, op, HIDDEN)
    weights, recurrent = (_interleaved(graph, op, i) for i in (WEIGHTS, RECURRENT))
    state = cell_state(graph, op)
    fields: dict[str, int | Table] = {
        "steps": source.size // source.shape[2],
        "inputs": source.shape[2],
        "units": hidden.size,
        "weights": Table("int8_t", weights),
        "recurrent_weights": Table("int8_t", recurrent),
        "sigmoid": Table("uint16_t", curves.SIGMOID_TABLE),
        "tanh_factor": state.tanh_factor,
        "tanh_shift": state.tanh_shift,
        "cell_min": state.least,
        "cell_max": state.most,
        "output_zero_point": hidden.zero_point,
    }
    wide = source.dtype is DType.INT16
    if not wide:
        bias = _biases(graph, op) - source.zero_point * weights.sum(2, np.int64)
        recurrent_bias = -hidden.zero_point * recurrent.sum(2, np.int64)
        fields |= {
            "bias": Table("int32_t", bias),
            "recurrent_bias": Table("int32_t", recurrent_bias),
        }
    factors = {"keep": state.keep, "to_cell": state.to_cell, "to_hidden": state.to_hidden}
    for gate in range(4):
        pair = gate_factors(graph, op, gate)
        if wide:
            pair = _reduced(pair[0]), _reduced(pair[1])
        factors[f"gate[{gate}]"], factors[f"recurrent_gate[{gate}]"] = pair
    for name, (multiplier, shift) in factors.items():
        fields |= {f"{name}.multiplier": multiplier, f"{name}.shift": shift}
    return fields


def _reduced(factor: tuple[int, int]) -> tuple[int, int]:
    """As forge_requantize_wide takes it."""
    return int(reduced_multiplier(factor[0])), 15 - factor[1]


def macs(graph: Graph, op: Operator) -> int:
    source, units = tensor(graph, op, SOURCE), tensor(graph, op, HIDDEN).size
    inputs = source.shape[2]
    return source.size // inputs * 4 * units * (inputs + units)


def summary(graph: Graph, op: Operator) -> str:
    """ "28 steps of 28 to 20"."""
    source, units = tensor(graph, op, SOURCE), tensor(graph, op, HIDDEN).size
    inputs = source.shape[2]
    return f"{source.size // inputs} steps of {inputs} to {units}"


OP = Op(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    check,
    reference,
    lower,
    checked=(*WEIGHTS, *RECURRENT, *BIAS),
    states=(HIDDEN, CELL),
    macs=macs,
    summary=summary,
)
