"""The memory plan: in what order layers run, and where every activation lies in the arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """One stretch of the arena, alive from step `first` to step `last` (both included).

    tensors: the tensors that lie in it, in the order they are written: more than one where an
    operator writes its output over its input, or only changes the shape.
    """

    offset: int
    nbytes: int
    first: int
    last: int
    tensors: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """order: operator indices as they run. slots: what lies where. arena_bytes: the total.

    Steps count operators in this order from 0; the graph's inputs are alive from step 0, its
    outputs to the last. lower_bound: no order and no placement of whole tensors can need less;
    equal to arena_bytes when the plan is proved optimal.
    """

    order: tuple[int, ...]
    slots: tuple[Slot, ...]
    offsets: Mapping[int, int]  # tensor index to arena offset
    arena_bytes: int
    lower_bound: int

    @property
    def optimal(self) -> bool:
        return self.arena_bytes == self.lower_bound
