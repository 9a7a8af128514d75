"""ADD, int8, with broadcasting and a constant operand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    Table,
    check_activation,
    check_counts,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.fixed_point import quantize_multiplier, requantize
from tinyforge.ops.forms import WHOLE, row_by_row
from tinyforge.ops.quantization import activation_name, activation_range

_LEFT_SHIFT = 20
_MAX_RANK = 4


@dataclass(frozen=True)
class _Factors:
    """(multiplier, shift) of both inputs and of the output."""

    first: tuple[int, int]
    second: tuple[int, int]
    out: tuple[int, int]


def _factors(graph: Graph, op: Operator) -> _Factors:
    """Source: CalculateOpDataAdd: inputs are brought to twice the larger scale, in float64."""
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    common = 2 * max(first.scale, second.scale)
    return _Factors(
        quantize_multiplier(first.scale / common),
        quantize_multiplier(second.scale / common),
        quantize_multiplier(common / ((1 << _LEFT_SHIFT) * out.scale)),
    )


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_activation(graph, op, (first, second, out))
    require(first.data is None or second.data is None, "both operands are constant", graph, op)
    require(len(out.shape) <= _MAX_RANK, f"more than {_MAX_RANK} dimensions", graph, op)
    try:
        shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        shape = ()
    require(
        shape == out.shape,
        f"{list(first.shape)} and {list(second.shape)} do not give {list(out.shape)}",
        graph,
        op,
    )
    require(_factors(graph, op).out[1] <= 0, "output scale is too small", graph, op)
    activation_range(graph, op, option(op, "fused_activation_function"), out)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """Two int8 arrays that broadcast to the output. Source: reference_integer_ops::AddFunc."""
    factors = _factors(graph, op)
    total = sum(
        requantize((x.astype(np.int64) - t.zero_point) << _LEFT_SHIFT, *factor)
        for x, t, factor in (
            (inputs[0], tensor(graph, op, 0), factors.first),
            (inputs[1], tensor(graph, op, 1), factors.second),
        )
    )
    out = output(graph, op)
    low, high = activation_range(graph, op, option(op, "fused_activation_function"), out)
    value = requantize(np.asarray(total), *factors.out) + out.zero_point
    return np.clip(value, low, high).astype(np.int8)


def _strides(t: Tensor, rank: int) -> list[int]:
    """Elements to step in each of four dimensions; 0 where the tensor is broadcast."""
    shape = (1,) * (rank - len(t.shape)) + t.shape
    steps = [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(rank)]
    return [0 if n == 1 else step for n, step in zip(shape, steps, strict=True)]


def lower(graph: Graph, op: Operator) -> Kernel:
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    factors = _factors(graph, op)
    low, high = activation_range(graph, op, option(op, "fused_activation_function"), out)
    fields: dict[str, int | Table] = {}
    for name, t, factor in (
        ("first", first, factors.first),
        ("second", second, factors.second),
        ("output", out, factors.out),
    ):
        fields[f"scaling.{name}_zero_point"] = t.zero_point
        fields[f"scaling.{name}_multiplier"], fields[f"scaling.{name}_shift"] = factor
    fields |= {"scaling.activation_min": low, "scaling.activation_max": high}
    same = first.shape == second.shape
    form = row_by_row(out) if same else WHOLE
    if same:
        fields["size"] = out.size // form.steps
    else:
        for i, n in enumerate((1,) * (_MAX_RANK - len(out.shape)) + out.shape):
            fields[f"size[{i}]"] = n
        for name, t in (("first", first), ("second", second)):
            for i, step in enumerate(_strides(t, _MAX_RANK)):
                fields[f"{name}_step[{i}]"] = step
    return Kernel(
        header="add.h",
        struct="forge_add" if same else "forge_add_broadcast",
        function="forge_add_run" if same else "forge_add_broadcast_run",
        fields=fields,
        inputs=tuple(
            t.index if t.data is None else Table("int8_t", t.data) for t in (first, second)
        ),
        form=form,
    )


def summary(graph: Graph, op: Operator) -> str:
    del graph
    return activation_name(option(op, "fused_activation_function"))


OP = Op("ADD", check, reference, lower, inplace=(0, 1), summary=summary)
