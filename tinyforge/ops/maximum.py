"""MAXIMUM, int8."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.base import Int8Array
from tinyforge.ops.binary import Scaling, binary, unscaled
from tinyforge.ops.fixed_point import Int


def function(s: Scaling, first: Int, second: Int) -> Int8Array:
    """Source: MaximumOp in maximum_minimum.h."""
    del s
    return np.maximum(first, second).astype(np.int8)


OP = binary("MAXIMUM", unscaled, function)
