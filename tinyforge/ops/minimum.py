"""MINIMUM, int8 or int16."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.base import INT8_OR_INT16, Values
from tinyforge.ops.binary import Scaling, binary, unscaled
from tinyforge.ops.fixed_point import Int


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: MinimumOp in maximum_minimum.h."""
    return s.stored(np.minimum(first, second))


OP = binary("MINIMUM", unscaled, function, INT8_OR_INT16)
