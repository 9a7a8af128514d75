"""What CONCATENATION and PACK share: runs of bytes from several tensors in turn."""

from __future__ import annotations

import math

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Table,
    check_activation,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.forms import WHOLE, row_by_row

_UNEVEN = 16  # inputs: FORGE_CONCAT_MOST


def parts(graph: Graph, op: Operator) -> list[Tensor]:
    return [tensor(graph, op, i) for i in range(len(op.inputs))]


def check_parts(graph: Graph, op: Operator, most: int) -> None:
    """One to most inputs, not all of them constant, and an output, all int8 or all int16."""
    check_counts(graph, op, 1, most)
    found = parts(graph, op)
    check_activation(graph, op, (*found, output(graph, op)), INT8_OR_INT16)
    require(any(t.data is None for t in found), "all inputs are constant", graph, op)


def join(graph: Graph, op: Operator, axis: int) -> Kernel:
    """The inputs one after the other along one dimension of the output, which they may lack.

    Along columns or channels of images it goes by rows.
    """
    found, out = parts(graph, op), output(graph, op)
    form = row_by_row(out) if axis >= 2 else WHOLE
    stretches, itemsize = math.prod(out.shape[:axis]), out.dtype.itemsize
    runs = [t.size // stretches * itemsize for t in found]
    struct, fields = "forge_concat", {"stretches": stretches // form.steps, "inputs": len(found)}
    if len(found) > _UNEVEN:
        struct, fields["run"] = "forge_concat_evenly", runs[0]
    else:
        fields["total"] = out.size // stretches * itemsize
        fields |= {f"run[{i}]": run for i, run in enumerate(runs)}
    return Kernel(
        header="concat.h",
        struct=struct,
        function=f"{struct}_run",
        fields=fields,
        inputs=tuple(t.index if t.data is None else Table.of(t) for t in found),
        form=form,
    )
