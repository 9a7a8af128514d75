"""What an LSTM is made of: its operands, and the factors between their scales."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import tensor
from tinyforge.ops.fixed_point import quantize_multiplier

# Positions of the operands. Of weights and biases there are four: of the input gate, the forget
# gate, the cell gate and the output gate.
SOURCE = 0
WEIGHTS, RECURRENT, BIAS = range(1, 5), range(5, 9), range(12, 16)
HIDDEN, CELL = 18, 19

_GATE_SCALE = 2.0**-12  # of what a gate's curve takes
_CURVE_SCALE = 2.0**-15  # of what it gives
INT16_MIN, INT16_MAX = -(2**15), 2**15 - 1


def gate_factors(graph: Graph, op: Operator, gate: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """From the sums over the input, and over the hidden state, to what the gate's curve takes."""
    pairs = ((SOURCE, WEIGHTS[gate]), (HIDDEN, RECURRENT[gate]))
    scales = [[tensor(graph, op, i).scale for i in pair] for pair in pairs]
    first, second = (quantize_multiplier(x * w / _GATE_SCALE) for x, w in scales)
    return first, second


@dataclass(frozen=True)
class CellState:
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


def cell_state(graph: Graph, op: Operator) -> CellState:
    scale, clip = tensor(graph, op, CELL).scale, op.options["cell_clip"]
    assert isinstance(clip, float)
    power = math.frexp(scale)[1] - 1
    limit = int(min(clip / scale, INT16_MAX)) if clip > 0 else None
    return CellState(
        to_cell=quantize_multiplier(_CURVE_SCALE * _CURVE_SCALE / scale),
        keep=quantize_multiplier(_CURVE_SCALE),
        to_hidden=quantize_multiplier(
            _CURVE_SCALE * _CURVE_SCALE / tensor(graph, op, HIDDEN).scale
        ),
        tanh_factor=3 << max(0, power + 12),
        tanh_shift=max(0, -(power + 12)),
        least=INT16_MIN if limit is None else -limit,
        most=INT16_MAX if limit is None else limit,
    )
