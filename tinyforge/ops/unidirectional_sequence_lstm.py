"""UNIDIRECTIONAL_SEQUENCE_LSTM, int8 or int16, int8 weights, a cell state of int16: as a Keras LSTM
is converted.

Both states go on from one inference to the next, so that an inference may be a part of a sequence.
Projections, peepholes, layer normalization and coupled gates are refused, as TFLM refuses them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops import curves
from tinyforge.ops.base import (
    HEADERS,
    INT8_OR_INT16,
    Kernel,
    Op,
    Table,
    Values,
    check_activation,
    check_computed,
    check_counts,
    check_rank,
    constant,
    option,
    optional_tensor,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.convolution import (
    INT8_BIAS,
    WIDE_BITS,
    bias_values,
    check_bias,
    exact_matmul,
    weights_table,
)
from tinyforge.ops.fixed_point import (
    Int,
    quantize_multiplier,
    reduced_multiplier,
    requantize,
    requantize_wide,
)
from tinyforge.ops.quantization import MAX_SHIFT, MAX_WIDE_SHIFT, saturated

# Positions of the operands. Of weights and biases there are four: of the input gate, the forget
# gate, the cell gate and the output gate.
_SOURCE = 0
_WEIGHTS, _RECURRENT, _BIAS = range(1, 5), range(5, 9), range(12, 16)
_HIDDEN, _CELL = 18, 19
_COUPLED = (1, 5, 12)
_VARIANTS = {
    **dict.fromkeys((9, 10, 11), "peepholes"),
    **dict.fromkeys((16, 17), "a projection"),
    **dict.fromkeys((20, 21, 22, 23), "layer normalization"),
}
_INPUTS = 24
_TANH = 4  # in ActivationFunctionType

_GATE_SCALE = 2.0**-12  # of what a gate's curve takes
_CURVE_SCALE = 2.0**-15  # of what it gives
_INT16_MIN, _INT16_MAX = -(2**15), 2**15 - 1

# log2 of the cell state's scale. A converter writes -15 to -9; the curve's factor would overflow
# above 2, and from -27 on there is hardly a bit left of the cell.
_CELL_POWERS = range(-27, 1)

# A bias of 1000 steps is off by one step at this relative difference of scales.
_BIAS_SCALE_TOLERANCE = 1e-3


def _saturated(x: Int) -> Int:
    return np.clip(x, _INT16_MIN, _INT16_MAX)


def _gate_factors(graph: Graph, op: Operator, gate: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """From the sums over the input, and over the hidden state, to what the gate's curve takes."""
    pairs = ((_SOURCE, _WEIGHTS[gate]), (_HIDDEN, _RECURRENT[gate]))
    scales = [[tensor(graph, op, i).scale for i in pair] for pair in pairs]
    first, second = (quantize_multiplier(x * w / _GATE_SCALE) for x, w in scales)
    return first, second


@dataclass(frozen=True)
class _CellState:
    """Factors between the curves' scale and those of the states; how tanh takes the cell state.

    least, most: what the cell state is clipped to. Source: CreateLstmCellStateInfo,
    PrepareGateParametersInteger and lstm_internal::Tanh.
    """

    to_cell: tuple[int, int]
    keep: tuple[int, int]
    to_hidden: tuple[int, int]
    tanh_factor: int
    tanh_shift: int
    least: int
    most: int


def _cell_state(graph: Graph, op: Operator) -> _CellState:
    scale, clip = tensor(graph, op, _CELL).scale, op.options["cell_clip"]
    assert isinstance(clip, float)
    power = math.frexp(scale)[1] - 1
    limit = int(min(clip / scale, _INT16_MAX)) if clip > 0 else None
    return _CellState(
        to_cell=quantize_multiplier(_CURVE_SCALE * _CURVE_SCALE / scale),
        keep=quantize_multiplier(_CURVE_SCALE),
        to_hidden=quantize_multiplier(
            _CURVE_SCALE * _CURVE_SCALE / tensor(graph, op, _HIDDEN).scale
        ),
        tanh_factor=3 << max(0, power + 12),
        tanh_shift=max(0, -(power + 12)),
        least=_INT16_MIN if limit is None else -limit,
        most=_INT16_MAX if limit is None else limit,
    )


def check(graph: Graph, op: Operator) -> None:
    """The input is (1, steps, inputs), or (steps, 1, inputs) where time is the first dimension."""
    check_counts(graph, op, _INPUTS, _INPUTS)
    for i, variant in _VARIANTS.items():
        found = optional_tensor(graph, op, i)
        require(found is None, f"an LSTM with {variant} is not supported", graph, op)
    for i in _COUPLED:
        found = optional_tensor(graph, op, i)
        require(found is not None, "an LSTM whose gates are coupled is not supported", graph, op)
    require(
        option(op, "fused_activation_function") == _TANH,
        "the activation of an LSTM must be tanh",
        graph,
        op,
        fix="keep the defaults of keras.layers.LSTM",
    )
    _check_states(graph, op)
    _check_shapes(graph, op)
    for gate in range(4):
        _check_gate(graph, op, gate)
    require(
        _cell_state(graph, op).to_hidden[1] <= 0,
        "the scale of the hidden state is too small for values of -1 to 1",
        graph,
        op,
    )


def _check_states(graph: Graph, op: Operator) -> None:
    source, hidden, cell = (tensor(graph, op, i) for i in (_SOURCE, _HIDDEN, _CELL))
    out = output(graph, op)
    check_activation(graph, op, (source, hidden, out), INT8_OR_INT16)
    check_computed(graph, op, source)
    for state in (hidden, cell):
        require(state.variable, f"the state {state.name!r} is not a variable tensor", graph, op)
    require(
        cell.dtype is DType.INT16 and cell.quant is not None and not cell.quant.per_channel,
        f"the cell state is {cell.dtype.name.lower()}, expected int16 with one scale",
        graph,
        op,
        fix="convert the model with int8 or int16 activations and int8 weights",
    )
    require(
        math.frexp(cell.scale)[0] == 0.5
        and math.frexp(cell.scale)[1] - 1 in _CELL_POWERS
        and cell.zero_point == 0,
        f"the cell state has scale {cell.scale} and zero point {cell.zero_point}, expected a "
        f"power of two from 2**{_CELL_POWERS[0]} to 2**{_CELL_POWERS[-1]} and 0",
        graph,
        op,
    )
    require(
        (out.scale, out.zero_point) == (hidden.scale, hidden.zero_point),
        "the output is quantized otherwise than the hidden state, which it is a copy of",
        graph,
        op,
    )


def _check_shapes(graph: Graph, op: Operator) -> None:
    source, hidden, cell = (tensor(graph, op, i) for i in (_SOURCE, _HIDDEN, _CELL))
    out = output(graph, op)
    check_rank(graph, op, (source, out), 3)
    check_rank(graph, op, (hidden,), 2)
    batch = source.shape[1 if option(op, "time_major") else 0]
    require(batch == 1, f"the batch is {batch}, expected 1", graph, op)
    units = hidden.size
    require(
        hidden.shape == (1, units)
        and cell.size == units
        and out.shape == (*source.shape[:2], units),
        f"states {list(hidden.shape)} and {list(cell.shape)} do not fit input "
        f"{list(source.shape)} and output {list(out.shape)}",
        graph,
        op,
    )


def _check_gate(graph: Graph, op: Operator, gate: int) -> None:
    source, hidden = tensor(graph, op, _SOURCE), tensor(graph, op, _HIDDEN)
    weights, recurrent = (tensor(graph, op, i[gate]) for i in (_WEIGHTS, _RECURRENT))
    _check_weights(graph, op, weights, (hidden.size, source.shape[2]))
    _check_weights(graph, op, recurrent, (hidden.size, hidden.size))
    bias = tensor(graph, op, _BIAS[gate])
    wide = source.dtype is DType.INT16
    check_bias(graph, op, hidden.size, _BIAS[gate], (DType.INT64,) if wide else INT8_BIAS)
    added = np.abs(bias_values(graph, op, hidden.size, _BIAS[gate]))
    expected = source.scale * weights.scale
    require(
        bias.quant is not None
        and not bias.quant.per_channel
        and abs(bias.scale - expected) <= expected * _BIAS_SCALE_TOLERANCE,
        f"the bias {bias.name!r} does not have the scale of its input times that of its weights",
        graph,
        op,
        fix="convert the model again; its quantization is inconsistent",
    )
    # A sum of products of int8 and the zero point's share of it lie apart: 128 and 128.
    reach, bits = (2**15, WIDE_BITS + 1) if wide else (256, 32)
    for table, most in ((weights, added), (recurrent, 0)):
        sums = np.abs(weights_table(table).astype(np.int64)).sum(1)
        fits = bool((sums * reach + most < 2 ** (bits - 1)).all())
        require(fits, f"an accumulator could overflow {bits} bits", graph, op)
    require(
        all(
            shift <= (MAX_WIDE_SHIFT if wide else MAX_SHIFT)
            for _, shift in _gate_factors(graph, op, gate)
        ),
        "a scale is too large for the gates' curves",
        graph,
        op,
    )


def _check_weights(graph: Graph, op: Operator, t: Tensor, shape: tuple[int, int]) -> None:
    constant(graph, op, t, "weights")
    require(
        t.dtype is DType.INT8 and t.quant is not None and not t.quant.per_channel,
        f"weights {t.name!r} are {t.dtype.name.lower()}, expected int8 with one scale",
        graph,
        op,
        fix="convert the model again with int8 weights",
    )
    require(t.zero_point == 0, f"weights {t.name!r} have a zero point", graph, op)
    require(
        t.shape == shape,
        f"weights {t.name!r} have shape {list(t.shape)}, expected {list(shape)}",
        graph,
        op,
    )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs: without those left out: the source first, the hidden and the cell state last; these
    are changed.

    Source: LstmStep and what it calls in tensorflow/lite/micro/kernels/lstm_eval.{h,cc}; the
    output's quantization is not looked at.
    """
    hidden, cell = inputs[-2].reshape(-1), inputs[-1].reshape(-1)
    out = output(graph, op)
    steps = inputs[_SOURCE].reshape(-1, tensor(graph, op, _SOURCE).shape[2])
    results = np.empty((len(steps), hidden.size), out.dtype.numpy)
    for result, x in zip(results, steps, strict=True):
        _step(graph, op, x, hidden, cell)
        result[:] = hidden
    return results.reshape(out.shape)


def _step(
    graph: Graph, op: Operator, x: Values, hidden: Values, cell: npt.NDArray[np.int16]
) -> None:
    """One step in time: x is (inputs,), the states are (units,) and are changed."""
    factors, zero_point = _cell_state(graph, op), tensor(graph, op, _HIDDEN).zero_point
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
    to_gate, recurrent_to_gate = _gate_factors(graph, op, gate)
    bias = bias_values(graph, op, hidden.size, _BIAS[gate])
    acc = _product(graph, op, _WEIGHTS[gate], x, _SOURCE) + bias
    recurrent = _product(graph, op, _RECURRENT[gate], hidden, _HIDDEN)
    scale = requantize_wide if tensor(graph, op, _SOURCE).dtype is DType.INT16 else requantize
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
    source, hidden, cell = (tensor(graph, op, i) for i in (_SOURCE, _HIDDEN, _CELL))
    fields = _fields(graph, op)
    if source.dtype is DType.INT16:
        weights = [weights_table(tensor(graph, op, i)) for i in (*_WEIGHTS, *_RECURRENT)]
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
    units = tensor(graph, op, _HIDDEN).size
    return np.stack([bias_values(graph, op, units, i) for i in _BIAS], axis=1)


def _fields(graph: Graph, op: Operator) -> dict[str, int | Table]:
    """The members of forge_lstm; int16 has another bias, and no zero points."""
    source, hidden = tensor(graph, op, _SOURCE), tensor(graph, op, _HIDDEN)
    weights, recurrent = (_interleaved(graph, op, i) for i in (_WEIGHTS, _RECURRENT))
    state = _cell_state(graph, op)
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
        pair = _gate_factors(graph, op, gate)
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
    source, units = tensor(graph, op, _SOURCE), tensor(graph, op, _HIDDEN).size
    inputs = source.shape[2]
    return source.size // inputs * 4 * units * (inputs + units)


def summary(graph: Graph, op: Operator) -> str:
    """ "28 steps of 28 to 20"."""
    source, units = tensor(graph, op, _SOURCE), tensor(graph, op, _HIDDEN).size
    inputs = source.shape[2]
    return f"{source.size // inputs} steps of {inputs} to {units}"


OP = Op(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    check,
    reference,
    lower,
    checked=(*_WEIGHTS, *_RECURRENT, *_BIAS),
    states=(_HIDDEN, _CELL),
    macs=macs,
    summary=summary,
)
