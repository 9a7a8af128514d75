"""What operators share that copy values to other places: the interpreter moves the bytes as they
are, whatever the quantizations of input and output. Kernels are told bytes, of any element type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    INT8,
    Kernel,
    check_activation,
    check_computed,
    check_counts,
    check_rank,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.forms import MOST_STEPS, WHOLE, Form, Picked

_MAX_RANK = 5


def check_copied(
    graph: Graph,
    op: Operator,
    inputs: int,
    rank: int = _MAX_RANK,
    types: Sequence[DType] = INT8,
) -> Tensor:
    """So many inputs, the first of them a computed tensor of one of the types, of at most so many
    dimensions, which is returned; an output of the same type."""
    check_counts(graph, op, inputs, inputs)
    source = tensor(graph, op, 0)
    check_activation(graph, op, (source, output(graph, op)), types)
    check_computed(graph, op, source)
    require(len(source.shape) <= rank, f"more than {rank} dimensions", graph, op)
    return source


def check_shape(graph: Graph, op: Operator, expected: tuple[int, ...]) -> None:
    """The interpreter trusts the file: a wrong output shape would be read or written past."""
    found = output(graph, op).shape
    require(found == expected, f"output is {list(found)}, not {list(expected)}", graph, op)


def check_alike(graph: Graph, op: Operator, types: Sequence[DType] = INT8) -> None:
    """The first input is computed and has a dimension; the output has its type, one of these, and
    its shape."""
    source, out = tensor(graph, op, 0), output(graph, op)
    check_activation(graph, op, (source, out), types)
    check_computed(graph, op, source)
    require(
        source.shape == out.shape and len(out.shape) >= 1,
        f"shape {list(source.shape)} in, {list(out.shape)} out",
        graph,
        op,
    )


def check_blocks(graph: Graph, op: Operator) -> int:
    """The side of the square blocks that SPACE_TO_DEPTH and DEPTH_TO_SPACE rearrange."""
    check_rank(graph, op, (tensor(graph, op, 0),), 4)
    block = option(op, "block_size")
    require(block >= 1, f"block size {block}", graph, op)
    return block


def block_summary(graph: Graph, op: Operator) -> str:
    del graph
    return f"blocks of {option(op, 'block_size')}x{option(op, 'block_size')}"


def steps(shape: Sequence[int]) -> list[int]:
    """Elements from one index to the next in each dimension of a tensor."""
    found = [1]
    for size in reversed(shape[1:]):
        found.insert(0, found[0] * size)
    return found[: len(shape)]


def copy(source: Tensor, start: int, walk: Sequence[tuple[int, int]]) -> Kernel:
    """The kernel that gathers the output's bytes from the source.

    start: element of the source. walk: (size, elements from one to the next in the source) of every
    dimension of the output, outermost first.
    """
    places, itemsize = _merged(walk), source.dtype.itemsize
    run = places.pop()[0] if places and places[-1][1] == 1 else 1
    places = [(1, 0)] * (_MAX_RANK - len(places)) + places
    fields = {"start": start * itemsize}
    for i, (size, step) in enumerate(places):
        fields |= {f"size[{i}]": size, f"step[{i}]": step * itemsize}
    fields["run"] = run * itemsize
    return Kernel("copy.h", "forge_copy", "forge_copy_run", fields, (source.index,))


def take(source: Tensor, ranges: Sequence[range]) -> Kernel:
    """The kernel that takes these indices of each dimension of the source; of an image by rows,
    unless it turns them around."""
    step = steps(source.shape)
    form: Form = WHOLE
    image = len(source.shape) == 4 and source.shape[0] == 1
    if image and ranges[1].step > 0 and len(ranges[1]) <= MOST_STEPS:
        form = Picked(tuple(ranges[1]), source.shape[1])
        ranges, step = ranges[2:], step[2:]
    start = sum(r.start * s for r, s in zip(ranges, step, strict=True))
    walk = [(len(r), r.step * s) for r, s in zip(ranges, step, strict=True)]
    return replace(copy(source, start, walk), form=form)


def _merged(walk: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same walk in as few dimensions as possible: the fewer, the longer its runs."""
    merged: list[tuple[int, int]] = []
    for size, step in walk:
        if size == 1:
            continue
        if merged and merged[-1][1] == size * step:
            merged[-1] = (merged[-1][0] * size, step)
        else:
            merged.append((size, step))
    return merged
