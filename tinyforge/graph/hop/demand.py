"""Which rows of each tensor the layers that make rows anew have to be given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tinyforge.graph.hop.bands import Band, Bands
from tinyforge.graph.types import Graph


class TooFewRows(Exception):  # noqa: N818 - says why one way is none
    """What has to be computed anew overlaps: nothing is left to be kept."""


@dataclass(frozen=True)
class Rows:
    """A tensor's rows up to top, and from first on."""

    top: int
    first: int


@dataclass(frozen=True)
class Demand:
    """rows: of each tensor that follows the rows, what its readers take together. whole: those of
    which somebody takes all. taken: by operator, what one takes of each of its inputs."""

    rows: Mapping[int, Rows]
    whole: frozenset[int]
    taken: Mapping[int, Rows]


@dataclass(frozen=True)
class Way:
    """shared: operators that make rows anew alone; whoever makes their inputs is one of them.
    keep_tops: whether a tensor whose rows at the window's top are read is kept whole; else these
    are made of the input each time, which is more work and less memory."""

    shared: frozenset[int]
    keep_tops: bool = False


def demand(graph: Graph, known: Bands, way: Way) -> Demand:
    """TooFewRows where nothing is left to be kept."""
    shared = way.shared
    rows: dict[int, Rows] = {}
    whole: set[int] = set()
    taken: dict[int, Rows] = {}
    makers = {graph.operators[index].outputs[0]: index for index in shared}
    for t in (*sorted(makers, key=lambda t: -makers[t]), graph.inputs[0]):
        band, readers = known.of[t], graph.consumers[t]
        asked = [taken[op.index] for op in readers if op.index in shared]
        # The top of the input is not there anew: it was kept, as all between it and the end.
        all_of_it = (way.keep_tops or t not in makers) and any(r.top for r in asked)
        if all_of_it or t in graph.outputs or any(op.index not in shared for op in readers):
            whole.add(t)
            rows[t] = Rows(band.top, band.top)
        else:
            rows[t] = _together(asked, band)
        if t in makers:
            taken[makers[t]] = _taken(graph, known, makers[t], rows[t].top)
    return Demand(rows, frozenset(whole), taken)


def _together(asked: Collection[Rows], band: Band) -> Rows:
    found = Rows(max(r.top for r in asked), min(band.fresh, *(r.first for r in asked)))
    if found.first < band.top:
        raise TooFewRows
    return found


def _taken(graph: Graph, known: Bands, index: int, top: int) -> Rows:
    """Of an operator's inputs, for its output's first rows, so many, and for the last ones.

    Both begin where a window begins, and the second somewhat before: what sees a border there that
    is none is not used.
    """
    op, reach = graph.operators[index], known.reaches[index]
    found = Rows(
        reach.taken(top),
        (known.of[op.outputs[0]].fresh - reach.bordered) * reach.stride,
    )
    if found.top > found.first:
        raise TooFewRows
    return found
