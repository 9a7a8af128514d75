"""Random LSTM layers: gates that saturate and such that do not, cells with and without a limit."""

from __future__ import annotations

import numpy as np

from tests.corpus.builder import Constant, GraphBuilder, float32
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph, Quant

_TANH = 4
_ABSENT = -1


def lstm(r: Random) -> Graph:
    """Time may be the first dimension or the second; the batch is 1."""
    steps, inputs, units = r.integer(1, 6), r.integer(1, 12), r.integer(1, 9)
    time_major = bool(r.integer(0, 1))
    hidden_scale = r.pick(1 / 127, 1 / 128, 1 / 256, r.scale(), r.scale(1e-4, 4e-3)) / r.reach(1)
    hidden = Quant(float32([hidden_scale]), (0 if r.wide else r.pick(0, -10, r.zero_point()),))
    power = r.pick(*[r.integer(-15, -9)] * 3, r.integer(-27, 0))
    b = GraphBuilder("lstm")
    spec = r.spec(*((steps, 1, inputs) if time_major else (1, steps, inputs)))
    source = b.input(spec.shape, spec.scale, spec.zero_point, dtype=spec.dtype)
    scale = b.tensors[source].scale
    weights = [_weights(r, (units, inputs), scale) for _ in range(4)]
    recurrent = [_weights(r, (units, units), hidden.scale[0]) for _ in range(4)]
    biases = [_bias(r, scale, w) for w in weights]
    constants = [b.constant(c.values, c.quant) for c in (*weights, *recurrent)]
    operands = [
        source,
        *constants,
        *[_ABSENT] * 3,
        *(b.constant(c.values, c.quant) for c in biases),
        *[_ABSENT] * 2,
        b.variable((1, units), r.dtype, hidden),
        b.variable((1, units), DType.INT16, Quant((2.0**power,), (0,))),
        *[_ABSENT] * 4,
    ]
    shape = (*b.tensors[source].shape[:2], units)
    out = b.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        operands,
        shape,
        hidden.scale[0],
        hidden.zero_point[0],
        dtype=r.dtype,
        fused_activation_function=_TANH,
        cell_clip=_clip(r, 2.0**power),
        time_major=time_major,
    )
    return b.build([out])


def _weights(r: Random, shape: tuple[int, int], scale: float) -> Constant:
    """Most let a gate take values of about 0.1 to 4, some far more, and some such that sums lie
    halfway between two of its steps of 2**-12."""
    values = np.clip(r.values(shape, DType.INT8), -127, 127)
    moderate = r.scale(0.1, 4) / (scale * r.reach(74) * 74)
    own = r.pick(moderate, moderate, moderate, r.scale(1e-4, 0.1), r.tie_scale(2**-12) / scale)
    return Constant(values, Quant(float32([own]), (0,)))


def _bias(r: Random, scale: float, weights: Constant) -> Constant:
    assert weights.quant is not None
    most = 10 ** r.pick(1, 3, 4, 4, 6)
    values = r.rng.integers(-most, most, len(weights.values)).astype(np.int32)
    if r.wide:
        values = values.astype(np.int64) * 2**8
    return Constant(values, Quant((scale * weights.quant.scale[0],), (0,)))


def _clip(r: Random, cell_scale: float) -> float:
    """None, the converter's, or somewhere within the cell's range, or below one step of it."""
    within = cell_scale * 2.0 ** r.pick(-1, 4, 10, 15) * float(r.rng.random())
    return float(np.float32(r.pick(0.0, -1.0, 10.0, within, within)))
