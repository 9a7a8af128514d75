"""What each step of a plan leaves in the arena, and whole tensors put together from it.

A tensor that is handed on row by row is never there as a whole: its rows are looked at one by one,
each as soon as it is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph
from tinyforge.memory.network import FEED, is_alias
from tinyforge.memory.plan import Plan
from tinyforge.memory.settled import bytes_of
from tinyforge.ops.upright import rows_input
from tinyforge.proof.oracle import Trace


@dataclass(frozen=True)
class Piece:
    """Consecutive bytes of a tensor: where they begin in it, and where they lie in the arena."""

    tensor: int
    begin: int
    offset: int
    nbytes: int


def finished(graph: Graph, plan: Plan) -> list[tuple[Piece, ...]]:
    """For each step the pieces that it finishes; one more in front, what is there before: inputs
    that do not come row by row, and variables that layers read as they lie."""
    fed = graph.inputs[rows_input(graph)] if plan.by_rows else FEED
    there = [*read_variables(graph), *(t for t in graph.inputs if t != fed)]
    before = (Piece(t, 0, plan.places[t].offset, plan.places[t].nbytes) for t in there)
    found: list[tuple[Piece, ...]] = [tuple(before)]
    for (index, _), rows in zip(plan.steps, plan.finished, strict=True):
        made = (fed,) if index == FEED else graph.operators[index].outputs
        found.append(
            tuple(
                Piece(t, row * place.row_bytes, place.begin(row), place.row_bytes)
                for t in made
                for place in (plan.places[t],)
                for row in rows
            )
        )
    return found


def read_variables(graph: Graph) -> dict[int, int]:
    """Variable tensors to the tensors as which layers read them, without a copy."""
    aliases = (op for op in graph.operators if is_alias(op))
    return {op.inputs[0]: op.outputs[0] for op in aliases if op.inputs[0] in graph.states}


def assemble(
    graph: Graph,
    plan: Plan,
    pieces: Sequence[Sequence[Piece]],
    captured: Sequence[npt.NDArray[np.int8]],
) -> Trace:
    """Layers' outputs by index, int8 (inputs, bytes), from what was read of the pieces.

    captured: one array (inputs, bytes) a step. A tensor whose last rows are never made, because
    nobody needs them, is that much shorter.
    """
    count = len(captured[0])
    trace: dict[int, npt.NDArray[np.int8]] = {}
    for group, read in zip(pieces, captured, strict=True):
        begin = 0
        for piece in group:
            place = plan.places[piece.tensor]
            made = place.made * place.row_bytes
            whole = trace.setdefault(piece.tensor, np.zeros((count, made), np.int8))
            whole[:, piece.begin : piece.begin + piece.nbytes] = read[
                :, begin : begin + piece.nbytes
            ]
            begin += piece.nbytes
    for op in graph.operators:
        same = bytes_of(op, plan)
        if same is not None:
            trace[op.outputs[0]] = trace[same]
    return {t: rows for t, rows in trace.items() if t in graph.producers}
