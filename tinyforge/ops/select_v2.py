"""SELECT_V2, int8 or int16: of two values one, by a truth; shapes broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Op,
    Table,
    Values,
    check_activation,
    check_counts,
    check_types,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_shape, steps
from tinyforge.ops.forms import WHOLE, row_by_row

_MAX_LOOPS = 5
_MEMBERS = ("condition_step", "first_step", "second_step")


def _operands(graph: Graph, op: Operator) -> tuple[Tensor, Tensor, Tensor]:
    """The condition and both values."""
    return tensor(graph, op, 0), tensor(graph, op, 1), tensor(graph, op, 2)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 3, 3)
    condition, first, second = operands = _operands(graph, op)
    check_types(graph, op, (condition,), (DType.BOOL,))
    check_activation(graph, op, (first, second, output(graph, op)), INT8_OR_INT16)
    require(any(t.data is None for t in operands), "all operands are constant", graph, op)
    require(
        len(output(graph, op).shape) <= _MAX_LOOPS, f"more than {_MAX_LOOPS} dimensions", graph, op
    )
    try:
        shape = np.broadcast_shapes(*(t.shape for t in operands))
    except ValueError:
        shape = ()
    check_shape(graph, op, shape)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """The bytes as they are, whatever their scales. Source: reference_ops::Select."""
    return np.where(inputs[0], inputs[1], inputs[2]).astype(output(graph, op).dtype.numpy)


def _walk(shape: Sequence[int], out: Sequence[int]) -> list[int]:
    """Elements of the operand from one index of each of the output's dimensions to the next."""
    padded = (1,) * (len(out) - len(shape)) + tuple(shape)
    return [0 if n == 1 else step for n, step in zip(padded, steps(padded), strict=True)]


def lower(graph: Graph, op: Operator) -> Kernel:
    operands, out = _operands(graph, op), output(graph, op)
    form = row_by_row(out)
    shapes, whole, repeated = [t.shape for t in operands], out.shape, frozenset[int]()
    if form is not WHOLE:
        rows = out.shape[-3:-2]
        repeated = frozenset(i for i, s in enumerate(shapes) if s[-3:-2] != rows)
        shapes, whole = [s[-2:] for s in shapes], whole[-2:]
    if all(shape == whole for shape in shapes):
        whole = (math.prod(whole),)
        shapes = [whole] * len(shapes)
    fields: dict[str, int | Table] = _loops("size", whole, 1)
    for member, shape in zip(_MEMBERS, shapes, strict=True):
        fields |= _loops(member, _walk(shape, whole), 0)
    fields["itemsize"] = out.dtype.itemsize
    return Kernel(
        header="select.h",
        struct="forge_select",
        function="forge_select_run",
        fields=fields,
        inputs=tuple(t.index if t.data is None else Table.of(t) for t in operands),
        form=form,
        repeated=repeated,
    )


def _loops(member: str, values: Sequence[int], none: int) -> dict[str, int | Table]:
    """A member of as many loops as there are, innermost last; of others it is none."""
    every = [*[none] * (_MAX_LOOPS - len(values)), *values]
    return {f"{member}[{i}]": value for i, value in enumerate(every)}


OP = Op("SELECT_V2", check, reference, lower, inplace=(0, 1, 2), typed=True)
