"""Operators on one value at a time that rescale it, where a table of all results would be too
large: one of the values is int16.
"""

from __future__ import annotations

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, output, tensor
from tinyforge.ops.elementwise import elementwise_kernel
from tinyforge.ops.quantization import limits

Factor = tuple[int, int]  # multiplier and shift

_FUNCTIONS = {
    (DType.INT16, DType.INT16): "forge_rescale_i16_run",
    (DType.INT8, DType.INT16): "forge_rescale_widen_run",
    (DType.INT16, DType.INT8): "forge_rescale_narrow_run",
}


def rescaling(
    graph: Graph,
    op: Operator,
    factor: Factor,
    below: Factor | None = None,
    *,
    low: int | None = None,
    high: int | None = None,
    magnitude: bool = False,
    negate: bool = False,
) -> Kernel:
    """factor: of values above the zero point, and of those below where these have none of their
    own. low, high: what results are clipped to, if not by their type. magnitude and negate as in
    firmware/kernels/elementwise_int16.h."""
    source, out = tensor(graph, op, 0), output(graph, op)
    least, most = limits(out)
    (multiplier, shift), (below_multiplier, below_shift) = factor, below or factor
    return elementwise_kernel(
        graph,
        op,
        "forge_rescale",
        _FUNCTIONS[source.dtype, out.dtype],
        {
            "input_zero_point": source.zero_point,
            "output_zero_point": out.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "below_multiplier": below_multiplier,
            "below_shift": below_shift,
            "magnitude": int(magnitude),
            "negate": int(negate),
            "low": least if low is None else low,
            "high": most if high is None else high,
        },
    )
