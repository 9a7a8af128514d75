"""The memory plan: in what order layers take their steps, and where in the arena all lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyforge.memory.schedule import Step


@dataclass(frozen=True)
class Place:
    """Where a tensor of nbytes lies, which is made in rows: row y begins at offset + y % room rows.

    room: for how many rows, fewer than there are where they are handed on one by one. made: how
    many are made at all: the last ones are not where nobody reads them.
    """

    offset: int
    nbytes: int
    rows: int
    room: int
    made: int

    @property
    def row_bytes(self) -> int:
        return self.nbytes // self.rows

    def of(self, rows: int) -> Place:
        """The same as a layer sees it that divides the tensor into so many rows."""
        if rows == self.rows:
            return self
        assert self.room == self.rows, "only a tensor that is whole has other rows"
        return Place(self.offset, self.nbytes, rows, rows, rows)

    def begin(self, row: int) -> int:
        """Where in the arena a row begins."""
        return self.offset + row % self.room * self.row_bytes


@dataclass(frozen=True)
class Slot:
    """One stretch of the arena, alive from step `first` to step `last` (both included).

    tensors: the tensors that lie in it, in the order they are written: more than one where an
    operator writes its output over its input, or only changes the shape; none for a layer's
    scratch memory. rows: how many rows a ring has; 0 where whole tensors lie.
    """

    offset: int
    nbytes: int
    first: int
    last: int
    tensors: tuple[int, ...]
    rows: int = 0
    layer: int = -1


@dataclass(frozen=True)
class Plan:
    """order: operator indices, as they begin. steps: as layers take them, aliases left out.

    finished: for each step, the rows of its layer's outputs that it finishes.
    Slots count steps from 0; the graph's inputs are alive from step 0, its outputs to the end, and
    variable tensors throughout.
    places: by tensor. scratch: offsets by operator index. streaming: layers that take their input
    row by row although they need all of it. lower_bound: no placement can need less with these
    steps; equal to arena_bytes when the placement is proved optimal.
    """

    order: tuple[int, ...]
    steps: tuple[Step, ...]
    finished: tuple[range, ...]
    slots: tuple[Slot, ...]
    places: Mapping[int, Place]
    scratch: Mapping[int, int]
    streaming: frozenset[int]
    arena_bytes: int
    lower_bound: int

    @property
    def optimal(self) -> bool:
        return self.arena_bytes == self.lower_bound
