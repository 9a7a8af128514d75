"""Operators on pairs of values: broadcasting, a constant operand, the scales of three tensors.

An operator is the numbers that its arithmetic needs and its function on two values, which
firmware/kernels/binary.h has under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8,
    Kernel,
    Op,
    Table,
    Values,
    check_activation,
    check_counts,
    option,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.broadcast import broadcast_fields, broadcasts
from tinyforge.ops.fixed_point import Int, quantize_multiplier, requantize
from tinyforge.ops.forms import WHOLE, row_by_row
from tinyforge.ops.quantization import activation_name, activation_range
from tinyforge.ops.turned import Turned, is_pixel, same

_MAX_RANK = 5  # what the interpreter was seen to broadcast rightly
_ACTIVATION = "fused_activation_function"

Factor = tuple[int, int]


@dataclass(frozen=True)
class Scaling:
    """The numbers of an operator's arithmetic; those that it does not need are 0.

    left_shift: inputs are scaled up by 2**left_shift first, to keep fractions. first, second and
    output: factors as (multiplier, shift). activation_min and activation_max: within dtype, the
    output's.
    """

    dtype: DType = DType.INT8

    first_zero_point: int = 0
    second_zero_point: int = 0
    output_zero_point: int = 0
    left_shift: int = 0
    first: Factor = (0, 0)
    second: Factor = (0, 0)
    output: Factor = (0, 0)
    activation_min: int = 0
    activation_max: int = 0

    def on_common_scale(self, first: Int, second: Int) -> tuple[Int, Int]:
        """Values of both inputs, rescaled by their factors."""
        return (
            requantize((first - self.first_zero_point) << self.left_shift, *self.first),
            requantize((second - self.second_zero_point) << self.left_shift, *self.second),
        )

    def output_value(self, x: Int) -> Values:
        """int32 values through the output's factor and the activation."""
        return self.clamped(requantize(x, *self.output) + self.output_zero_point)

    def clamped(self, x: Int) -> Values:
        return self.stored(np.clip(x, self.activation_min, self.activation_max))

    def stored(self, x: Int) -> Values:
        return x.astype(self.dtype.numpy)

    def fields(self) -> dict[str, int | Table]:
        """The members of the kernel's scaling that are not 0."""
        members = {
            "first_zero_point": self.first_zero_point,
            "second_zero_point": self.second_zero_point,
            "output_zero_point": self.output_zero_point,
            "left_shift": self.left_shift,
            "first_multiplier": self.first[0],
            "first_shift": self.first[1],
            "second_multiplier": self.second[0],
            "second_shift": self.second[1],
            "output_multiplier": self.output[0],
            "output_shift": self.output[1],
            "activation_min": self.activation_min,
            "activation_max": self.activation_max,
        }
        return {f"scaling.{name}": value for name, value in members.items() if value}


def scaling_of(
    graph: Graph,
    op: Operator,
    *,
    output_factor: Factor,
    left_shift: int = 0,
    first: Factor = (0, 0),
    second: Factor = (0, 0),
) -> Scaling:
    """The factors given, with the tensors' zero points and the fused activation's range."""
    out = output(graph, op)
    low, high = activation_range(graph, op, _activation(op), out)
    return Scaling(
        dtype=out.dtype,
        first_zero_point=tensor(graph, op, 0).zero_point,
        second_zero_point=tensor(graph, op, 1).zero_point,
        output_zero_point=out.zero_point,
        left_shift=left_shift,
        first=first,
        second=second,
        output=output_factor,
        activation_min=low,
        activation_max=high,
    )


def common_scale(first: Tensor, second: Tensor) -> float:
    """Of operators that bring both inputs to one: twice the larger scale."""
    return 2 * max(first.scale, second.scale)


def on_common_scale(
    graph: Graph, op: Operator, *, left_shift: int, output_factor: Factor
) -> Scaling:
    """The inputs' factors are those to the common scale, at most 1/2."""
    first, second = tensor(graph, op, 0), tensor(graph, op, 1)
    common = common_scale(first, second)
    return scaling_of(
        graph,
        op,
        left_shift=left_shift,
        first=quantize_multiplier(first.scale / common),
        second=quantize_multiplier(second.scale / common),
        output_factor=output_factor,
    )


def unscaled(graph: Graph, op: Operator) -> Scaling:
    """No arithmetic on values: all three tensors must have one scale and zero point.

    The interpreter does not ask; it compares the bytes of different quantizations as they are.
    """
    out = output(graph, op)
    for t in (tensor(graph, op, 0), tensor(graph, op, 1)):
        require(
            (t.scale, t.zero_point) == (out.scale, out.zero_point),
            f"{op.op} cannot rescale: inputs and output must have the same scale and zero point",
            graph,
            op,
        )
    return Scaling(dtype=out.dtype)


# (graph, operator) to numbers; ForgeError where TFLM does not run the operator.
MakeScaling = Callable[[Graph, Operator], Scaling]
# Two arrays of values, as int64, that broadcast.
Function = Callable[[Scaling, Int, Int], Values]


def binary(
    name: str,
    make_scaling: MakeScaling,
    function: Function,
    types: Sequence[DType] = INT8,
    *,
    int8_second: bool = False,
) -> Op:
    """An operator from its scaling and its function; forge_<name> is its kernel.

    types: that it runs on; int8_second: its second operand is int8 whatever the first one is.
    """

    def check(graph: Graph, op: Operator) -> None:
        first, second, out = _operands(graph, op)
        check_activation(graph, op, (first, *(() if int8_second else (second,)), out), types)
        if int8_second:
            check_activation(graph, op, (second,))
        check_shapes(graph, op)
        make_scaling(graph, op)

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
        first, second = (x.astype(np.int64) for x in inputs)
        return function(make_scaling(graph, op), first, second)

    def lower(graph: Graph, op: Operator) -> Kernel:
        function = f"forge_{name.lower()}{suffix(output(graph, op))}"
        return pair_kernel(graph, op, function, make_scaling(graph, op))

    return Op(name, check, reference, lower, inplace=(0, 1), turned=_turned, summary=_summary)


def _turned(graph: Graph, op: Operator) -> Turned | None:
    """Element by element, or with a pixel, or a value, that is the same for all."""
    out = output(graph, op)
    operands = (graph.tensors[t] for t in op.inputs)
    return same(graph, op) if all(t.size == out.size or is_pixel(t) for t in operands) else None


def _activation(op: Operator) -> int:
    return option(op, _ACTIVATION) if _ACTIVATION in op.options else 0


def _summary(graph: Graph, op: Operator) -> str:
    del graph
    return activation_name(_activation(op))


def _operands(graph: Graph, op: Operator) -> tuple[Tensor, Tensor, Tensor]:
    """Both inputs and the output."""
    check_counts(graph, op, 2, 2)
    return tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)


def check_shapes(graph: Graph, op: Operator) -> None:
    """Two operands, not both constant, broadcast to the output."""
    first, second, out = _operands(graph, op)
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
    require(
        broadcasts(first.shape, second.shape, shape),
        f"{list(first.shape)} and {list(second.shape)} repeat too many dimensions in turn",
        graph,
        op,
    )


def pair_kernel(graph: Graph, op: Operator, function: str, scaling: Scaling) -> Kernel:
    """The kernel that takes a function's loops over both operands."""
    first, second, out = _operands(graph, op)
    operands = tuple(t.index if t.data is None else Table.of(t) for t in (first, second))
    if first.size == second.size == out.size:
        form = row_by_row(out)
        return Kernel(
            header="binary.h",
            struct="forge_binary",
            function=f"{function}_run",
            fields={"size": out.size // form.steps, **scaling.fields()},
            inputs=operands,
            form=form,
        )
    form = row_by_row(out)
    shapes, repeated = [first.shape, second.shape, out.shape], frozenset[int]()
    if form is not WHOLE:
        shapes = [_row(shape) for shape in shapes]
        repeated = frozenset(i for i, t in enumerate((first, second)) if not _has_rows(t, out))
    return Kernel(
        header="binary.h",
        struct="forge_broadcast",
        function=f"{function}_broadcast_run",
        fields=broadcast_fields(*shapes) | scaling.fields(),
        inputs=operands,
        form=form,
        repeated=repeated,
    )


def _has_rows(t: Tensor, out: Tensor) -> bool:
    """Whether the operand has as many rows as the output, and not one for all of them."""
    return t.shape[-3:-2] == out.shape[-3:-2]


def _row(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of one row of a picture, or of what is broadcast over them."""
    return shape if len(shape) < 3 else (1, *shape[-2:])
