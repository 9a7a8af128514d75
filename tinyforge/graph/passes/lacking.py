"""Operators that TensorFlow Lite Micro does not have, as those of it that give the same values.

TILE (what Keras makes of UpSampling2D and RepeatVector) repeats whole dimensions, as BROADCAST_TO
does with dimensions of 1. SELECT is SELECT_V2 of operands that broadcast. RELU_0_TO_1 and
RELU_N1_TO_1 rescale, then clamp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph.passes.pruned import dead_operators
from tinyforge.graph.types import DType, Graph, Operator, Options, Quant, Tensor

_MAX_RANK = 5  # of BROADCAST_TO


def lacking(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Replaces such operators where they can be; the others stay, for the engines to refuse."""
    work = _Rewriting(graph)
    for op in graph.operators:
        before = len(work.operators)
        operands, rewrite = _REWRITES.get(op.op, (0, None))
        as_it_should = len(op.inputs) == operands and len(op.outputs) == 1 and min(op.inputs) >= 0
        if rewrite is None or not as_it_should or not rewrite(work, op):
            del work.operators[before:]
            work.operators.append(op)
    if len(work.tensors) == len(graph.tensors) and work.operators == list(graph.operators):
        return graph, ()
    operators = tuple(
        replace(op, index=i) for i, op in enumerate(_through_reshapes(work.operators))
    )
    changed, _ = dead_operators(replace(graph, tensors=tuple(work.tensors), operators=operators))
    return changed, ()


def _through_reshapes(operators: Sequence[Operator]) -> list[Operator]:
    """A RESHAPE of another's output reads what that one reads: so the other may be for nothing."""
    source: dict[int, int] = {}
    found = []
    for op in operators:
        if op.op != "RESHAPE":
            found.append(op)
            continue
        source[op.outputs[0]] = source.get(op.inputs[0], op.inputs[0])
        found.append(replace(op, inputs=(source[op.outputs[0]], *op.inputs[1:])))
    return found


class _Rewriting:
    """tensors, operators: of the new graph, so far."""

    def __init__(self, graph: Graph) -> None:
        self.tensors = list(graph.tensors)
        self.operators: list[Operator] = []

    def computed(self, like: Tensor, shape: Sequence[int]) -> int:
        """A tensor between two operators, of the elements of one that there is."""
        index = len(self.tensors)
        name = f"{like.name}/{index}"
        between = Tensor(index, name, tuple(shape), like.dtype, like.quant)
        self.tensors.append(between)
        return index

    def constant(
        self, values: npt.NDArray[Any], quant: Quant | None = None, name: str = "constant"
    ) -> int:
        index = len(self.tensors)
        dtype = DType[values.dtype.name.upper()]
        label = f"{name}/{index}"
        self.tensors.append(Tensor(index, label, values.shape, dtype, quant, values))
        return index

    def add(
        self, op: str, inputs: Sequence[int], output: int, options: Options | None = None
    ) -> int:
        self.operators.append(Operator(0, op, tuple(inputs), (output,), options or {}))
        return output

    def reshaped(self, x: int, shape: Sequence[int], output: int | None = None) -> int:
        """The same bytes under another shape, in a new tensor or in one that there is."""
        tensor = self.tensors[x]
        if output is None:
            if tensor.shape == tuple(shape):
                return x
            output = self.computed(tensor, shape)
        operand = self.constant(np.array(shape, np.int32), name=tensor.name)
        return self.add("RESHAPE", [x, operand], output, {"new_shape": tuple(shape)})


def _runs(shape: Sequence[int], multiples: Sequence[int]) -> tuple[list[int], list[int]] | None:
    """The shapes between which BROADCAST_TO tiles; None where it takes more dimensions."""
    before: list[int] = []
    after: list[int] = []
    for size, times in zip(shape, multiples, strict=True):
        if times > 1:
            before.append(1)
            after.append(times)
        if size > 1:
            before.append(size)
            after.append(size)
    while len(after) > _MAX_RANK:
        whole = [i for i in range(len(after) - 1) if before[i : i + 2] == after[i : i + 2]]
        if not whole:
            return None
        for sizes in (before, after):  # the innermost: the outermost are rows
            sizes[whole[-1] : whole[-1] + 2] = [sizes[whole[-1]] * sizes[whole[-1] + 1]]
    return (before or [1], after or [1])


def _tile(work: _Rewriting, op: Operator) -> bool:
    source, multiples = (work.tensors[t] for t in op.inputs)
    out = work.tensors[op.outputs[0]]
    if multiples.data is None or source.dtype is not out.dtype:
        return False
    times = [int(v) for v in multiples.data.reshape(-1)]
    if len(times) != len(source.shape) or min(times, default=1) < 1:
        return False
    if out.shape != tuple(n * m for n, m in zip(source.shape, times, strict=True)):
        return False
    found = _runs(source.shape, times)
    if found is None:
        return False
    before, after = found
    x = work.reshaped(source.index, before)
    same_shape = out.shape == tuple(after)
    tiled = out.index if same_shape else work.computed(out, after)
    work.add("BROADCAST_TO", [x, work.constant(np.array(after, np.int32), name=out.name)], tiled)
    if not same_shape:
        work.reshaped(tiled, out.shape, out.index)
    return True


def _select(work: _Rewriting, op: Operator) -> bool:
    """A condition of one dimension goes with the first of the others."""
    condition, first, second = (work.tensors[t] for t in op.inputs)
    if first.shape != second.shape:
        return False
    x = condition.index
    if len(condition.shape) == 1 and len(first.shape) > 1:
        x = work.reshaped(x, (*condition.shape, *[1] * (len(first.shape) - 1)))
    elif condition.shape not in ((), first.shape):
        return False
    work.add("SELECT_V2", [x, *op.inputs[1:]], op.outputs[0])
    return True


def _clamped(low: float) -> Callable[[_Rewriting, Operator], bool]:
    """From low to 1. Source: reference_ops::ReluX, whose bounds Quantize rounds."""

    def rewrite(work: _Rewriting, op: Operator) -> bool:
        source, out = work.tensors[op.inputs[0]], work.tensors[op.outputs[0]]
        if source.dtype is not DType.INT8 or source.quant is None or out.quant is None:
            return False
        x = source.index
        if (source.scale, source.zero_point) != (out.scale, out.zero_point):
            x = work.add("QUANTIZE", [x], work.computed(out, out.shape))
        limits = [_bound(real, out) for real in (low, 1.0)]
        least, most = (work.constant(np.array([q], np.int8), out.quant, out.name) for q in limits)
        x = work.add("MAXIMUM", [x, least], work.computed(out, out.shape))
        work.add("MINIMUM", [x, most], out.index)
        return True

    return rewrite


def _bound(real: float, t: Tensor) -> int:
    """A real value in an int8 tensor's quantization, halves away from zero, clamped."""
    steps = float(np.float32(real) / np.float32(t.scale))
    return max(-128, min(127, t.zero_point + int(np.trunc(steps + np.copysign(0.5, steps)))))


# How many operands each has, and what makes others of it; False where that cannot be.
_REWRITES: Mapping[str, tuple[int, Callable[[_Rewriting, Operator], bool]]] = {
    "RELU_0_TO_1": (1, _clamped(0.0)),
    "RELU_N1_TO_1": (1, _clamped(-1.0)),
    "SELECT": (3, _select),
    "TILE": (2, _tile),
}
