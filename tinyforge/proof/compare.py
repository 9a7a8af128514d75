"""Two traces of a graph against each other, and the rows that a report shows of its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph
from tinyforge.ops import OPS
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Difference, LayerProof
from tinyforge.sim.cycles.count import NONE, Cycles


def first_difference(graph: Graph, actual: Trace, expected: Trace) -> Difference | None:
    """The first differing byte of the first differing layer; None where all are equal.

    actual: of the outputs that are there.
    """
    found = (
        difference(graph, t, actual[t], expected[t])
        for op in graph.operators
        for t in op.outputs
        if t in actual
    )
    return next((d for d in found if d is not None), None)


def difference(
    graph: Graph,
    tensor: int,
    actual: npt.NDArray[np.int8],
    expected: npt.NDArray[np.int8],
) -> Difference | None:
    """The first differing byte of one tensor: int8 (inputs, bytes) both; of actual perhaps only
    the first bytes, where nobody needs the others."""
    where = np.argwhere(actual != expected[:, : actual.shape[1]])
    if not len(where):
        return None
    row, position = (int(v) for v in where[0])
    out, op = graph.tensors[tensor], graph.producers[tensor]
    return Difference(
        input=row,
        layer=op.index,
        op=op.op,
        name=out.name,
        index=tuple(int(v) for v in np.unravel_index(position, out.shape)),
        expected=int(expected[row, position]),
        actual=int(actual[row, position]),
    )


def layer_proofs(
    graph: Graph,
    order: Sequence[int],
    actual: Trace,
    expected: Trace,
    *,
    counts: npt.NDArray[np.float64] | None = None,
    cycles: Mapping[int, Cycles] | None = None,
    within: Mapping[int, int] | None = None,
) -> tuple[LayerProof, ...]:
    """One row a layer, in the order they run. counts: instructions by layer index, where counted;
    cycles: the same, where estimated. A layer without code costs nothing and may have no entry.
    within: layers that run within others, whose outputs are never there."""
    rows = []
    for index in order:
        op = graph.operators[index]
        out = graph.tensors[op.outputs[0]]
        row = LayerProof(
            index=index,
            op=op.op,
            name=out.name,
            output_shape=out.shape,
            macs=OPS[op.op].macs(graph, op) if op.op in OPS else 0,
            output_bytes=out.nbytes,
            bit_exact=None,
            instructions=None,
            within=(within or {}).get(index),
        )
        if row.within is None:
            cost = 0.0 if counts is None or index >= len(counts) else float(counts[index])
            row = replace(
                row,
                bit_exact=all(
                    difference(graph, t, actual[t], expected[t]) is None for t in op.outputs
                ),
                instructions=None if counts is None else round(cost),
                cycles=None if cycles is None else cycles.get(index, NONE),
            )
        rows.append(row)
    return tuple(rows)
