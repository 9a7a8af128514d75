"""What SOFTMAX and LOG_SOFTMAX share: exponentials of differences to the greatest, summed up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import output, require
from tinyforge.ops.fixed_point import Int, exp_on_negative_values, rounding_divide_by_pot

DIFF_INTEGER_BITS = 5
SUM_INTEGER_BITS = 12
# The sum of as many exponentials of 0 still fits 31 bits.
MAX_CLASSES = 4095


def check_classes(graph: Graph, op: Operator, most: int = MAX_CLASSES) -> None:
    """ForgeError where there are more."""
    classes = output(graph, op).shape[-1]
    require(
        classes <= most,
        f"{classes} classes are more than {most}: their sum could overflow 32 bits",
        graph,
        op,
    )


def exponentials(differences: Int, counts: npt.NDArray[np.bool_]) -> tuple[Int, Int]:
    """Of differences in Q5, all of them, and as terms of a sum in Q12: those that count."""
    exp = exp_on_negative_values(differences, DIFF_INTEGER_BITS)
    return exp, np.where(counts, rounding_divide_by_pot(exp, SUM_INTEGER_BITS), 0)
