"""Single changes of a model's constants, as a slip of the hand would make them in a project's C.

Whoever tests the firmware must see them. They are made of any operator alike: of its constant
operands, of the quantization that its kernel's constants follow from, of its activation's bounds,
of a table's entries, of the order of its output's channels. What leaves the kernel's constants as
they are is no change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.memory.network import is_alias
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.proof.oracle import reference

Array = npt.NDArray[Any]
# (a layer's operands, its outputs) to other outputs.
Change = Callable[[Sequence[Array], tuple[Array, ...]], tuple[Array, ...]]

# The kind that no golden vectors may miss: every weight of a layer overwritten.
ALL_WEIGHTS = "all weights"

_ACTIVATION = "fused_activation_function"
_TABLE_ENTRIES = 256
# Of a multiplier and of a scale: what shows in the eighth bit, and a shift by one.
_MULTIPLIER_CHANGE, _SHIFT_CHANGE = 1 + 2**-8, 2.0


@dataclass(frozen=True, eq=False)
class Mutant:
    """A layer that is wrong in one thing.

    kind: which thing, as a report names it. graph, op: as the layer sees them, everything else in
    the model being as it was. change: what becomes of the layer's outputs; None: nothing more.
    """

    layer: int
    kind: str
    graph: Graph
    op: Operator
    change: Change | None = None

    def instead(self, graph: Graph, op: Operator, operands: Sequence[Array]) -> tuple[Array, ...]:
        """What a layer of the model computes: this one wrongly, any other as it should."""
        if op.index != self.layer:
            return reference(graph, op, operands)
        return self._outputs(operands)

    def _outputs(self, operands: Sequence[Array]) -> tuple[Array, ...]:
        """What the layer computes, wrongly, from its operands; constants are the mutant's own."""
        own = [self.graph.tensors[t].data for t in self.op.inputs if t >= 0]
        given = [
            value if constant is None else constant
            for constant, value in zip(own, operands, strict=True)
        ]
        known = OPS[self.op.op]
        found: tuple[Array, ...] = known.outputs(self.graph, self.op, given)
        if self.change is None:
            return found
        found = self.change(given, found)
        if known.replaces is not None:
            given[known.replaces][...] = found[0]  # that is what the next inference finds
        return found


def mutants_of(graph: Graph, op: Operator, seed: int) -> list[Mutant]:
    """A layer's mutants, the most telling kinds first. Empty for a layer without code.

    Which weight, entry or channel is changed is drawn, by seed and layer.
    """
    if is_alias(op):
        return []
    rng = np.random.default_rng((seed, op.index))
    made = [*_of_constants(graph, op, rng), *_of_arithmetic(graph, op), *_of_table(graph, op, rng)]
    return [*made, *_of_order(graph, op, rng)]


def _variant(graph: Graph, tensor: Tensor) -> Graph:
    """The graph with another tensor in the place of that index."""
    tensors = list(graph.tensors)
    tensors[tensor.index] = tensor
    return replace(graph, tensors=tuple(tensors))


def _lowered(graph: Graph, op: Operator) -> Kernel:
    """The kernel of a layer with code."""
    lower = OPS[op.op].lower
    assert lower is not None
    return lower(graph, op)


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    """None where the operator cannot be what it was changed to."""
    try:
        OPS[op.op].check(graph, op)
        return _lowered(graph, op)
    except (ForgeError, ValueError, ArithmeticError, AssertionError, IndexError):
        return None


def _tables(kernel: Kernel) -> list[Table]:
    return [v for v in (*kernel.fields.values(), *kernel.inputs) if isinstance(v, Table)]


def _numbers(kernel: Kernel) -> list[int | float]:
    return [v for v in kernel.fields.values() if not isinstance(v, Table)]


def _same_tables(a: Kernel, b: Kernel) -> bool:
    return all(
        np.array_equal(x.values, y.values) for x, y in zip(_tables(a), _tables(b), strict=True)
    )


def _of_constants(graph: Graph, op: Operator, rng: np.random.Generator) -> Iterator[Mutant]:
    """Of constant operands that lie in flash as they are: weights, biases, constants to add."""
    was = _lowered(graph, op)
    for position, index in enumerate(op.inputs):
        t = graph.tensors[index] if index >= 0 else None
        if t is None or t.data is None or t.data.dtype.kind != "i" or not t.size:
            continue
        for kind, values in _changed_values(op, position, t, rng):
            changed = _variant(graph, replace(t, data=values))
            now = _kernel(changed, op)
            if now is None or len(_tables(now)) != len(_tables(was)):
                continue
            # Sizes, axes and paddings are constant operands too: those make another layer.
            if _numbers(now) == _numbers(was) and not _same_tables(now, was):
                yield Mutant(op.index, kind, changed, op)


def _changed_values(
    op: Operator, position: int, t: Tensor, rng: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    values = t.data
    assert values is not None
    highest = 7 if t.dtype is DType.INT4 else np.iinfo(values.dtype).max
    one = np.unravel_index(int(rng.integers(values.size)), values.shape)
    if values.dtype in (np.int32, np.int64):
        near = values.copy()
        near[one] += -1 if values[one] > 0 else 1
        far = values.copy()
        step = max(2, int(np.abs(values).max()) // 4)
        far[one] += -step if values[one] > 0 else step
        yield "bias", near
        yield "bias, far", far
        return
    near = values.copy()
    near[one] += -1 if values[one] == highest else 1
    yield "one weight", near
    all_alike = np.full_like(values, 7)
    yield ALL_WEIGHTS, all_alike
    far = values.copy()
    far[one] += -(highest // 2 + 1) if values[one] > 0 else highest // 2 + 1
    yield "one weight, far", far
    weighted = OPS[op.op].weighted
    axis = weighted.channel_axis if weighted and weighted.weights == position else 0
    if values.ndim and values.shape[axis] > 1:
        first, second = rng.choice(values.shape[axis], 2, replace=False)
        rows = np.moveaxis(values.copy(), axis, 0)
        rows[first] = np.where(rows[first] == 0, 7, 0)
        yield "a channel's weights", np.moveaxis(rows, 0, axis)
        rows = np.moveaxis(values.copy(), axis, 0)
        rows[[first, second]] = rows[[second, first]]
        yield "row order", np.moveaxis(rows, 0, axis)


def _of_arithmetic(graph: Graph, op: Operator) -> Iterator[Mutant]:
    """Of multipliers, shifts, zero points and bounds: what follows from the quantization."""
    kernel = _lowered(graph, op)
    fused = _ACTIVATION in op.options
    bounds = _bounds(kernel)
    # Without the fused activation, and clamped as it clamps: a bound must not move with the rest.
    bare = replace(op, options={**op.options, _ACTIVATION: 0}) if fused else op
    clamp = _clamped(*bounds) if fused and bounds else None
    out = graph.tensors[op.outputs[0]]
    computed = [graph.tensors[t] for t in dict.fromkeys(op.inputs) if t >= 0]
    sources = [t for t in computed if t.data is None]
    for kind, changed in (
        ("multiplier", _rescaled(out, _MULTIPLIER_CHANGE)),
        ("output zero point", _moved(out)),
        *(("input zero point", _moved(t)) for t in sources),
        ("shift", _rescaled(out, _SHIFT_CHANGE)),
    ):
        if changed is None:
            continue
        variant = _variant(graph, changed)
        now = _kernel(variant, op)
        if now is not None and not _same(now, kernel):
            yield Mutant(op.index, kind, variant, bare, clamp)
    if bounds and out.dtype.numpy.kind == "i":
        limits = np.iinfo(out.dtype.numpy)
        low, high = bounds
        tighter, lower = low == limits.min or not fused, low + 1
        yield Mutant(
            op.index, "lower bound", graph, bare, _clamped(lower if tighter else low - 1, high)
        )
        yield Mutant(op.index, "upper bound", graph, bare, _clamped(low, high - 1))


def _same(a: Kernel, b: Kernel) -> bool:
    return _numbers(a) == _numbers(b) and _same_tables(a, b)


def _bounds(kernel: Kernel) -> tuple[float, float] | None:
    """The kernel's activation_min and activation_max, where it has them."""
    found = [
        value
        for end in ("activation_min", "activation_max")
        for name, value in kernel.fields.items()
        if name.rpartition(".")[2] == end and not isinstance(value, Table)
    ]
    return (found[0], found[1]) if len(found) == 2 else None


def _clamped(low: float, high: float) -> Change:
    return lambda _operands, outputs: tuple(np.clip(o, low, high) for o in outputs)


def _rescaled(t: Tensor, factor: float) -> Tensor | None:
    if t.quant is None:
        return None
    return replace(t, quant=replace(t.quant, scale=tuple(s * factor for s in t.quant.scale)))


def _moved(t: Tensor) -> Tensor | None:
    """With another zero point, by one."""
    quant: Quant | None = t.quant
    if quant is None:
        return None
    return replace(
        t,
        quant=replace(quant, zero_point=tuple(z - 1 if z > 0 else z + 1 for z in quant.zero_point)),
    )


def _of_table(graph: Graph, op: Operator, rng: np.random.Generator) -> Iterator[Mutant]:
    """Of an entry of a table that maps each int8 value by itself."""
    kernel = _lowered(graph, op)
    if len(op.outputs) != 1:
        return
    source, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    whole = [t for t in _tables(kernel) if t.ctype == "int8_t" and t.values.size == _TABLE_ENTRIES]
    if not whole or source.data is not None or source.size != out.size or len(op.inputs) > 1:
        return
    middle = source.zero_point if source.quant else 0
    for entry in (middle, int(np.clip(middle + rng.integers(-64, 64), -128, 127))):
        yield Mutant(op.index, "table entry", graph, op, _another_entry(entry))


def _another_entry(entry: int) -> Change:
    def change(operands: Sequence[Array], outputs: tuple[Array, ...]) -> tuple[Array, ...]:
        (out,) = outputs
        hit = operands[0].reshape(out.shape) == entry
        return (np.where(hit, np.where(out > 0, out - 1, out + 1), out).astype(out.dtype),)

    return change


def _of_order(graph: Graph, op: Operator, rng: np.random.Generator) -> Iterator[Mutant]:
    """Of the order in which a layer leaves its output: two channels, or elements, exchanged."""
    shape = graph.tensors[op.outputs[0]].shape
    axis = next((a for a in range(len(shape) - 1, -1, -1) if shape[a] > 1), None)
    if axis is None:
        return
    first, second = (int(v) for v in rng.choice(shape[axis], 2, replace=False))

    def change(operands: Sequence[Array], outputs: tuple[Array, ...]) -> tuple[Array, ...]:
        del operands
        rows = np.moveaxis(outputs[0].copy(), axis, 0)
        rows[[first, second]] = rows[[second, first]]
        return (np.moveaxis(rows, 0, axis), *outputs[1:])

    yield Mutant(op.index, "output order", graph, op, change)
