"""A model of windows as one that is given the new rows of each, and remembers what it needs of the
others: a state for each tensor of which rows are kept.

A layer that makes rows anew is given, in one piece, the rows for those at the window's top, what
was kept, and the new ones. What it makes between the two is of no use, and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tinyforge.graph.hop.bands import Bands, Reach, computed
from tinyforge.graph.hop.demand import Demand, Rows, Way, demand
from tinyforge.graph.passes.pruned import numbering, pruned
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops import OPS

# By tensor, what it is of a window that is given nothing.
Starts = Mapping[int, npt.NDArray[np.integer]]


@dataclass(frozen=True)
class Made:
    """What of a window's tensor the streaming graph makes. own, begin: in which of its tensors, and
    from which byte on. of, at: the window's tensor, and from which byte on. nbytes: how many."""

    own: int
    begin: int
    of: int
    at: int
    nbytes: int


@dataclass(frozen=True, eq=False)
class Streaming:
    """graph: takes a hop of rows and gives what the window that ends with them gives; before the
    first rows there was nothing, the input's zero point. made: of the window's tensors."""

    graph: Graph
    made: tuple[Made, ...]


@dataclass(frozen=True)
class _Piece:
    """A tensor of some rows of another: of the first ones, up to top; and, from its own row `last`
    on, of those that have to be computed at the end. What is between is of no use."""

    tensor: int
    top: int
    last: int
    rows: int


def streaming(graph: Graph, known: Bands, way: Way, starts: Starts | None = None) -> Streaming:
    """way: of operators in known.reaches. starts: None where states may begin with anything.

    TooFewRows where nothing is left to be kept.
    """
    return _Streaming(graph, known, way.shared, demand(graph, known, way), starts).run()


@dataclass
class _Streaming:
    graph: Graph
    known: Bands
    shared: AbstractSet[int]
    demand: Demand
    starts: Starts | None
    operators: list[Operator] = field(default_factory=list)
    pieces: dict[int, _Piece] = field(default_factory=dict)  # by the tensor that they are rows of,
    kept: dict[int, int] = field(default_factory=dict)  # and so what is read of the state,
    states: dict[int, int] = field(default_factory=dict)  # the state,
    nexts: dict[int, int] = field(default_factory=dict)  # and what that becomes

    def __post_init__(self) -> None:
        self.tensors = list(self.graph.tensors)

    def run(self) -> Streaming:
        (source,) = self.graph.inputs
        hop, name = self.known.of[source].new, self.graph.tensors[source].name
        fed = self._tensor(source, hop, name)
        self.tensors[source] = replace(self.tensors[source], name=f"{name}/window")
        self._put(source, _Piece(fed, 0, 0, hop))
        for op in self.graph.operators:
            if op.index in self.shared:
                self._share(op)
            else:
                self.operators.append(op)
        for t, state in self.states.items():
            self._assign(state, self.nexts[t])
        found = replace(
            self.graph,
            tensors=tuple(self.tensors),
            operators=tuple(self.operators),
            inputs=(fed,),
        )
        return Streaming(pruned(found), tuple(self._made(numbering(found))))

    def _share(self, op: Operator) -> None:
        """The operator on the rows that its output lacks."""
        (out,), sources = op.outputs, computed(self.graph, op)
        band, top = self.known.of[out], self.demand.rows[out].top
        name, piece = f"{self.tensors[out].name}/rows", self.pieces[sources[0]]
        if len(sources) == 1 and self._goes_on(op, piece, top):
            given, made = {sources[0]: piece.tensor}, piece
        else:
            taken = self.demand.taken[op.index]
            given = {t: self._joined(t, taken) for t in sources}
            left_out = (taken.first - taken.top) // self.known.reaches[op.index].stride
            rows = band.rows - left_out
            made = _Piece(-1, top, rows - (band.rows - band.fresh), rows)
        made = replace(made, tensor=self._tensor(out, made.rows, name))
        self._run(op, given, made.tensor)
        self._put(out, made)

    def _goes_on(self, op: Operator, piece: _Piece, top: int) -> bool:
        """Whether it takes a piece as it is, row by row; what is of no use as well, where that
        costs less than to leave it out."""
        (out,), (source,) = op.outputs, computed(self.graph, op)
        same = self.known.of[out].rows == self.known.of[source].rows
        cheap = piece.last == piece.top or not OPS[op.op].macs(self.graph, op)
        return self.known.reaches[op.index] == Reach() and same and cheap and top <= piece.top

    def _run(self, op: Operator, given: Mapping[int, int], out: int) -> None:
        inputs = tuple(given.get(t, t) for t in op.inputs)
        if op.op == "RESHAPE":
            shape = self.tensors[out].shape
            inputs = (inputs[0], self._numbers(shape))
            op = replace(op, options={"new_shape": shape})
        self.operators.append(replace(op, inputs=inputs, outputs=(out,)))

    def _put(self, t: int, piece: _Piece) -> None:
        """What there is of a tensor's rows; and all of them, where somebody takes all."""
        self.pieces[t] = piece
        band, rows = self.known.of[t], self.demand.rows[t]
        if rows.first < band.fresh:
            self._remember(t)
        if t in self.demand.whole:
            self._join(t, self._parts(t, rows), t)
            self._keep(t, t, rows.first)

    def _joined(self, t: int, taken: Rows) -> int:
        """A tensor of the rows that are taken of one."""
        if t in self.demand.whole:
            return self._join(t, self._of_whole(t, taken))
        found = self._join(t, self._parts(t, taken))
        if taken.first == self.demand.rows[t].first and t in self.kept and t not in self.nexts:
            self._keep(t, found, taken.top)
        return found

    def _of_whole(self, t: int, taken: Rows) -> list[int]:
        if taken.top == taken.first:
            return [t]
        ends = (range(taken.top), range(taken.first, self.known.of[t].rows))
        return [self._slice(t, t, rows) for rows in ends if rows]

    def _parts(self, t: int, taken: Rows) -> list[int]:
        """The rows at the top, those that were kept, and the new ones."""
        piece, fresh, first = self.pieces[t], self.known.of[t].fresh, self.demand.rows[t].first
        last = range(piece.last + max(0, taken.first - fresh), piece.rows)
        parts = [(piece.tensor, range(taken.top)), (piece.tensor, last)]
        if taken.first < fresh:
            parts.insert(1, (self.kept[t], range(taken.first - first, fresh - first)))
        return [self._slice(t, tensor, rows) for tensor, rows in parts if rows]

    def _remember(self, t: int) -> None:
        """A state of the rows that are kept, as the window before left it."""
        band, first = self.known.of[t], self.demand.rows[t].first
        state = self._tensor(t, band.fresh - first, f"{self.graph.tensors[t].name}/kept")
        self.tensors[state] = replace(self.tensors[state], variable=True, start=self._start(t))
        self.kept[t] = self._tensor(t, band.fresh - first, f"{self.graph.tensors[t].name}/before")
        self.operators.append(Operator(0, "READ_VARIABLE", (state,), (self.kept[t],), {}))
        self.states[t] = state

    def _start(self, t: int) -> npt.NDArray[np.integer] | None:
        if self.starts is None:
            return None
        band, first = self.known.of[t], self.demand.rows[t].first
        values = self.starts[t].take(range(first + band.new, band.fresh + band.new), band.axis)
        return None if (values == self.graph.tensors[t].initial).all() else values

    def _keep(self, t: int, tensor: int, begin: int) -> None:
        """For the next window, rows of a tensor that has this one's first kept row at `begin`."""
        band, first = self.known.of[t], self.demand.rows[t].first
        begin += band.new
        self.nexts[t] = self._slice(t, tensor, range(begin, begin + band.fresh - first))

    def _assign(self, state: int, value: int) -> None:
        before = self.tensors[state]
        after = replace(before, index=len(self.tensors), variable=False, start=None)
        self.tensors.append(replace(after, name=f"{before.name}/next"))
        self.operators.append(Operator(0, "ASSIGN_VARIABLE", (state, value), (after.index,), {}))

    def _slice(self, t: int, tensor: int, rows: range) -> int:
        """Some rows of a tensor that has rows of t."""
        axis, shape = self.known.of[t].axis, self.tensors[tensor].shape
        if len(rows) == shape[axis]:
            return tensor
        begin, size = [0] * len(shape), [-1] * len(shape)
        begin[axis], size[axis] = rows.start, len(rows)
        out = self._tensor(t, len(rows), f"{self.tensors[tensor].name}/{rows.start}")
        operands = (tensor, self._numbers(begin), self._numbers(size))
        self.operators.append(Operator(0, "SLICE", operands, (out,), {}))
        return out

    def _join(self, t: int, parts: Sequence[int], out: int | None = None) -> int:
        """Parts of t, one after the other. out: None for a new tensor, if they are several."""
        axis = self.known.of[t].axis
        if out is None and len(parts) == 1:
            return parts[0]
        if out is None:
            rows = sum(self.tensors[part].shape[axis] for part in parts)
            out = self._tensor(t, rows, f"{self.graph.tensors[t].name}/taken")
        options = {"axis": axis, "fused_activation_function": 0}
        self.operators.append(Operator(0, "CONCATENATION", tuple(parts), (out,), options))
        return out

    def _tensor(self, t: int, rows: int, name: str) -> int:
        """A new tensor of so many rows of t."""
        like, axis = self.graph.tensors[t], self.known.of[t].axis
        shape = (*like.shape[:axis], rows, *like.shape[axis + 1 :])
        self.tensors.append(
            replace(like, index=len(self.tensors), name=name, shape=shape, signature=())
        )
        return len(self.tensors) - 1

    def _numbers(self, values: Sequence[int]) -> int:
        data = np.array(values, np.int32)
        index = len(self.tensors)
        self.tensors.append(Tensor(index, f"numbers_{index}", data.shape, DType.INT32, None, data))
        return index

    def _made(self, number: Mapping[int, int]) -> Iterator[Made]:
        """number: that each tensor has in the end."""
        for op in self.graph.operators:
            for t in op.outputs:
                nbytes = self.graph.tensors[t].nbytes
                if op.index not in self.shared or t in self.demand.whole:
                    yield Made(number[t], 0, t, 0, nbytes)
                if op.index in self.shared:
                    piece, band = self.pieces[t], self.known.of[t]
                    row, own = nbytes // band.rows, number[piece.tensor]
                    last = (band.rows - band.fresh) * row
                    yield Made(own, piece.last * row, t, band.fresh * row, last)
                    if self.demand.rows[t].top:
                        yield Made(own, 0, t, 0, self.demand.rows[t].top * row)
