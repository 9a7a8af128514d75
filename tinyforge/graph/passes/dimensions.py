"""Slices and transpositions of many dimensions, as what the interpreter has: five dimensions, as
Keras's TimeDistributed makes them, are more than its STRIDED_SLICE takes.

A slice that takes all of a dimension treats it as one with the dimension before it. A TRANSPOSE
that moves dimensions of size 1 alone is a RESHAPE. A slice of what was just put together is the
part that it takes, and one of what was just split is a slice of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from tinyforge.graph.passes.pruned import dead_operators
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops.base import option

_MOST = 4  # dimensions of the interpreter's STRIDED_SLICE


def dimensions(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Rewrites such operators where it helps; notes say nothing, values do not change."""
    work = _Work(graph)
    for op in graph.operators:
        work.take(op)
    if not work.changed:
        return graph, ()
    operators = tuple(replace(op, index=i) for i, op in enumerate(work.operators))
    after = replace(graph, tensors=tuple(work.tensors), operators=operators)
    return dead_operators(after)[0], ()


@dataclass
class _Work:
    """The new graph's tensors and operators, so far. renamed: outputs that are other tensors."""

    graph: Graph
    operators: list[Operator] = field(default_factory=list)
    renamed: dict[int, int] = field(default_factory=dict)
    changed: bool = False

    def __post_init__(self) -> None:
        self.tensors = list(self.graph.tensors)
        self.makers: dict[int, Operator] = {}

    def take(self, op: Operator) -> None:
        op = replace(op, inputs=tuple(self.renamed.get(t, t) for t in op.inputs))
        done = len(op.outputs) == 1 and (
            (op.op == "TRANSPOSE" and self._reshaped(op))
            or (op.op == "STRIDED_SLICE" and self._sliced(op))
        )
        if not done:
            self._add(op)
        self.changed |= done

    def _add(self, op: Operator) -> None:
        self.operators.append(op)
        self.makers |= dict.fromkeys(op.outputs, op)

    def _reshaped(self, op: Operator) -> bool:
        """A TRANSPOSE as a RESHAPE, if the order of elements stays."""
        source, order = self.tensors[op.inputs[0]], _integers(self.tensors, op, 1)
        if order is None or sorted(order) != list(range(len(source.shape))):
            return False
        moved = [axis for axis in order if source.shape[axis] > 1]
        if moved != sorted(moved) or source.data is not None:
            return False
        self._reshape(op.inputs[0], op.outputs[0])
        return True

    def _sliced(self, op: Operator) -> bool:
        source, out = self.tensors[op.inputs[0]], self.tensors[op.outputs[0]]
        taken = _ranges(self.tensors, op)
        if taken is None or source.data is not None or prod(map(len, taken)) != out.size:
            return False
        part = self._part(op.inputs[0], taken)
        if part is not None:
            self._is(part, op.outputs[0])
            return True
        behind = self._before_split(op.inputs[0], taken)
        if behind is not None:
            self._slice(op, *behind)
            return True
        strange = any(op.options[f"{m}_mask"] for m in ("ellipsis", "new_axis"))
        if len(source.shape) <= _MOST and not strange:
            return False
        merged = _merged(source.shape, taken)
        if len(merged) > _MOST:
            return False
        flat = self._new(source, tuple(n for n, _ in merged))
        self._reshape(source.index, flat)
        self._slice(op, flat, [r for _, r in merged])
        return True

    def _part(self, t: int, taken: Sequence[range]) -> int | None:
        """The part that a slice takes of what PACK or CONCATENATION has put together; all of any
        other tensor, if it takes that."""
        if all(r == range(n) for r, n in zip(taken, self.tensors[t].shape, strict=True)):
            return t
        maker = self.makers.get(t)
        if maker is None or maker.op not in ("PACK", "CONCATENATION"):
            return None
        shape = self.tensors[t].shape
        axis = option(maker, "axis") % len(shape)
        whole = [r == range(n) for r, n in zip(taken, shape, strict=True)]
        if not all(whole[:axis] + whole[axis + 1 :]):
            return None
        begin = 0
        for part in maker.inputs:
            size = 1 if maker.op == "PACK" else self.tensors[part].shape[axis]
            if taken[axis] == range(begin, begin + size):
                return part if self.tensors[part].data is None else None
            begin += size
        return None

    def _is(self, t: int, out: int) -> None:
        """The output is another tensor, perhaps under another shape."""
        a, b = self.tensors[t], self.tensors[out]
        if (a.shape, a.quant) == (b.shape, b.quant) and out not in self.graph.outputs:
            self.renamed[out] = t
        else:
            self._reshape(t, out)

    def _reshape(self, t: int, out: int) -> None:
        shape = self._constant("shape", self.tensors[out].shape)
        self._add(Operator(0, "RESHAPE", (t, shape), (out,), {"new_shape": ()}))

    def _before_split(self, t: int, taken: Sequence[range]) -> tuple[int, list[range]] | None:
        """What a slice of one of the outputs of SPLIT or SPLIT_V takes of the input."""
        maker = self.makers.get(t)
        if maker is None or maker.op not in ("SPLIT", "SPLIT_V"):
            return None
        position, axes = (1, 0) if maker.op == "SPLIT" else (0, 2)
        whole, axis = maker.inputs[position], _integers(self.tensors, maker, axes)
        rank = len(self.tensors[whole].shape)
        if axis is None or len(axis) != 1 or rank > _MOST or any(r.step < 0 for r in taken):
            return None
        along = axis[0] % rank
        before = maker.outputs[: maker.outputs.index(t)]
        begin = sum(self.tensors[other].shape[along] for other in before)
        moved = list(taken)
        r = taken[along]
        moved[along] = range(r.start + begin, r.stop + begin, r.step)
        return whole, moved

    def _slice(self, op: Operator, source: int, taken: Sequence[range]) -> None:
        """A STRIDED_SLICE with another's output, under that one's shape."""
        out = self.tensors[op.outputs[0]]
        # A range that goes backwards to the first index has no end that could be written.
        to_first = [r.step < 0 and r.stop < 0 for r in taken]
        values = {
            "begin": [r.start for r in taken],
            "end": [0 if open_ else r.stop for open_, r in zip(to_first, taken, strict=True)],
            "strides": [r.step for r in taken],
        }
        operands = [self._constant(name, ends) for name, ends in values.items()]
        open_ends = sum(1 << i for i, open_ in enumerate(to_first) if open_)
        options = dict.fromkeys(op.options, 0) | {"end_mask": open_ends, "offset": False}
        shape = tuple(map(len, taken))
        cut = out.index if shape == out.shape else self._new(out, shape)
        self._add(Operator(0, "STRIDED_SLICE", (source, *operands), (cut,), options))
        if cut != out.index:
            self._reshape(cut, out.index)

    def _new(self, like: Tensor, shape: tuple[int, ...]) -> int:
        index = len(self.tensors)
        self.tensors.append(replace(like, index=index, shape=shape, signature=()))
        return index

    def _constant(self, name: str, values: Sequence[int]) -> int:
        data = np.array(values, np.int32)
        self.tensors.append(Tensor(len(self.tensors), name, data.shape, DType.INT32, None, data))
        return len(self.tensors) - 1


def _integers(tensors: Sequence[Tensor], op: Operator, position: int) -> list[int] | None:
    """A constant operand's values; None where there is none."""
    data = tensors[op.inputs[position]].data if position < len(op.inputs) else None
    return None if data is None else [int(v) for v in data.reshape(-1)]


def _ranges(tensors: Sequence[Tensor], op: Operator) -> list[range] | None:
    """The indices that a STRIDED_SLICE takes of each dimension; None where they are not known."""
    ends = [_integers(tensors, op, position) for position in (1, 2, 3)]
    if op.options["offset"] or any(e is None for e in ends):
        return None
    begin, end, strides = (e or [] for e in ends)
    names = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    masks = {name: option(op, f"{name}_mask") for name in names}
    shape = tensors[op.inputs[0]].shape
    if not len(begin) == len(end) == len(strides) or 0 in strides:
        return None
    new = sum(masks["new_axis"] >> i & 1 for i in range(len(begin)))
    dots = sum(masks["ellipsis"] >> i & 1 for i in range(len(begin)))
    left = len(shape) - (len(begin) - new - dots)  # dimensions that nothing is said of
    found: list[range] = []
    for i, (b, e, s) in enumerate(zip(begin, end, strides, strict=True)):
        if masks["ellipsis"] >> i & 1:
            found += [range(n) for n in shape[len(found) : len(found) + left]]
        elif not masks["new_axis"] >> i & 1:
            if len(found) >= len(shape):
                return None
            n = shape[len(found)]
            first = None if masks["begin"] >> i & 1 else b
            r = range(*slice(first, None if masks["end"] >> i & 1 else e, s).indices(n))
            if masks["shrink_axis"] >> i & 1:
                at = b % n if -n <= b < n else n
                r = range(at, at + 1)
                if at == n:
                    return None
            found.append(r)
    found += [range(n) for n in shape[len(found) :]]
    return found if dots <= 1 and len(found) == len(shape) else None


def _merged(shape: Sequence[int], taken: Sequence[range]) -> list[tuple[int, range]]:
    """The same elements of a tensor of as few dimensions as possible: sizes and ranges."""
    found: list[tuple[int, range]] = []
    for n, r in zip(shape, taken, strict=True):
        if n == 1 and len(r) == 1:
            continue
        if found:
            m, outer = found[-1]
            if r == range(n) and (outer.step == 1 or len(outer) == 1):
                found[-1] = (m * n, range(outer.start * n, (outer.start + len(outer)) * n))
                continue
            if len(outer) == 1 and r.step > 0:
                first = outer.start * n
                found[-1] = (m * n, range(first + r.start, first + r.stop, r.step))
                continue
        found.append((n, r))
    return found or [(1, range(1))]
