"""SUB, int8 or int16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyforge.graph import Graph, Operator
from tinyforge.ops import linear_sum, tabled_sum
from tinyforge.ops.add import scaling
from tinyforge.ops.base import INT8_OR_INT16, Kernel, Values
from tinyforge.ops.binary import Scaling, binary
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.target import Target


def function(s: Scaling, first: Int, second: Int) -> Values:
    """Source: reference_ops::SubElementwise."""
    a, b = s.on_common_scale(first, second)
    return s.output_value(a - b)


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    found = scaling(graph, op)
    return (
        *linear_sum.kernels(graph, op, target, found, negated=True),
        *tabled_sum.kernels(graph, op, target, found, negated=True),
    )


OP = replace(binary("SUB", scaling, function, INT8_OR_INT16), variants=variants)
