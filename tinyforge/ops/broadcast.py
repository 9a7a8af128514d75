"""Two operands of different shapes: the loops that go over both and over the output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.ops.base import Table

_MAX_LOOPS = 4


@dataclass(frozen=True)
class _Loop:
    """size steps, each of which advances the operands by so many elements; 0 repeats one."""

    size: int
    first_step: int
    second_step: int

    def continues(self, inner: _Loop) -> bool:
        """Whether this loop goes on where the inner one ends, in both operands."""
        return (
            self.first_step == inner.first_step * inner.size
            and self.second_step == inner.second_step * inner.size
        )


def broadcasts(first: Sequence[int], second: Sequence[int], out: Sequence[int]) -> bool:
    """Whether a kernel has loops enough for shapes that broadcast to out's."""
    return len(_loops(first, second, out)) <= _MAX_LOOPS


def broadcast_fields(
    first: Sequence[int], second: Sequence[int], out: Sequence[int]
) -> dict[str, int | Table]:
    """The members of a kernel's loops, outermost first, for shapes that broadcast to out's."""
    loops = _loops(first, second, out)
    loops += [_Loop(1, 0, 0)] * (_MAX_LOOPS - len(loops))
    fields: dict[str, int | Table] = {}
    for i, loop in enumerate(reversed(loops)):
        fields[f"size[{i}]"] = loop.size
        fields[f"first_step[{i}]"] = loop.first_step
        fields[f"second_step[{i}]"] = loop.second_step
    return fields


def _loops(first: Sequence[int], second: Sequence[int], out: Sequence[int]) -> list[_Loop]:
    """Innermost first.

    Dimensions that need no loop of their own are merged: a picture and a value a channel are two
    loops, a picture and one value are one.
    """
    loops: list[_Loop] = []
    for dimension in range(1, len(out) + 1):
        if out[-dimension] == 1:
            continue
        loop = _Loop(out[-dimension], _step(first, dimension), _step(second, dimension))
        if loops and loop.continues(loops[-1]):
            inner = loops.pop()
            loop = _Loop(loop.size * inner.size, inner.first_step, inner.second_step)
        loops.append(loop)
    return loops


def _step(shape: Sequence[int], dimension: int) -> int:
    """Elements between neighbours along the dimension, counted from the last as 1."""
    if dimension > len(shape) or shape[-dimension] == 1:
        return 0
    return math.prod(shape[len(shape) - dimension + 1 :])
