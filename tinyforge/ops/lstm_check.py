"""Which LSTMs can be run: those of Keras, whose accumulators cannot overflow."""

from __future__ import annotations

import math

import numpy as np

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8_OR_INT16,
    check_activation,
    check_computed,
    check_counts,
    check_rank,
    constant,
    option,
    optional_tensor,
    output,
    require,
    tensor,
)
from tinyforge.ops.convolution import INT8_BIAS, WIDE_BITS, bias_values, check_bias, weights_table
from tinyforge.ops.lstm import (
    BIAS,
    CELL,
    HIDDEN,
    RECURRENT,
    SOURCE,
    WEIGHTS,
    cell_state,
    gate_factors,
)
from tinyforge.ops.quantization import MAX_SHIFT, MAX_WIDE_SHIFT

# Positions of operands without which gates are coupled, and of those that only variants have.
_COUPLED = (1, 5, 12)
_VARIANTS = {
    **dict.fromkeys((9, 10, 11), "peepholes"),
    **dict.fromkeys((16, 17), "a projection"),
    **dict.fromkeys((20, 21, 22, 23), "layer normalization"),
}
_INPUTS = 24
_TANH = 4  # in ActivationFunctionType

# log2 of the cell state's scale. A converter writes -15 to -9; the curve's factor would overflow
# above 2, and from -27 on there is hardly a bit left of the cell.
_CELL_POWERS = range(-27, 1)

# A bias of 1000 steps is off by one step at this relative difference of scales.
_BIAS_SCALE_TOLERANCE = 1e-3


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
        cell_state(graph, op).to_hidden[1] <= 0,
        "the scale of the hidden state is too small for values of -1 to 1",
        graph,
        op,
    )


def _check_states(graph: Graph, op: Operator) -> None:
    source, hidden, cell = (tensor(graph, op, i) for i in (SOURCE, HIDDEN, CELL))
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
    source, hidden, cell = (tensor(graph, op, i) for i in (SOURCE, HIDDEN, CELL))
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
    source, hidden = tensor(graph, op, SOURCE), tensor(graph, op, HIDDEN)
    weights, recurrent = (tensor(graph, op, i[gate]) for i in (WEIGHTS, RECURRENT))
    _check_weights(graph, op, weights, (hidden.size, source.shape[2]))
    _check_weights(graph, op, recurrent, (hidden.size, hidden.size))
    bias = tensor(graph, op, BIAS[gate])
    wide = source.dtype is DType.INT16
    check_bias(graph, op, hidden.size, BIAS[gate], (DType.INT64,) if wide else INT8_BIAS)
    added = np.abs(bias_values(graph, op, hidden.size, BIAS[gate]))
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
            for _, shift in gate_factors(graph, op, gate)
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
