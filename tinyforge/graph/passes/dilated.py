"""Convolutions with holes, as Keras writes them where the batch's size is open: the pixels of each
place in a block as so many pictures, a convolution without holes, and the pictures put back.

The same sums are one convolution with holes: without the copies, and without the borders that
TensorFlow Lite Micro's SPACE_TO_BATCH_ND leaves to chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph.passes.pruned import dead_operators
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops.base import option

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_SHAPES = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
_ENDS = ["SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"]
_ONES = ("stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor")
_SAME, _VALID = 0, 1

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Holes:
    """source, out: before and after all of it. convolution: the one without holes. last: the
    operator that makes out. rows, made: the shapes of source and out with rows and columns.
    dilation, reach: of these two, from one value of a window to the next, and to the last; sides:
    how many of each are added before and after."""

    source: Tensor
    out: Tensor
    convolution: Operator
    last: Operator
    rows: tuple[int, ...]
    made: tuple[int, ...]
    dilation: _Ints
    reach: _Ints
    sides: _Ints


def dilated(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """One convolution in the place of three operators; values do not change, notes say nothing."""
    found = {holes.last.index: holes for op in graph.operators if (holes := _holes(graph, op))}
    if not found:
        return graph, ()
    work = _Work(graph)
    for op in graph.operators:
        if op.index in found:
            work.write(found[op.index])
        else:
            work.operators.append(op)
    operators = tuple(replace(op, index=i) for i, op in enumerate(work.operators))
    changed = replace(graph, tensors=tuple(work.tensors), operators=operators)
    return dead_operators(changed)[0], ()


def _holes(graph: Graph, first: Operator) -> _Holes | None:
    """What begins with an operator, if it is such a convolution and nobody else needs its parts."""
    chain = _chain(graph, first)
    if len(chain) != 3 or [chain[0].op, chain[2].op] != _ENDS or not _plain(chain[1]):
        return None
    _, convolution, last = chain
    source, out = graph.tensors[first.inputs[0]], graph.tensors[last.outputs[0]]
    inner, within = (graph.tensors[t] for t in (convolution.inputs[0], convolution.outputs[0]))
    if source.quant != inner.quant or within.quant != out.quant or source.shape[0] != 1:
        return None
    operands = [graph.tensors[op.inputs[i]].data for op in (first, last) for i in (1, 2)]
    at = _sides_of(source.shape, inner.shape)
    if source.data is not None or any(data is None for data in operands) or at is None:
        return None
    block, pads, back, crops = (np.asarray(data, np.int64) for data in operands)
    if not np.array_equal(block, back) or not len(at) == len(block) == len(pads) == len(crops):
        return None
    dilation, sides = np.ones(2, np.int64), np.zeros((2, 2), np.int64)
    dilation[at], sides[at] = block, pads - crops
    sizes, results = np.ones(2, np.int64), np.ones(2, np.int64)
    sizes[at], results[at] = source.shape[1:-1], out.shape[1:-1]
    kernel = graph.tensors[convolution.inputs[1]].shape[1:3]
    reach = (np.array(kernel, np.int64) - 1) * dilation
    if (sides < 0).any() or (sizes + sides.sum(axis=1) - reach != results).any():
        return None
    rows, made = (1, *map(int, sizes), source.shape[-1]), (1, *map(int, results), out.shape[-1])
    return _Holes(source, out, convolution, last, rows, made, dilation, reach, sides)


def _chain(graph: Graph, first: Operator) -> list[Operator]:
    """The operator and those that follow but for new shapes, each the only one that reads what is
    made before it; three of them at most."""
    found, op = [first], first
    while len(found) < 3:
        out = op.outputs[0]
        readers = graph.consumers[out]
        if len(readers) != 1 or readers[0].inputs[0] != out or out in graph.outputs:
            break
        op = readers[0]
        if op.op not in _SHAPES:
            found.append(op)
    return found


def _plain(op: Operator) -> bool:
    """A convolution without holes, in steps of one, that adds no border."""
    if op.op not in _CONVOLUTIONS:
        return False
    return option(op, "padding") == _VALID and all(option(op, name) == 1 for name in _ONES)


def _sides_of(source: Sequence[int], inner: Sequence[int]) -> list[int] | None:
    """Which of the convolution's rows (0) and columns (1) the dimensions of the source are."""
    if len(inner) != 4:
        return None
    if len(source) == 4:
        return [0, 1]
    return [1] if inner[1] == 1 else [0] if inner[2] == 1 else None


class _Work:
    """tensors, operators: of the new graph, so far."""

    def __init__(self, graph: Graph) -> None:
        self.tensors = list(graph.tensors)
        self.operators: list[Operator] = []

    def write(self, holes: _Holes) -> None:
        """The convolution with holes, behind a border where it has none that is its own."""
        convolution, options = holes.convolution, dict(holes.convolution.options)
        before = holes.reach // 2
        x = self._reshaped(holes.source.index, holes.rows)
        if np.array_equal(holes.sides, np.stack([before, holes.reach - before], axis=1)):
            options["padding"] = _SAME
        elif holes.sides.any():
            borders = np.pad(holes.sides, ((1, 1), (0, 0)))
            shape = np.add(holes.rows, borders.sum(axis=1))
            padded = self._computed(holes.source, tuple(map(int, shape)))
            self._add("PAD", [x, self._constant(borders)], padded, {})
            x = padded
        down, across = map(int, holes.dilation)
        options |= {"dilation_h_factor": down, "dilation_w_factor": across}
        whole = holes.made == holes.out.shape
        y = holes.out.index if whole else self._computed(holes.out, holes.made)
        self._add(convolution.op, [x, *convolution.inputs[1:]], y, options)
        if not whole:
            self._reshaped(y, holes.out.shape, holes.out.index)

    def _add(self, op: str, inputs: Sequence[int], output: int, options: dict[str, Any]) -> None:
        self.operators.append(Operator(0, op, tuple(inputs), (output,), options))

    def _reshaped(self, t: int, shape: tuple[int, ...], into: int | None = None) -> int:
        if self.tensors[t].shape == shape:
            return t
        out = self._computed(self.tensors[t], shape) if into is None else into
        self._add("RESHAPE", [t, self._constant(np.array(shape))], out, {"new_shape": ()})
        return out

    def _computed(self, like: Tensor, shape: tuple[int, ...]) -> int:
        index = len(self.tensors)
        name = f"{like.name}/{index}"
        self.tensors.append(replace(like, index=index, name=name, shape=shape, signature=()))
        return index

    def _constant(self, values: npt.NDArray[Any]) -> int:
        index, data = len(self.tensors), values.astype(np.int32)
        self.tensors.append(Tensor(index, f"constant/{index}", data.shape, DType.INT32, None, data))
        return index
