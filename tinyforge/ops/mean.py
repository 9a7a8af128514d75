"""MEAN, int8 or int16: averages over some of the dimensions."""

from __future__ import annotations

from tinyforge.ops import reduction
from tinyforge.ops.base import Op

OP = Op(
    "MEAN",
    reduction.check_sum,
    reduction.sum_reference,
    reduction.lower_sum,
    reduction.stream_sum,
    turned=reduction.turned,
    summary=reduction.summary,
)
