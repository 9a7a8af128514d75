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

# Tensors, scratch memory and tiles begin at multiples of this, so that kernels may load words.
ALIGNMENT = 4

# Of a layer: the generated code counts them in uint16_t.
MOST_STEPS = 2**16 - 1


def aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


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

    @property
    def tile_bytes(self) -> int:
        """Memory that it needs during each step, and not in between."""
        ...

    def reads(self, step: int) -> range:
        """Rows of every computed input that a step needs; empty for none."""
        ...

    def writes(self, step: int) -> range:
        """Rows of the output that are finished after a step, and were not before."""
        ...


@dataclass(frozen=True)
class Whole:
    """One step: all of the inputs, all of the output.

    C: function(&fields, inputs..., outputs...), and scratch memory where there is any.
    """

    steps: int = 1
    input_rows: int = 1
    output_rows: int = 1
    scratch_bytes: int = 0
    tile_bytes: int = 0

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
    tile_bytes: int = 0

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


@dataclass(frozen=True)
class Repeated:
    """How a kernel goes over an input that each of its steps takes whole."""

    steps: int
    input_rows: int = 1
    output_rows: int = 1
    scratch_bytes: int = 0
    tile_bytes: int = 0

    def reads(self, step: int) -> range:
        del step
        return range(1)

    def writes(self, step: int) -> range:
        return range(step, step + 1)


def row_by_row(t: Tensor) -> Whole | RowByRow:
    """The form of a kernel that takes each element of t by itself, or each of its rows."""
    by_rows = len(t.shape) == 4 and t.shape[0] == 1 and 1 < t.shape[1] <= MOST_STEPS
    return RowByRow(t.shape[1]) if by_rows else WHOLE


@dataclass(frozen=True)
class Windowed:
    """Output row y comes from the input rows under a window.

    C: function(&fields, pointers to those rows, first column, end of columns, output), for any
    part of an output row, with a tile before the output where the kernel needs one. The kernel's
    fields have the window. Where there are several pictures, their rows follow each other.
    """

    window: Window
    scratch_bytes: int = 0
    tile_bytes: int = 0

    @property
    def steps(self) -> int:
        return self.window.pictures * self.window.output[0]

    @property
    def input_rows(self) -> int:
        return self.window.pictures * self.window.input[0]

    @property
    def output_rows(self) -> int:
        return self.steps

    def reads(self, step: int) -> range:
        picture, y = divmod(step, self.window.output[0])
        begin, height = picture * self.window.input[0], self.window.input[0]
        first = y * self.window.stride[0] - self.window.padding[0]
        end = first + (self.window.kernel[0] - 1) * self.window.dilation[0] + 1
        return range(begin + max(0, first), begin + min(end, height))

    def writes(self, step: int) -> range:
        return range(step, step + 1)


@dataclass(frozen=True)
class Blocks:
    """So many output rows at once come from the input rows under a window.

    window: of blocks of outputs, so many rows high. height: of the output; where the last block
    reaches beyond it, that has fewer rows. C: function(&fields, pointers to the input rows, tile,
    pointers to the output rows, NULL for those that there are not). The kernel's fields have the
    window.
    """

    window: Window
    rows: int
    height: int
    tile_bytes: int
    scratch_bytes: int = 0

    @property
    def steps(self) -> int:
        return self.window.output[0]

    @property
    def input_rows(self) -> int:
        return self.window.input[0]

    @property
    def output_rows(self) -> int:
        return self.height

    def reads(self, step: int) -> range:
        first = step * self.window.stride[0] - self.window.padding[0]
        return range(max(0, first), min(first + self.window.kernel[0], self.input_rows))

    def writes(self, step: int) -> range:
        return range(self.rows * step, min(self.rows * (step + 1), self.height))


@dataclass(frozen=True)
class Spread:
    """Output row y comes from all input rows that reach it, each spread over a window's rows.

    window: of the convolution that is transposed, whose input is the output here. C:
    function(&fields, y, &input as forge_rows, output row). Where there are several pictures, their
    rows follow each other.
    """

    window: Window
    scratch_bytes: int = 0
    tile_bytes: int = 0

    @property
    def steps(self) -> int:
        return self.window.pictures * self.window.input[0]

    @property
    def input_rows(self) -> int:
        return self.window.pictures * self.window.output[0]

    @property
    def output_rows(self) -> int:
        return self.steps

    def reads(self, step: int) -> range:
        """Row r is spread over output rows r * stride to r * stride + kernel - 1, less padding."""
        picture, y = divmod(step, self.window.input[0])
        row, stride = y + self.window.padding[0], self.window.stride[0]
        begin, height = picture * self.window.output[0], self.window.output[0]
        first = max(0, -(-(row - self.window.kernel[0] + 1) // stride))
        last = min(row // stride, height - 1)
        return range(begin + first, begin + last + 1) if first <= last else range(0)

    def writes(self, step: int) -> range:
        return range(step, step + 1)


@dataclass(frozen=True)
class Fused:
    """Several layers as one: output row y comes from a few rows of what the first of them makes.

    Those are never there: a tile is made, as large as one output pixel needs it. rows: of the
    first's output, for each output row.
    """

    first: Windowed
    steps: int
    rows: int
    tile_bytes: int
    scratch_bytes: int = 0

    @property
    def input_rows(self) -> int:
        return self.first.input_rows

    @property
    def output_rows(self) -> int:
        return self.steps

    def reads(self, step: int) -> range:
        begin = self.first.reads(step * self.rows)
        end = self.first.reads((step + 1) * self.rows - 1)
        return range(begin.start, end.stop)

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
    tile_bytes: int = 0

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

    C: function(&fields, input row or NULL, output row).
    """

    source: tuple[int, ...]
    input_rows: int
    scratch_bytes: int = 0
    tile_bytes: int = 0

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


@dataclass(frozen=True)
class Between:
    """Output row y comes from two input rows and what lies between them.

    reach: the first and the last of them, for each output row. C: function(&fields, y, &input as
    forge_rows, output row).
    """

    reach: tuple[tuple[int, int], ...]
    input_rows: int
    scratch_bytes: int = 0
    tile_bytes: int = 0

    @property
    def steps(self) -> int:
        return len(self.reach)

    @property
    def output_rows(self) -> int:
        return len(self.reach)

    def reads(self, step: int) -> range:
        first, last = self.reach[step]
        return range(first, last + 1)

    def writes(self, step: int) -> range:
        return range(step, step + 1)
