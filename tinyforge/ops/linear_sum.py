"""ADD and SUB of int8 as a weighted sum: firmware/kernels/linear_sum.h."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, output, tensor
from tinyforge.ops.binary import Factor, Scaling
from tinyforge.ops.fixed_point import Int, doubling_high_mul
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.quantization import limits
from tinyforge.ops.target import Target

_VALUE_BITS, _SUM_BITS = 23, 20  # after the point: of a value, of a sum
_EVERY_INT8 = np.arange(-128, 128, dtype=np.int64)

# Instructions of four elements, of four that are clamped, and of a row.
_FOUR, _CLAMPED, _ROW = 11, 2.2, 12


@dataclass(frozen=True)
class Weights:
    """A pair's output is the sum of its values, each shifted to the left by _VALUE_BITS, times
    first / 2**31 and second / 2**31, both rounded, and of offset; that / 2**_SUM_BITS, rounded,
    halves up, and clamped."""

    first: int
    second: int
    offset: int


def kernels(
    graph: Graph, op: Operator, target: Target, scaling: Scaling, *, negated: bool
) -> Sequence[Kernel]:
    """The kernel, where both inputs are of the output's size. negated: the second is subtracted."""
    operands, out = [tensor(graph, op, 0), tensor(graph, op, 1)], output(graph, op)
    whole = all(t.size == out.size for t in operands)
    if not (target.mve and whole and out.dtype is DType.INT8):
        return ()
    found = weights(scaling, negated=negated)
    if found is None:
        return ()
    form = row_by_row(out)
    size, low, high = out.size // form.steps, scaling.activation_min, scaling.activation_max
    four = _FOUR + _CLAMPED * ((low, high) != limits(out))
    return (
        Kernel(
            header="linear_sum.h",
            struct="forge_linear_sum",
            function="forge_linear_sum_run",
            fields={
                "size": size,
                "first": found.first,
                "second": found.second,
                "offset": found.offset,
                "activation_min": low,
                "activation_max": high,
            },
            inputs=tuple(t.index if t.data is None else Table.of(t) for t in operands),
            form=form,
            way="as a weighted sum",
            cycles=round(form.steps * (_ROW + four * -(-size // 4))),
        ),
    )


def weights(scaling: Scaling, *, negated: bool) -> Weights | None:
    """That give TensorFlow Lite Micro's output for each of the 65536 pairs; None where sums would
    leave 32 bits, and where no offset does, as where halves are rounded both ways."""
    terms = scaling.on_common_scale(_EVERY_INT8[:, None], _EVERY_INT8)
    expected = scaling.output_value(terms[0] - terms[1] if negated else terms[0] + terms[1])
    to_output = _real(scaling.output) * 2.0 ** (scaling.left_shift + 31 + _SUM_BITS - _VALUE_BITS)
    first, second = (round(_real(f) * to_output) for f in (scaling.first, scaling.second))
    if max(first, second) >= 2**31:
        return None
    second = -second if negated else second
    shifted = _EVERY_INT8 << _VALUE_BITS
    sums = doubling_high_mul(shifted[:, None], first) + doubling_high_mul(shifted, second)
    offset = _offset(sums, expected.astype(np.int64), scaling)
    if offset is None or max(abs(sums).max(), abs(sums + offset).max()) >= 2**31:
        return None
    return Weights(first, second, offset)


def _real(factor: Factor) -> float:
    multiplier, shift = factor
    return multiplier * 2.0 ** (shift - 31)


def _offset(sums: Int, expected: Int, scaling: Scaling) -> int | None:
    """In the middle of those that take each sum to its output; clamped outputs have one end."""
    low, high = scaling.activation_min, scaling.activation_max
    begin = (expected << _SUM_BITS) - (1 << _SUM_BITS - 1) - sums
    least, most = begin[expected > low], begin[expected < high] + (1 << _SUM_BITS) - 1
    if not least.size or not most.size or least.max() > most.min():
        return None
    return int(least.max() + most.min()) // 2
