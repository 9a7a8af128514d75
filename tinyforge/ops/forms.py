"""How a kernel goes over its tensors: at once, or in steps of a row.

A layer that works by rows can start before the layer ahead of it has finished, and its output can
take the place of input rows that nobody needs any more. A form says which rows each step reads
and writes; the planner and the generated code know nothing else of a kernel.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tinyforge.graph import Tensor

if TYPE_CHECKING:
    from tinyforge.ops.window import Window


class Form(Hashable, Protocol):
    """Steps run in order, from 0. Every computed input is divided into input_rows equal stretches
    of bytes, the output into output_rows."""

    @property
    def steps(self) -> int: ...

    @property
    def input_rows(self) -> int: ...

    @property
    def output_rows(self) -> int: ...

    @property
    def scratch_bytes(self) -> int:
        """Memory that the kernel needs from its first step to its last."""
        ...

    def reads(self, step: int) -> range:
        """Rows of every computed input that a step needs; empty for none."""
        ...

    def writes(self, step: int) -> range:
        """Rows of the output that are finished after a step, and were not before."""
        ...


@dataclass(frozen=True)
class Whole:
    """One step: all of the inputs, all of the output. C: function(&fields, inputs..., output)."""

    steps: int = 1
    input_rows: int = 1
    output_rows: int = 1
    scratch_bytes: int = 0

    def reads(self, step: int) -> range:
        return range(step, step + 1)

    def writes(self, step: int) -> range:
        return range(step, step + 1)


WHOLE = Whole()


@dataclass(frozen=True)
class RowByRow:
    """Output row y comes from row y of every input. The kernel's fields describe one row.

    C: function(&fields, rows..., output row).
    """

    steps: int
    scratch_bytes: int = 0

    @property
    def input_rows(self) -> int:
        return self.steps

    @property
    def output_rows(self) -> int:
        return self.steps

    def reads(self, step: int) -> range:
        return range(step, step + 1)

    def writes(self, step: int) -> range:
        return range(step, step + 1)


def row_by_row(t: Tensor) -> Whole | RowByRow:
    """The form of a kernel that takes each element of t by itself, or each of its rows."""
    by_rows = len(t.shape) == 4 and t.shape[0] == 1 and t.shape[1] > 1
    return RowByRow(t.shape[1]) if by_rows else WHOLE


@dataclass(frozen=True)
class Windowed:
    """Output row y comes from the input rows under a window.

    C: function(&fields, y, &input as forge_rows, room for pointers to its rows, output row).
    """

    window: Window
    scratch_bytes: int = 0

    @property
    def steps(self) -> int:
        return self.window.output[0]

    @property
    def input_rows(self) -> int:
        return self.window.input[0]

    @property
    def output_rows(self) -> int:
        return self.window.output[0]

    def reads(self, step: int) -> range:
        first = step * self.window.stride[0] - self.window.padding[0]
        end = first + (self.window.kernel[0] - 1) * self.window.dilation[0] + 1
        return range(max(0, first), min(end, self.input_rows))

    def writes(self, step: int) -> range:
        return range(step, step + 1)


@dataclass(frozen=True)
class Accumulated:
    """Step k takes in input row k; the last one finishes the output, until then in scratch memory.

    C: function(&fields, k, input row, scratch, output).
    """

    steps: int
    scratch_bytes: int
    output_rows: int = 1

    @property
    def input_rows(self) -> int:
        return self.steps

    def reads(self, step: int) -> range:
        return range(step, step + 1)

    def writes(self, step: int) -> range:
        return range(1 if step == self.steps - 1 else 0)


@dataclass(frozen=True)
class Picked:
    """Output row y comes from input row source[y], or from no input where that is -1.

    The sources may not go backwards. C: function(&fields, input row or NULL, output row).
    """

    source: tuple[int, ...]
    input_rows: int
    scratch_bytes: int = 0

    @property
    def steps(self) -> int:
        return len(self.source)

    @property
    def output_rows(self) -> int:
        return len(self.source)

    def reads(self, step: int) -> range:
        row = self.source[step]
        return range(row, row + 1) if row >= 0 else range(0)

    def writes(self, step: int) -> range:
        return range(step, step + 1)
