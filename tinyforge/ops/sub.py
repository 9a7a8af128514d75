"""SUB, int8 or int16."""

from __future__ import annotations

from tinyforge.ops.add import scaling
from tinyforge.ops.base import INT8_OR_INT16, Values
from tinyforge.ops.binary import Scaling, binary
from tinyforge.ops.fixed_point import Int


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: reference_ops::SubElementwise."""
    a, b = s.on_common_scale(first, second)
    return s.output_value(a - b)


OP = binary("SUB", scaling, function, INT8_OR_INT16)
