"""What SPLIT, SPLIT_V and UNPACK share: runs of bytes to several tensors in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    check_activation,
    check_computed,
    require,
    tensor,
)
from tinyforge.ops.forms import WHOLE, row_by_row

_UNEVEN = 16  # outputs: FORGE_SPLIT_MOST
_MOST = 256  # of one size: of more, code and plans grow past use


def parts(graph: Graph, op: Operator) -> list[Tensor]:
    return [graph.tensors[t] for t in op.outputs]


def check_split(graph: Graph, op: Operator, inputs: int, position: int) -> Tensor:
    """So many inputs, the one at a position a computed tensor, which is returned; one to 16
    outputs, or up to 256 of one size, all int8 or all int16 as it is."""
    most = _MOST if len({t.size for t in parts(graph, op)}) == 1 else _UNEVEN
    require(
        len(op.inputs) == inputs and 1 <= len(op.outputs) <= most,
        f"{op.op} needs {inputs} inputs and 1 to {most} outputs, "
        f"found {len(op.inputs)} and {len(op.outputs)}",
        graph,
        op,
    )
    source = tensor(graph, op, position)
    check_activation(graph, op, (source, *parts(graph, op)), INT8_OR_INT16)
    check_computed(graph, op, source)
    return source


def check_part(graph: Graph, op: Operator, part: Tensor, expected: Sequence[int]) -> None:
    require(
        part.shape == tuple(expected),
        f"output {part.name!r} is {list(part.shape)}, not {list(expected)}",
        graph,
        op,
    )


def split(graph: Graph, op: Operator, source: Tensor, axis: int) -> Kernel:
    """The outputs are taken from along one dimension of the source, one after the other; along
    columns or channels of an image by rows."""
    found = parts(graph, op)
    form = row_by_row(source) if axis >= 2 else WHOLE
    stretches, itemsize = math.prod(source.shape[:axis]), source.dtype.itemsize
    fields = {"stretches": stretches // form.steps, "outputs": len(found)}
    runs = [t.size // stretches * itemsize for t in found]
    if len(found) > _UNEVEN:
        fields["run"] = runs[0]
        name = "forge_split_evenly"
        return Kernel("split.h", name, f"{name}_run", fields, (source.index,), form)
    fields["total"] = source.size // stretches * itemsize
    fields |= {f"run[{i}]": run for i, run in enumerate(runs)}
    return Kernel("split.h", "forge_split", "forge_split_run", fields, (source.index,), form)
