"""ADD and SUB of int8 by a table: firmware/kernels/tabled_sum.h."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import Kernel, Table, output, tensor
from tinyforge.ops.binary import Scaling
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.offsets import Offsets, offsets
from tinyforge.ops.quantization import Requantization, limits
from tinyforge.ops.target import Target

_LEFT_SHIFT = 20
_HALF = (2**30, 0)  # the factor to the common scale of the input with the larger scale
_EVERY_INT8 = np.arange(-128, 128, dtype=np.int64)

# Of an element, of one that is not among four, and of a row.
_ELEMENT_CYCLES, _AWAY_CYCLES, _CLAMP_CYCLES, _ALONE_CYCLES, _ROW_CYCLES = 9.5, 1.0, 2.8, 15, 55
_READ = 6  # bytes an element: values lie near each other, and so do their entries


def kernels(
    graph: Graph, op: Operator, target: Target, scaling: Scaling, *, negated: bool
) -> Sequence[Kernel]:
    """The kernel, where both inputs are of the output's size. negated: the second is subtracted."""
    operands = [tensor(graph, op, 0), tensor(graph, op, 1)]
    out = output(graph, op)
    whole = all(t.size == out.size for t in operands)
    if not (target.dsp and whole and out.dtype is DType.INT8):
        return ()
    first, second = scaling.on_common_scale(_EVERY_INT8, _EVERY_INT8)
    terms = (first, -second if negated else second)
    shifted = 1 if scaling.second == _HALF else 0
    tabled = 1 - shifted
    found = _offsets(scaling, out, terms)
    if found is None:
        return ()
    # What a shift of the other value leaves out: its zero point's term.
    rest = int(terms[shifted][128])
    form = row_by_row(out)
    size = out.size // form.steps
    clamped = (scaling.activation_min, scaling.activation_max) != limits(out)
    each = _ELEMENT_CYCLES + _AWAY_CYCLES * found.away + _CLAMP_CYCLES * clamped
    return (
        Kernel(
            header="tabled_sum.h",
            struct="forge_tabled_sum",
            function="forge_tabled_sum_run",
            fields={
                "size": size,
                "negated": int(negated and shifted == 1),
                "activation_min": scaling.activation_min,
                "activation_max": scaling.activation_max,
                "scaling.multiplier": int(found.multiplier[0]),
                "scaling.offset": int(found.offset[0]),
                "scaling.shift": int(found.shift[0]),
                "scaling.away": int(found.away),
                "table": Table("int32_t", 2 * (terms[tabled] + rest)),
            },
            inputs=tuple(
                t.index if t.data is None else Table.of(t)
                for t in (operands[tabled], operands[shifted])
            ),
            form=form,
            way="by a table",
            cycles=round(form.steps * (_ROW_CYCLES + each * size + _ALONE_CYCLES * (size % 4))),
            reads=_READ * out.size,
        ),
    )


def _offsets(scaling: Scaling, out: Tensor, terms: Sequence[Int]) -> Offsets | None:
    """terms: what every value of each input adds."""
    multiplier, shift = (np.array([x]) for x in scaling.output)
    return offsets(
        Requantization(multiplier, shift, out, scaling.activation_min, scaling.activation_max),
        np.array([sum(int(x.min()) for x in terms)]),
        np.array([sum(int(x.max()) for x in terms)]),
    )
