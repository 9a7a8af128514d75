"""PAD, int8 or int16: the border is the zero point, or a constant value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    INT8_OR_INT16,
    Kernel,
    Op,
    Values,
    check_activation,
    check_computed,
    check_counts,
    constant,
    optional_tensor,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.forms import MOST_STEPS, Picked
from tinyforge.ops.operands import integers
from tinyforge.ops.turned import Turned, is_row, turned_axis

_MAX_RANK = 5


@dataclass(frozen=True)
class _Side:
    """One dimension: elements of the input, and of padding before and after them."""

    before: int
    size: int
    after: int

    @property
    def padded(self) -> bool:
        return self.before > 0 or self.after > 0


def _sides(graph: Graph, op: Operator) -> list[_Side]:
    shape, amounts = tensor(graph, op, 0).shape, integers(graph, op, 1, "paddings")
    require(
        len(amounts) == 2 * len(shape),
        f"{len(amounts)} paddings for {len(shape)} dimensions",
        graph,
        op,
    )
    return [
        _Side(before, size, after)
        for before, size, after in zip(amounts[::2], shape, amounts[1::2], strict=True)
    ]


def _value(graph: Graph, op: Operator) -> int:
    """What the border is filled with."""
    given = optional_tensor(graph, op, 2)
    return output(graph, op).zero_point if given is None else int(_constant(graph, op)[0])


def _constant(graph: Graph, op: Operator) -> npt.NDArray[Any]:
    return constant(graph, op, tensor(graph, op, 2), "padding value").reshape(-1)


def check(graph: Graph, op: Operator) -> None:
    """Source: PadPrepare."""
    check_counts(graph, op, 2, 3)
    source, out = tensor(graph, op, 0), output(graph, op)
    check_activation(graph, op, (source, out), INT8_OR_INT16)
    check_computed(graph, op, source)
    require(len(source.shape) <= _MAX_RANK, f"more than {_MAX_RANK} dimensions", graph, op)
    sides = _sides(graph, op)
    require(all(s.before >= 0 and s.after >= 0 for s in sides), "paddings are negative", graph, op)
    check_shape(graph, op, tuple(s.before + s.size + s.after for s in sides))
    given = optional_tensor(graph, op, 2)
    if given is not None:
        check_activation(graph, op, (given, out), INT8_OR_INT16)
        require(_constant(graph, op).size == 1, "more than one padding value", graph, op)
        require(
            (given.scale, given.zero_point) == (out.scale, out.zero_point),
            "the padding value must have the output's scale and zero point",
            graph,
            op,
        )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::Pad."""
    amounts = [(s.before, s.after) for s in _sides(graph, op)]
    padded = np.pad(inputs[0], amounts, constant_values=_value(graph, op))
    return np.asarray(padded)


def _merged(sides: Sequence[_Side]) -> list[_Side]:
    """The same in as few dimensions as possible: one without padding belongs to the one outside."""
    merged: list[_Side] = []
    for side in sides:
        if merged and not side.padded:
            outer = merged.pop()
            merged.append(
                _Side(outer.before * side.size, outer.size * side.size, outer.after * side.size)
            )
        elif side.padded or side.size > 1:
            merged.append(side)
    return merged


def _row(graph: Graph, op: Operator, sides: Sequence[_Side]) -> dict[str, int]:
    """The members of forge_pad_row, for the innermost dimensions, two at most."""
    lines, line = _filled(_merged(sides), 2)
    value, itemsize = _value(graph, op), output(graph, op).dtype.itemsize
    fields = {
        "before_lines": lines.before,
        "lines": lines.size,
        "after_lines": lines.after,
        "before": line.before * itemsize,
        "size": line.size * itemsize,
        "after": line.after * itemsize,
        "value": value,
    }
    return fields | ({"wide": 1} if itemsize > 1 and value else {})


def _filled(sides: Sequence[_Side], count: int) -> list[_Side]:
    """As many dimensions as that, with some of one element in front."""
    return [_Side(0, 1, 0)] * (count - len(sides)) + list(sides)


def lower(graph: Graph, op: Operator) -> Kernel:
    """An image is padded by rows."""
    source, sides = tensor(graph, op, 0), _sides(graph, op)
    image = len(sides) == 4 and source.shape[0] == 1 and not sides[0].padded
    if image and output(graph, op).shape[1] <= MOST_STEPS:
        top, rows, bottom = (-1,) * sides[1].before, range(sides[1].size), (-1,) * sides[1].after
        form = Picked((*top, *rows, *bottom), sides[1].size)
        fields = _row(graph, op, sides[2:])
        return Kernel("pad.h", "forge_pad_row", "forge_pad_row_run", fields, (source.index,), form)
    sides = _filled(_merged(sides), _MAX_RANK)
    fields = {f"row.{name}": member for name, member in _row(graph, op, sides[3:]).items()}
    for i, side in enumerate(sides[:3]):
        fields |= {f"before[{i}]": side.before, f"size[{i}]": side.size, f"after[{i}]": side.after}
    return Kernel("pad.h", "forge_pad", "forge_pad_run", fields, (source.index,))


def _turned(graph: Graph, op: Operator) -> Turned | None:
    if not is_row(tensor(graph, op, 0)):
        return None
    sides = _sides(graph, op)
    amounts = np.zeros((4, 2), np.int32)
    for axis, side in enumerate(sides):
        amounts[turned_axis(axis, len(sides))] = side.before, side.after
    return Turned(op.options, {1: amounts})


def summary(graph: Graph, op: Operator) -> str:
    return ", ".join(f"{s.before}+{s.size}+{s.after}" for s in _sides(graph, op))


OP = Op("PAD", check, reference, lower, turned=_turned, summary=summary)
