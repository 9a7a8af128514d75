"""Which tensors of a window follow its rows: a row of theirs needs a few rows of the input alone.

Windows overlap: each begins a hop of rows after the one before. Of a tensor that follows the rows
the next window has the same ones, further up: all but those of new rows, and those that see a
border of the window, where zeros were put.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops import OPS
from tinyforge.ops.base import option
from tinyforge.ops.operands import integers
from tinyforge.ops.pool_2d import pool_window
from tinyforge.ops.reduction import axes
from tinyforge.ops.window import Window, weights_window

_WINDOWS: Mapping[str, Callable[[Graph, Operator], Window]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), weights_window),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), pool_window),
}
# Each element, or the last dimension of each pixel, by itself.
_BY_ROWS = frozenset(
    (
        *("ABS", "ADD", "ELU", "FULLY_CONNECTED", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU"),
        *("LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MINIMUM", "MUL", "NEG", "PRELU", "QUANTIZE"),
        *("RELU", "RELU6", "RSQRT", "SOFTMAX", "SQUARED_DIFFERENCE", "SUB", "TANH"),
    )
)
_REDUCTIONS = frozenset({"MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"})
_KEPT = (DType.INT8, DType.INT16)  # what can be joined to what was kept
_ALL = "it takes all rows of a window"


@dataclass(frozen=True)
class Reach:
    """Row y of an output comes from the input's rows from y * stride - padding on, so many."""

    stride: int = 1
    rows: int = 1
    padding: int = 0

    @property
    def bordered(self) -> int:
        """How many rows of the output see what is before the input's first row."""
        return -(-self.padding // self.stride)

    def taken(self, count: int) -> int:
        """How many of the input's rows the output's first ones need: a multiple of the stride."""
        if count == 0:
            return 0
        end = (count - 1) * self.stride - self.padding + self.rows
        return -(-end // self.stride) * self.stride


@dataclass(frozen=True)
class Band:
    """A tensor that consists of rows along one axis, before which no dimension is above 1.

    rows: in all. new: how many are new in the next window. top, bottom: how many at either end see
    a border. Row y is row y + new of the window before from row `top` up to row `fresh`.
    """

    axis: int
    rows: int
    new: int
    top: int = 0
    bottom: int = 0

    @property
    def fresh(self) -> int:
        """The first of the last rows that have to be computed."""
        return self.rows - self.bottom - self.new

    def after(self, reach: Reach, axis: int, rows: int) -> Band:
        """What an operator makes of it."""
        last = (self.rows - self.bottom + reach.padding - reach.rows) // reach.stride
        return Band(
            axis,
            rows,
            self.new // reach.stride,
            top=-(-(self.top + reach.padding) // reach.stride),
            bottom=max(0, rows - 1 - last),
        )


@dataclass(frozen=True)
class Bands:
    """of: tensors that follow the rows. reaches: by operator, of those that make them. refused: why
    other operators do not that read one, in their order."""

    of: Mapping[int, Band]
    reaches: Mapping[int, Reach]
    refused: Mapping[int, str]


class _Unfit(Exception):  # noqa: N818 - says why an operator is no such one
    """Why an operator's output does not follow the rows."""


def bands(graph: Graph, first: Band) -> Bands:
    """first: of the graph's one input."""
    found = {graph.inputs[0]: first}
    reaches: dict[int, Reach] = {}
    refused: dict[int, str] = {}
    for op in graph.operators:
        if found.keys().isdisjoint(op.inputs):
            continue
        try:
            reach, band = _followed(graph, op, found)
        except _Unfit as why:
            refused[op.index] = str(why)
        else:
            reaches[op.index] = reach
            found[op.outputs[0]] = band
    return Bands(found, reaches, refused)


def _followed(graph: Graph, op: Operator, known: Mapping[int, Band]) -> tuple[Reach, Band]:
    sources = computed(graph, op)
    if op.op not in OPS or len(op.outputs) != 1 or any(t not in known for t in sources):
        raise _Unfit(_ALL)
    source = _together([known[t] for t in sources])
    out = graph.tensors[op.outputs[0]]
    reach, axis = _reach(graph, op, source, out)
    if out.shape[axis] == 1:
        raise _Unfit(_ALL)
    if out.dtype not in _KEPT:
        raise _Unfit(f"its rows are {out.dtype.name.lower()}")
    if source.new % reach.stride:
        raise _Unfit(
            f"a hop is {source.new} of its input's rows, no multiple of its stride {reach.stride}"
        )
    band = source.after(reach, axis, out.shape[axis])
    if band.fresh <= band.top:
        raise _Unfit("none of its rows is the same in two windows")
    return reach, band


def computed(graph: Graph, op: Operator) -> list[int]:
    """An operator's inputs that are no constants."""
    return [t for t in dict.fromkeys(op.inputs) if t >= 0 and graph.tensors[t].data is None]


def _together(sources: Sequence[Band]) -> Band:
    """One band in place of several whose rows an operator takes side by side."""
    if len({(band.axis, band.rows, band.new) for band in sources}) != 1:
        raise _Unfit("its inputs do not move on together")
    top, bottom = (max(getattr(band, end) for band in sources) for end in ("top", "bottom"))
    return replace(sources[0], top=top, bottom=bottom)


def _reach(graph: Graph, op: Operator, source: Band, out: Tensor) -> tuple[Reach, int]:
    """And the axis of the output's rows."""
    if OPS[op.op].lower is None:
        return Reach(), _axis_of_rows(out, source.rows)
    if op.op in _WINDOWS and source.axis in (1, 2):
        return _under(_WINDOWS[op.op](graph, op), source), source.axis
    if op.op in _REDUCTIONS and source.axis not in axes(graph, op):
        return Reach(), _axis_of_rows(out, source.rows)
    if op.op in ("PAD", "PADV2"):
        before = integers(graph, op, 1, "paddings")[2 * source.axis]
        return Reach(padding=before), source.axis
    rank = len(out.shape)
    if op.op == "CONCATENATION" and option(op, "axis") % rank != source.axis:
        return Reach(), source.axis
    if op.op in _BY_ROWS and _keeps_rows(graph, op, source, out):
        return Reach(), source.axis
    raise _Unfit(_ALL)


def _axis_of_rows(out: Tensor, rows: int) -> int:
    """Of the same bytes under another shape."""
    for axis, size in enumerate(out.shape):
        if size == rows:
            return axis
        if size != 1:
            break
    raise _Unfit(_ALL)


def _under(found: Window, source: Band) -> Reach:
    side = source.axis - 1
    rows = (found.kernel[side] - 1) * found.dilation[side] + 1
    return Reach(found.stride[side], rows, found.padding[side])


def _keeps_rows(graph: Graph, op: Operator, source: Band, out: Tensor) -> bool:
    """Whether all operands have the output's rows, or are the same for each of them."""
    behind = len(out.shape) - source.axis  # the axis, counted from the back
    if behind == 1 or out.shape[source.axis] != source.rows:
        return False
    operands = [graph.tensors[t] for t in op.inputs if t >= 0]
    if op.op == "FULLY_CONNECTED":
        return operands[0].shape[:-1] == out.shape[:-1]
    # A constant is the same for each row where it has one row, or none.
    return all(
        t.shape == out.shape if t.data is None else t.shape[-behind:][: -behind + 1] in ((), (1,))
        for t in operands
    )
