"""Which kernels an operator has on a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS, clustered, sparse_pieces
from tinyforge.ops.base import CLUSTERED, Kernel
from tinyforge.ops.costs import narrow_cycles
from tinyforge.ops.size_cycles import size_cycles
from tinyforge.ops.target import ANY, Target

# The kernel that runs each operator with code, by the operator's index.
Kernels = Mapping[int, Kernel]


def kernels_of(graph: Graph, op: Operator, target: Target) -> tuple[Kernel, ...]:
    """All that there are, the one that runs anywhere first; none of an operator without code."""
    known = OPS[op.op]
    if known.lower is None:
        return ()
    anywhere = _costed(graph, op, known.lower(graph, op), target)
    return (anywhere, *known.variants(graph, op, target))


def by_rows(
    graph: Graph, op: Operator, kernel: Kernel, rows: int, target: Target = ANY
) -> Kernel | None:
    """What takes an operator's input in so many rows, as they come: on few different weights where
    the kernel is, and skipping zeros. None where there is none."""
    streaming = OPS[op.op].streaming
    found = streaming and streaming(graph, op, rows)
    if not found:
        return None
    if kernel.way == CLUSTERED:
        return clustered.by_rows(found, kernel)
    listed = sparse_pieces.by_rows(graph, op, found, target) if kernel.skips_zeros else None
    return listed or _costed(graph, op, found, target)


def _costed(graph: Graph, op: Operator, kernel: Kernel, target: Target) -> Kernel:
    """A kernel of portable C with its cycles, where those are not what it takes in the mean."""
    if target.small and not target.mve:
        return replace(kernel, cycles=size_cycles(graph, op, kernel, target))
    if target.narrow:
        return replace(kernel, cycles=narrow_cycles(graph, op, kernel))
    return kernel


def portable(graph: Graph) -> Kernels:
    """For each operator the kernel that runs anywhere."""
    lowers = ((op, OPS[op.op].lower) for op in graph.operators)
    return {op.index: lower(graph, op) for op, lower in lowers if lower is not None}


def as_on(graph: Graph, op: Operator, kernel: Kernel, target: Target) -> Kernel:
    """The kernel for the same operator in another graph, in the same way where that can be had."""
    found = kernels_of(graph, op, target)
    return next((other for other in found if other.way == kernel.way), found[0])
