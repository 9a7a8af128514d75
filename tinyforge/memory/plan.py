"""The memory plan: in what order layers take their steps, and where in the arena all lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tinyforge.graph import Graph
from tinyforge.memory.network import FEED
from tinyforge.memory.schedule import Step
from tinyforge.ops.chains import Chain
from tinyforge.ops.kernels import Kernels


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


def rows_named(count: int) -> str:
    """How many rows a ring has, in words."""
    return "1 row" if count == 1 else f"{count} rows"


@dataclass(frozen=True)
class Slot:
    """One stretch of the arena, alive from step `first` to step `last` (both included).

    tensors: the tensors that lie in it, in the order they are written: more than one where an
    operator writes its output over its input, or only changes the shape; none for memory that
    layers need for themselves, and then layers are theirs. rows: how many rows a ring has; 0 where
    whole tensors lie.
    """

    offset: int
    nbytes: int
    first: int
    last: int
    tensors: tuple[int, ...]
    rows: int = 0
    layers: tuple[int, ...] = ()

    @property
    def owners(self) -> str:
        """ "layer 5", "layers 3, 7, 11"."""
        numbers = ", ".join(map(str, self.layers))
        return f"layers {numbers}" if len(self.layers) > 1 else f"layer {numbers}"


class Pace(NamedTuple):
    """Of a layer: the first step that finishes rows of its outputs; how many it and each later one
    finish, the next ones, the last one those that are left; and how many there are in all."""

    first: int
    rows: int
    made: int


@dataclass(frozen=True)
class Plan:
    """order: operator indices, as they begin. steps: as layers take them, aliases left out; those
    of the layer FEED are where the next row of an input fed by rows must be there.

    finished: for each step, the rows of its layer's outputs that it finishes.
    Slots count steps from 0; the graph's inputs are alive from step 0, its outputs to the end, and
    variable tensors throughout.
    places: by tensor; those between the operators of a chain have none. scratch: offsets by
    operator index. graph: what is run, turned where that pays (ops/upright.py). kernels: of its
    operators with code, as they run. chains: by their last operators, whose layers they are.
    lower_bound: no placement can need
    less with these steps; equal to arena_bytes when the placement is proved optimal. least: the
    same over all choices of what is handed on row by row; None where they were too many to try.
    settled: layers that have no steps, because what they would copy is in its place.
    in_ram: operators whose tables lie in RAM, beside the arena; those of others lie in flash.
    fast_bytes: of an arena in two memories, from which offset on all lies in the large one; None
    where there is one.
    """

    order: tuple[int, ...]
    steps: tuple[Step, ...]
    finished: tuple[range, ...]
    slots: tuple[Slot, ...]
    places: Mapping[int, Place]
    scratch: Mapping[int, int]
    arena_bytes: int
    lower_bound: int
    graph: Graph = field(compare=False)
    kernels: Kernels = field(compare=False)
    chains: Mapping[int, Chain] = field(compare=False)
    least: int | None = None
    settled: frozenset[int] = frozenset()
    in_ram: frozenset[int] = frozenset()
    fast_bytes: int | None = None

    @cached_property
    def chain_of(self) -> Mapping[int, Chain]:
        """Operator index to the chain that the operator is in."""
        return {op.index: chain for chain in self.chains.values() for op in chain.operators}

    @cached_property
    def within(self) -> Mapping[int, int]:
        """Operators that run within another's layer, and which."""
        return {i: chain.last for i, chain in self.chain_of.items() if i != chain.last}

    @cached_property
    def paces(self) -> Mapping[int, Pace]:
        """Of layers that have one; it begins in step 0, or in the last one of a layer that takes
        rows in."""
        own: dict[int, list[range]] = {}
        for step, rows in zip(self.steps, self.finished, strict=True):
            own.setdefault(step.layer, []).append(rows)
        found: dict[int, Pace] = {}
        for layer, made in own.items():
            first = next((number for number, rows in enumerate(made) if rows), None)
            if layer == FEED or first is None:
                continue
            each = len(made[first])
            end = made[-1].stop
            begins = range(0, each * (len(made) - first), each)
            if made[first:] == [range(row, min(row + each, end)) for row in begins]:
                found[layer] = Pace(first, each, end)
        return found

    @property
    def by_rows(self) -> bool:
        """Whether the input is fed row by row."""
        return any(step.layer == FEED for step in self.steps)

    @property
    def optimal(self) -> bool:
        return self.arena_bytes == self.lower_bound
