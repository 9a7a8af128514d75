"""What MEAN, SUM, REDUCE_ALL, REDUCE_MAX and REDUCE_MIN share: axes, geometry, and the sums'
requantization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    HEADERS,
    INT8,
    INT8_OR_INT16,
    Kernel,
    Values,
    check_activation,
    check_computed,
    check_counts,
    option,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.fixed_point import quantize_multiplier, requantize
from tinyforge.ops.forms import Accumulated
from tinyforge.ops.operands import axis_index, integers
from tinyforge.ops.quantization import saturated
from tinyforge.ops.turned import Turned

# Runs of kept and of reduced dimensions that the kernels loop over.
_MAX_RUNS = 2


@dataclass(frozen=True)
class _Run:
    """Neighbouring dimensions that are all reduced, or all kept: they are looped over as one."""

    reduced: bool
    size: int
    step: int


def axes(graph: Graph, op: Operator) -> tuple[int, ...]:
    """The dimensions that are reduced, in order, each once. Source: ResolveAxis."""
    rank = len(tensor(graph, op, 0).shape)
    given = integers(graph, op, 1, "axes")
    return tuple(sorted({axis_index(graph, op, axis, rank) for axis in given}))


def count(graph: Graph, op: Operator) -> int:
    """How many inputs an output takes in."""
    shape = tensor(graph, op, 0).shape
    return math.prod(shape[axis] for axis in axes(graph, op))


def _runs(graph: Graph, op: Operator) -> list[_Run]:
    """The input's dimensions, outermost first; those of 1 are left out."""
    shape, reduced = tensor(graph, op, 0).shape, axes(graph, op)
    loops = [(axis in reduced, size) for axis, size in enumerate(shape) if size > 1]
    runs: list[_Run] = []
    step = 1
    for kind, group in groupby(reversed(loops), key=lambda loop: loop[0]):
        size = math.prod(n for _, n in group)
        runs.insert(0, _Run(kind, size, step))
        step *= size
    return runs


def check(graph: Graph, op: Operator, types: Sequence[DType] = INT8) -> None:
    """Axes are constant int32; the output has the kept dimensions, and 1s with keep_dims."""
    check_counts(graph, op, 2, 2)
    source, out = tensor(graph, op, 0), output(graph, op)
    check_activation(graph, op, (source, out), types)
    check_computed(graph, op, source)
    reduced = axes(graph, op)
    sizes = [1 if i in reduced else n for i, n in enumerate(source.shape)]
    if not option(op, "keep_dims"):
        sizes = [n for i, n in enumerate(sizes) if i not in reduced]
    require(
        tuple(sizes) == out.shape,
        f"reducing {list(source.shape)} over axes {list(reduced)} does not give {list(out.shape)}",
        graph,
        op,
    )
    kinds = [run.reduced for run in _runs(graph, op)]
    require(
        kinds.count(True) <= _MAX_RUNS and kinds.count(False) <= _MAX_RUNS,
        f"axes {list(reduced)} of {list(source.shape)} are more than {_MAX_RUNS} separate runs",
        graph,
        op,
    )


def geometry(graph: Graph, op: Operator) -> dict[str, int]:
    """The members of forge_reduction: loop counts and steps, outermost first."""
    fields: dict[str, int] = {}
    for name, kind in (("kept", False), ("reduced", True)):
        found = [(run.size, run.step) for run in _runs(graph, op) if run.reduced is kind]
        for i, (size, step) in enumerate([(1, 0)] * (_MAX_RUNS - len(found)) + found):
            fields[f"reduction.{name}[{i}]"] = size
            fields[f"reduction.{name}_step[{i}]"] = step
    return fields


def check_sum(graph: Graph, op: Operator) -> None:
    """check(), and that no 32-bit sum overflows."""
    check(graph, op, INT8_OR_INT16)
    largest = 255 if tensor(graph, op, 0).dtype is DType.INT8 else 2**15
    require(count(graph, op) * largest < 2**31, "a sum could overflow 32 bits", graph, op)
    require(scaling(graph, op)[1] <= 30, "output scale is too small for its input", graph, op)


def scaling(graph: Graph, op: Operator) -> tuple[int, int]:
    """multiplier and shift from sums to outputs: the scales' quotient, over the count for a MEAN.

    Source: PrepareMeanOrSumHelper and QuantizedMeanOrSum, which divides the multiplier.
    """
    source, out = tensor(graph, op, 0), output(graph, op)
    multiplier, shift = quantize_multiplier(source.scale / out.scale)
    if op.op == "SUM":
        return multiplier, shift
    n = count(graph, op)
    headroom = min(n.bit_length() - 1, 32, 31 + shift)
    return (multiplier << headroom) // n, shift - headroom


def sum_reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: any shape. Source: QuantizedMeanOrSum."""
    source, out = tensor(graph, op, 0), output(graph, op)
    centred = inputs[0].astype(np.int64) - source.zero_point
    total = np.asarray(centred.sum(axis=axes(graph, op)))
    value = requantize(total, *scaling(graph, op)) + out.zero_point
    return saturated(value, out).reshape(out.shape)


def lower_sum(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    multiplier, shift = scaling(graph, op)
    return Kernel(
        header="reduce" + HEADERS[suffix(source)],
        struct="forge_reduce_sum",
        function=f"forge_reduce_sum{suffix(source)}_run",
        fields={
            **geometry(graph, op),
            "offset": -source.zero_point * count(graph, op),
            "multiplier": multiplier,
            "shift": shift,
            "output_zero_point": output(graph, op).zero_point,
        },
        inputs=(source.index,),
    )


def stream_sum(graph: Graph, op: Operator, rows: int) -> Kernel | None:
    """Sums over a whole image can be taken of its rows as they come."""
    source = tensor(graph, op, 0)
    whole_image = len(source.shape) == 4 and source.shape[0] == 1 and axes(graph, op) == (1, 2)
    if rows < 2 or not whole_image or rows != source.shape[1]:
        return None
    _, _, columns, channels = source.shape
    kernel = lower_sum(graph, op)
    image = {
        "reduction.kept[1]": channels,
        "reduction.reduced[0]": rows,
        "reduction.reduced[1]": columns,
        "reduction.reduced_step[1]": channels,
    }
    return replace(
        kernel,
        function=f"forge_reduce_sum{suffix(source)}_accumulate",
        fields={name: v for name, v in kernel.fields.items() if "reduction" not in name} | image,
        form=Accumulated(rows, scratch_bytes=4 * channels),
    )


def turned(graph: Graph, op: Operator) -> Turned | None:
    """Over all pixels, with or without their channels."""
    rank, reduced = len(tensor(graph, op, 0).shape), axes(graph, op)
    if rank - 2 not in reduced:
        return None
    over = (1, 2, 3) if rank - 1 in reduced else (1, 2)
    return Turned(op.options, {1: np.array(over, np.int32)})


def check_extreme(graph: Graph, op: Operator) -> None:
    """check(), and that the values mean the same in the output."""
    check(graph, op)
    source, out = tensor(graph, op, 0), output(graph, op)
    require(
        source.quant == out.quant,
        f"{op.op} cannot rescale: input and output must have the same scale and zero point",
        graph,
        op,
    )


def lower_extreme(graph: Graph, op: Operator, sign: int) -> Kernel:
    """sign: 1 for the greatest value, -1 for the least."""
    source = tensor(graph, op, 0)
    return Kernel(
        header="reduce.h",
        struct="forge_reduce_extreme",
        function="forge_reduce_extreme_run",
        fields={**geometry(graph, op), "sign": sign},
        inputs=(source.index,),
    )


def summary(graph: Graph, op: Operator) -> str:
    """ "over axes 1, 2"."""
    return f"over axes {', '.join(map(str, axes(graph, op)))}"
