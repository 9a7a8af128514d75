"""Two traces of a graph against each other, and the rows that a report shows of its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.graph import Graph
from tinyforge.graph.packed import split, typed
from tinyforge.ops import OPS
from tinyforge.proof.cycles import Estimate
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Difference, LayerProof
from tinyforge.sim.cycles.count import NONE


def first_difference(graph: Graph, actual: Trace, expected: Trace) -> Difference | None:
    """The first differing element of the first differing layer; None where all are equal.

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
    """The first differing element of one tensor: raw bytes, int8 (inputs, bytes) both; of actual
    perhaps only the first bytes, where nobody needs the others. Layer -1 where none makes it: an
    input that is an output too."""
    expected = expected[:, : actual.shape[1]]
    where = np.argwhere(actual != expected)
    if not len(where):
        return None
    out, op = graph.tensors[tensor], graph.producers.get(tensor)
    row, element = int(where[0, 0]), int(where[0, 1]) // out.dtype.itemsize
    return Difference(
        input=row,
        layer=op.index if op else -1,
        op=op.op if op else "INPUT",
        name=out.name,
        index=tuple(int(v) for v in np.unravel_index(element, out.shape)),
        expected=typed(expected[row : row + 1], out)[0, element].item(),
        actual=typed(actual[row : row + 1], out)[0, element].item(),
    )


def answer_difference(
    graph: Graph, outputs: npt.NDArray[np.int8], expected: Trace
) -> Difference | None:
    """The first differing element of what an application gets: outputs, int8 (inputs, bytes of all
    of the model's outputs)."""
    parts = zip(graph.outputs, split(outputs, graph.output_tensors), strict=True)
    found = (difference(graph, t, part, expected[t]) for t, part in parts)
    return next((d for d in found if d is not None), None)


def layer_proofs(
    graph: Graph,
    order: Sequence[int],
    actual: Trace,
    expected: Trace,
    *,
    counts: npt.NDArray[np.float64] | None = None,
    estimated: Estimate | None = None,
    clock: Board | None = None,
    within: Mapping[int, int] | None = None,
) -> tuple[LayerProof, ...]:
    """One row a layer, in the order they run. counts: instructions by layer index, where counted;
    estimated: cycles, of the core and on the board that is its clock. A layer without code costs
    nothing and may have no entry.
    within: layers that run within others, whose outputs are never there."""
    rows = []
    simulated = None
    if estimated is not None and clock is not None:
        simulated = estimated.simulated.get(clock.id)
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
            # Of a layer's outputs those that were seen; at least one.
            seen = [t for t in op.outputs if t in actual]
            assert seen
            row = replace(
                row,
                bit_exact=all(difference(graph, t, actual[t], expected[t]) is None for t in seen),
                instructions=None if counts is None else round(cost),
                cycles=None if estimated is None else estimated.core.get(index, NONE),
                simulated=None if simulated is None else simulated.get(index, 0),
            )
        rows.append(row)
    return tuple(rows)
