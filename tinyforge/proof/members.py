"""Whether bounds and zero points, which a layer's channels have in common, are seen to be others.

Outputs never fall where one of them rises: what is found for a change by one holds for all changes
of the same direction. A kernel whose constants stand packed, or that clamps bytes, has an int8 in
such a place and no other value: at its end there is no further one to see. Below its lower bound
such a kernel may round halves otherwise, by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import option
from tinyforge.ops.fixed_point import requantize, wrap32
from tinyforge.ops.quantization import activation_range
from tinyforge.proof.margins import Sight, seen_channels
from tinyforge.proof.oracle import reference
from tinyforge.proof.taps import Taps

Array = npt.NDArray[Any]

_LEAST, _MOST = -128, 127
_ACTIVATION = "fused_activation_function"
_BOUNDED = ("ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MUL", "SUB")


@dataclass(frozen=True, eq=False)
class Outputs:
    """A layer's outputs, (positions, channels): free, before the bounds low and high are laid on,
    and as the sight knows them."""

    free: Array
    low: int
    high: int
    sight: Sight

    @property
    def was(self) -> Array:
        return np.clip(self.free, self.low, self.high)

    def shows(self, now: Array) -> bool:
        return bool(seen_channels(self.was, now, self.sight).any())


# The members' names, and whether each is seen to be more, and to be less.
Seen = Iterator[tuple[str, bool, bool]]


def of_outputs(taps: Taps, sight: Sight) -> Outputs:
    """Of a layer that multiplies and adds."""
    requantization = taps.requantization
    scaled = requantize(wrap32(taps.acc), requantization.multiplier, requantization.shift)
    free = scaled + requantization.output.zero_point
    return Outputs(free, requantization.low, requantization.high, sight)


def of_reference(
    graph: Graph, op: Operator, values: Mapping[int, Array], sight: Sight
) -> Outputs | None:
    """Of one that adds or multiplies element by element, or pools, and then lays bounds on it.
    sight: in the output's shape. None of any other."""
    if op.op not in _BOUNDED:
        return None
    out = graph.tensors[op.outputs[0]]
    low, high = activation_range(graph, op, option(op, _ACTIVATION), out)
    without = replace(op, options={**op.options, _ACTIVATION: 0})
    (free,) = reference(graph, without, [values[t] for t in op.inputs])
    flat = (-1, out.shape[-1] if out.shape else 1)
    masks = {name: getattr(sight, name).reshape(flat) for name in ("rising", "falling")}
    free = free.astype(np.int64).reshape(flat)
    return Outputs(free, low, high, replace(sight, **masks))


def plain(taps: Taps, outputs: Outputs) -> Seen:
    """Of kernels that keep the model's constants as they are, and clamp before bytes are stored."""
    free, low, high, was = outputs.free, outputs.low, outputs.high, outputs.was
    shows, apply = outputs.shows, taps.requantization.apply
    yield (
        "activation_min",
        shows(np.maximum(was, low + 1)),
        shows(np.where(free < low, np.maximum(free, low - 1), was)),
    )
    yield (
        "activation_max",
        shows(np.where(free > high, np.minimum(free, high + 1), was)),
        shows(np.minimum(was, high - 1)),
    )
    moved = (np.clip(free + step, low, high) for step in (1, -1))
    yield ("output_zero_point", *map(shows, moved))  # type: ignore[misc]
    moved = (apply(taps.acc - step * taps.sums).astype(np.int64) for step in (1, -1))
    yield ("input_zero_point", *map(shows, moved))  # type: ignore[misc]


def packed(taps: Taps, outputs: Outputs, members: Mapping[str, Any]) -> Seen:
    """Of kernels whose constants stand packed, biases with the input's zero point in them: that one
    alone is what lies around the input. members: of the kernel's structure."""
    if "input_zero_point" in members and outputs.sight.mixed:
        around = taps.weights.sum(axis=1) - taps.sums
        moved = (taps.requantization.apply(taps.acc + step * around) for step in (1, -1))
        more, less = (outputs.shows(now.astype(np.int64)) for now in moved)
        at = members["input_zero_point"]
        yield "input_zero_point", more or at == _MOST, less or at == _LEAST
    names = {name.rpartition(".")[2] for name in members}
    if "least" in names:
        yield from _based(outputs, "least", top=1)
        yield from _range(outputs)
    elif any(name.startswith("dense.") for name in members):
        yield from _based(outputs, "activation_min", top=0)
        yield from _upper(outputs)
    else:
        if "output_zero_point" in names:
            moved = (np.clip(outputs.free + s, outputs.low, outputs.high) for s in (1, -1))
            yield ("output_zero_point", *map(outputs.shows, moved))  # type: ignore[misc]
        yield from clamped(outputs)


def clamped(outputs: Outputs) -> Seen:
    """Of kernels that lay bounds on bytes."""
    low, was = outputs.low, outputs.was
    more = outputs.shows(np.maximum(was, low + 1)) or low == _MOST
    less = outputs.shows(np.where(outputs.free < low - 1, low - 1, was)) or low == _LEAST
    yield "activation_min", more, less
    yield from _upper(outputs)


def _upper(outputs: Outputs) -> Seen:
    more, less = _ends(outputs)
    yield "activation_max", more or outputs.high == _MOST, less or outputs.high == _LEAST


def _range(outputs: Outputs) -> Seen:
    """How far outputs go above the lower bound: 0 to 255."""
    more, less = _ends(outputs)
    reach = outputs.high - outputs.low
    yield "range", more or reach == _MOST - _LEAST, less or reach == 0


def _ends(outputs: Outputs) -> tuple[bool, bool]:
    """Whether it is seen that the upper bound is one more, and one less."""
    high, was = outputs.high, outputs.was
    more = outputs.shows(np.where(outputs.free > high, high + 1, was))
    return more, outputs.shows(np.minimum(was, high - 1))


def _based(outputs: Outputs, name: str, *, top: int) -> Seen:
    """Of kernels that count outputs from the lower bound on. top: by how much the upper bound goes
    with it."""
    low, high = outputs.low, outputs.high
    above = np.maximum(outputs.free - low, 0)
    more, less = (
        outputs.shows(np.minimum(above + low + step, high + top * step)) for step in (1, -1)
    )
    yield name, more or low == _MOST, less or low == _LEAST
