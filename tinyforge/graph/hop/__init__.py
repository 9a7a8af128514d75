"""A model of windows that overlap, as one that keeps what the windows share: the outputs are the
same, bit for bit.

bands: which tensors follow a window's rows. demand: which of their rows are needed. streaming: the
model that computes these alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.graph.hop.bands import Band, Bands, bands
from tinyforge.graph.hop.demand import TooFewRows, Way
from tinyforge.graph.hop.streaming import Starts, Streaming, streaming
from tinyforge.graph.types import Graph
from tinyforge.ops import OPS


@dataclass(frozen=True, eq=False)
class Hopped:
    """window: the model of whole windows, whose input has its rows along a dimension of its own.
    rows: of a window; hop: of them new. streaming: what takes the new ones alone. shared: layers of
    window that make new rows alone; stops: why the next one does not, "" where there is none.
    """

    window: Graph
    rows: int
    hop: int
    streaming: Streaming
    shared: tuple[int, ...]
    stops: str

    @property
    def graph(self) -> Graph:
        return self.streaming.graph

    @property
    def macs(self) -> tuple[int, int]:
        """Multiply-accumulates of a hop, and of a whole window."""
        return _macs(self.graph), _macs(self.window)

    @property
    def kept_bytes(self) -> int:
        return sum(self.graph.tensors[t].nbytes for t in self.graph.states)


def hopped(graph: Graph, hop: int, *, quick: bool = False) -> Hopped:
    """graph: adapted, of one input. hop: by how many rows the next window begins later. quick:
    whether more may be kept, where that is less work.

    ForgeError where windows cannot be put together so, and where nothing is saved.
    """
    window = _with_rows(graph)
    first = _band(window, hop)
    known = bands(window, first)
    chosen = _best(window, known, quick=quick)
    stops = _stops(window, known, chosen.shared)
    if not chosen.shared:
        raise ForgeError(
            f"windows that begin {hop} rows after each other share nothing that saves work",
            where=stops,
            fix="give a hop that is a multiple of the first layers' strides, or leave --hop out",
        )
    found = streaming(window, known, chosen, _silent(window, chosen.shared))
    return Hopped(window, first.rows, hop, found, tuple(sorted(chosen.shared)), stops)


def _with_rows(graph: Graph) -> Graph:
    """Where all that is done with the input is to see it as rows, that is the input."""
    if len(graph.inputs) != 1 or graph.states:
        several = "windows of several inputs do not overlap"
        raise ForgeError(
            "the model remembers: it takes new rows alone as it is" if graph.states else several,
            where=graph.name,
            fix="leave --hop out",
        )
    (source,) = graph.inputs
    readers = graph.consumers[source]
    flat = max(graph.tensors[source].shape, default=1) == graph.tensors[source].size
    if not flat or source in graph.outputs or [op.op for op in readers] != ["RESHAPE"]:
        return graph
    rest = (op for op in graph.operators if op is not readers[0])
    operators = tuple(replace(op, index=i) for i, op in enumerate(rest))
    return replace(graph, operators=operators, inputs=readers[0].outputs)


def _band(graph: Graph, hop: int) -> Band:
    t = graph.input_tensors[0]
    axis = next((axis for axis, size in enumerate(t.shape) if size > 1), 0)
    rows = t.shape[axis] if t.shape else 1
    if not 1 <= hop < rows:
        raise ForgeError(
            f"a hop of {hop} rows, of windows of {rows}",
            where=f"input {t.name!r}",
            fix=f"give a hop from 1 to {rows - 1}" if rows > 1 else "leave --hop out",
        )
    return Band(axis, rows, hop)


def _best(graph: Graph, known: Bands, *, quick: bool) -> Way:
    """What saves most: the first layers, so many, make new rows alone. None where nothing does."""
    least, best = _work(graph), Way(frozenset())
    for count in range(1, len(known.reaches) + 1):
        for keep_tops in (False, True) if quick else (False,):
            way = Way(frozenset(sorted(known.reaches)[:count]), keep_tops)
            try:
                work = _work(streaming(graph, known, way).graph)
            except TooFewRows:
                continue
            if work < least:
                least, best = work, way
    return best


def _stops(graph: Graph, known: Bands, shared: frozenset[int]) -> str:
    """Why it ends there, as an error and a note tell it."""
    for index in sorted((*known.reaches, *known.refused)):
        op = graph.operators[index]
        if index in known.refused:
            return f"{graph.where(op)}: {known.refused[index]}"
        if index not in shared:
            return f"{graph.where(op)}: to do so there costs more than it saves"
    return ""


def _silent(graph: Graph, shared: frozenset[int]) -> Starts:
    (source,) = graph.input_tensors
    zeros = np.full(source.shape, source.zero_point, source.dtype.numpy)
    values = {t.index: t.data for t in graph.tensors if t.data is not None} | {source.index: zeros}
    for index in sorted(shared):
        op = graph.operators[index]
        operands = [values[t] for t in op.inputs if t >= 0]
        values |= dict(zip(op.outputs, OPS[op.op].outputs(graph, op, operands), strict=True))
    return values


def _work(graph: Graph) -> int:
    """About how much there is to do: a byte that is made costs about a multiply-accumulate."""
    made = (graph.tensors[t].nbytes for op in graph.operators for t in op.outputs)
    return _macs(graph) + sum(made)


def _macs(graph: Graph) -> int:
    return sum(OPS[op.op].macs(graph, op) for op in graph.operators if op.op in OPS)


__all__ = ["Hopped", "hopped"]
