"""Random SVDF layers, whose state is of either width."""

from __future__ import annotations

import numpy as np

from tests.corpus.builder import GraphBuilder
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph, Quant


def svdf(r: Random) -> Graph:
    """Sums over time that wrap at 32 bits among them, and states with a zero point."""
    inputs, rank, units, memory = (r.integer(1, most) for most in (12, 3, 6, 8))
    filters = units * rank
    dtype = r.pick(DType.INT8, DType.INT16)
    scale, feature_scale, time_scale = r.scale(), r.scale(), r.scale()
    state_scale = float(np.float32(r.pick(r.scale(), r.tie_scale(scale * feature_scale))))
    bias_scale = state_scale * time_scale
    b = GraphBuilder("svdf")
    source = b.input((1, inputs), scale, r.zero_point())
    feature = np.clip(r.values((filters, inputs)), -127, 127)
    steps = r.values((filters, memory)).astype(dtype.numpy)
    steps *= 1 if dtype is DType.INT8 else r.pick(1, 10, 256)
    bias = r.rng.integers(-2000, 2000, units).astype(np.int32)
    operands = [
        source,
        b.constant(feature, Quant((feature_scale,), (0,))),
        b.constant(steps, Quant((time_scale,), (0,))),
        b.constant(bias, Quant((bias_scale,), (0,))),
        b.variable(
            (1, filters * memory), dtype, Quant((state_scale,), (r.pick(0, 0, r.zero_point()),))
        ),
    ]
    out_scale = r.pick(r.scale(), r.tie_scale(bias_scale))
    return b.build([b.op("SVDF", operands, (1, units), out_scale, r.zero_point(), rank=rank)])
