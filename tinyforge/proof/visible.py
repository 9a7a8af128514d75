"""Which constants of a compiled model its golden vectors see, each by itself: all are looked at.

A constant is seen if the self-test fails whatever else stands in its place, the others being as
they should. That is decided, not sampled: another weight moves an accumulator by a multiple of what
the weight is multiplied by, and how far one must move until a digested byte changes is known
exactly (margins.py). What is not decided here counts as not seen.

Where a kernel reads weights, biases and scales packed into words of its own, what is looked at are
these constants of the model, not the words: another one gives other words, and those its outputs.
Bounds and zero points in structures are looked at in members.py; sizes, which change where a kernel
reads, are not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.engines.base import Lowered
from tinyforge.graph import DType, Graph, Operator
from tinyforge.graph.packed import typed, unpacked
from tinyforge.memory.plan import Plan
from tinyforge.ops import OPS
from tinyforge.ops.quantization import Requantization
from tinyforge.proof import members
from tinyforge.proof.margins import Mask, Sight, margins, seen_channels, seen_weights
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import ConstantCoverage
from tinyforge.proof.sights import sights
from tinyforge.proof.taps import Taps, taps_of

Array = npt.NDArray[Any]

# Multiply-accumulates that are looked at, of all vectors together: some seconds.
_WORK = 500_000_000
_TABLE_ENTRIES = 256
# Of tables in which kernels pack what they read.
_PACKING = ("_stream", "_filters")


def coverage(
    graph: Graph, plan: Plan, lowered: Lowered, expected: Trace, inputs: npt.NDArray[np.int8]
) -> tuple[ConstantCoverage, ...]:
    """Every constant of the firmware, layer by layer. expected: the oracle's trace of inputs, which
    are the golden vectors, a sequence from its beginning."""
    seen = _Seen(lowered)
    work = sum(OPS[op.op].macs(graph, op) for op in graph.operators)
    vectors = max(1, min(len(inputs), _WORK // max(1, work)))
    for vector in range(vectors):
        values = _values(graph, expected, inputs, vector)
        found = sights(graph, plan, values)
        for op in graph.operators:
            sight = found.get(op.outputs[0])
            if sight is not None:
                _look(graph, op, values, sight, seen)
    return tuple(_rows(lowered, seen))


def _values(
    graph: Graph, expected: Trace, inputs: npt.NDArray[np.int8], vector: int
) -> dict[int, Array]:
    """What a golden vector makes of the tensors; of a few the last rows may be missing."""
    values = {t.index: t.data for t in graph.tensors if t.data is not None}
    for t, rows in expected.items():
        tensor = graph.tensors[t]
        values[t] = typed(rows[vector : vector + 1], tensor).reshape(tensor.shape)
    given = unpacked(inputs[vector : vector + 1], graph.input_tensors)
    return values | {t: one[0] for t, one in zip(graph.inputs, given, strict=True)}


@dataclass(frozen=True, eq=False)
class _Seen:
    """By the names of tables and members: which elements are seen to be more, and to be less, by
    one vector or another; of exchanges which pairs are seen. names: by layer, under which name each
    of its constants stands: a table's, or of one that packs it."""

    lowered: Lowered
    tables: dict[str, Mask] = field(default_factory=dict)
    members: dict[str, Mask] = field(default_factory=dict)
    exchanges: dict[str, Mask] = field(default_factory=dict)
    names: dict[int, dict[str, str]] = field(default_factory=dict)

    def keeps(self, op: Operator, name: str, values: Array) -> bool:
        """Whether a layer's table of that name holds these values, in this order."""
        table = self.lowered.tables.get(f"forge_layer_{op.index}_{name}")
        return table is not None and np.array_equal(table.values.reshape(-1), values.reshape(-1))

    def named(self, op: Operator, stored: Mapping[str, Array]) -> bool:
        """Whether it is known where a layer's constants of these names stand, which is noted: each
        in a table of its name, or packed in another. Then none is what its table says alone."""
        tables = _tables(self.lowered, op.index)
        packing = next((t for t in tables if t.endswith(_PACKING)), None)
        homes = {
            name: f"forge_layer_{op.index}_{name}" if self.keeps(op, name, values) else packing
            for name, values in stored.items()
        }
        if None in homes.values():
            return False
        if packing in homes.values():
            homes = {name: f"{table} ({name})" for name, table in homes.items()}
        self.names[op.index] = {name: table for name, table in homes.items() if table}
        return True

    def packs(self, op: Operator) -> bool:
        """Whether a layer's biases stand packed, and its other constants with them."""
        return not self.names[op.index]["bias"].startswith(f"forge_layer_{op.index}_bias")

    def _symbol(self, op: Operator, name: str) -> str:
        return self.names.get(op.index, {}).get(name, f"forge_layer_{op.index}_{name}")

    def table(self, op: Operator, name: str, more: Mask, less: Mask) -> None:
        symbol = self._symbol(op, name)
        both = np.stack([more.reshape(-1), less.reshape(-1)])
        self.tables[symbol] = self.tables.get(symbol, np.zeros_like(both)) | both

    def member(self, op: Operator, name: str, more: bool, less: bool) -> None:
        """Of the member of that name, whatever structure it is in; none where there is none."""
        symbol = f"layer_{op.index}"
        for full in self.lowered.parameters[symbol]:
            if full.rpartition(".")[2] == name:
                key, both = f"{symbol}.{full}", np.array([more, less])
                self.members[key] = self.members.get(key, np.zeros_like(both)) | both

    def exchange(self, op: Operator, pairs: Mask) -> None:
        symbol = self._symbol(op, "weights")
        self.exchanges[symbol] = self.exchanges.get(symbol, np.zeros_like(pairs)) | pairs


def _look(
    graph: Graph, op: Operator, values: Mapping[int, Array], sight: Sight, seen: _Seen
) -> None:
    """At one layer's constants."""
    taps = taps_of(graph, op, values)
    if taps is not None:
        _look_at_weights(
            op,
            taps,
            replace(sight, rising=taps.flat(sight.rising), falling=taps.flat(sight.falling)),
            seen,
        )
        return
    bounded = members.of_reference(graph, op, values, sight) if sight.together else None
    for one in members.clamped(bounded) if bounded else ():
        seen.member(op, *one)
    table = seen.lowered.tables.get(f"forge_layer_{op.index}_table")
    source = graph.tensors[op.inputs[0]]
    # One of results. Entries of others may change without any result.
    looked_up = table and (table.values.size, table.ctype) == (_TABLE_ENTRIES, "int8_t")
    if not looked_up or source.dtype is not DType.INT8:
        return
    used = values[op.inputs[0]].reshape(-1).astype(np.int64) + 128
    more, less = np.zeros((2, _TABLE_ENTRIES), np.bool_)
    more[used[sight.rising.reshape(-1)]] = True
    less[used[sight.falling.reshape(-1)]] = True
    seen.table(op, "table", more, less)


def _look_at_weights(op: Operator, taps: Taps, sight: Sight, seen: _Seen) -> None:
    """Of a layer that multiplies and adds. sight: (positions, channels)."""
    requantization, acc = taps.requantization, taps.acc
    stored = {
        "weights": taps.as_stored(taps.weights),
        "bias": taps.bias,
        "multiplier": requantization.multiplier,
        "shift": requantization.shift,
    }
    if not seen.named(op, stored):
        return  # kept in a form in which nothing is decided
    was = requantization.apply(acc).astype(np.int64)
    found = margins(requantization, acc, sight)
    weights = [
        seen_weights(
            taps.of(c), taps.weights[c], found.rise[:, c], found.fall[:, c], mixed=sight.mixed
        )
        for c in range(acc.shape[1])
    ]
    more, less = (taps.as_stored(np.stack(masks)) for masks in zip(*weights, strict=True))
    seen.table(op, "weights", more, less)
    seen.table(op, "bias", (found.rise == 1).any(axis=0), (found.fall == 1).any(axis=0))
    for name in ("multiplier", "shift"):
        more, less = (
            seen_channels(was, _moved(requantization, name, step).apply(acc), sight)
            for step in (1, -1)
        )
        if getattr(requantization, name).size == 1:
            more, less = (np.array([one.any() and sight.together]) for one in (more, less))
        seen.table(op, name, more, less)
    if sight.together:
        outputs = members.of_outputs(taps, sight)
        own = seen.lowered.parameters[f"layer_{op.index}"]
        packs = seen.packs(op)
        for one in members.packed(taps, outputs, own) if packs else members.plain(taps, outputs):
            seen.member(op, *one)
        if sight.mixed and not taps.depthwise and acc.shape[1] > 1:
            seen.exchange(op, _exchanges(taps, found.rise, found.fall))


def _moved(requantization: Requantization, name: str, step: int) -> Requantization:
    """With all multipliers, or shifts, so much greater: channels are looked at one by one."""
    return replace(requantization, **{name: getattr(requantization, name) + step})


def _exchanges(taps: Taps, rise: Array, fall: Array) -> Mask:
    """Which pairs of channels are seen to have each other's weights."""
    dots = taps.acc - taps.bias
    count = dots.shape[1]
    seen = np.zeros((count, count), np.bool_)
    for a in range(count):
        moved = dots - dots[:, a : a + 1]
        seen[a] = ((moved >= rise[:, a : a + 1]) | (-moved >= fall[:, a : a + 1])).any(axis=0)
    return seen | seen.T


def _rows(lowered: Lowered, seen: _Seen) -> Iterator[ConstantCoverage]:
    """Layers as they run, each one's tables or what they pack, then its members."""
    for layer, own in sorted(lowered.parameters.items(), key=lambda one: _number(one[0])):
        number = _number(layer)
        names = seen.names.get(number, {})
        sizes = _tables(lowered, number)
        for symbol in _named(sizes, names.values()):
            none = np.zeros((1, sizes.get(symbol, 0)), np.bool_)
            mask = seen.tables.get(symbol, none).all(axis=0)
            missed = _ranges(np.flatnonzero(~mask))
            yield ConstantCoverage(number, symbol, mask.size, int(mask.sum()), missed)
            if symbol == names.get("weights", f"forge_{layer}_weights"):
                yield from _exchanged(number, symbol, _pairs(number, symbol, lowered, seen))
        numbers = [name for name, value in own.items() if not isinstance(value, str)]
        unseen = [
            name for name in numbers if not np.all(seen.members.get(f"{layer}.{name}", False))
        ]
        if numbers:
            yield ConstantCoverage(
                number, layer, len(numbers), len(numbers) - len(unseen), ", ".join(unseen)
            )


def _named(tables: Iterable[str], names: Collection[str]) -> Iterator[str]:
    """Tables in their order, and in the place of one that packs constants these."""
    for table in tables:
        packed = [name for name in names if name.startswith(f"{table} (")]
        yield from packed or [table]


def _tables(lowered: Lowered, layer: int) -> dict[str, int]:
    """The elements of each of a layer's tables, by its name."""
    own = f"forge_layer_{layer}_"
    return {
        symbol: table.values.size
        for symbol, table in lowered.tables.items()
        if symbol.startswith(own)
    }


def _pairs(number: int, symbol: str, lowered: Lowered, seen: _Seen) -> Mask:
    """Which pairs of a layer's channels are seen to have each other's weights."""
    if symbol in seen.exchanges:
        return seen.exchanges[symbol]
    bias = seen.names.get(number, {}).get("bias", f"forge_layer_{number}_bias")
    known = seen.tables.get(bias)
    channels = _tables(lowered, number).get(bias, 0) if known is None else known.shape[1]
    return np.zeros((channels, channels), np.bool_)


def _number(layer: str) -> int:
    return int(layer.removeprefix("layer_"))


def _exchanged(number: int, symbol: str, seen: Mask) -> Iterator[ConstantCoverage]:
    """Pairs of channels; none of one channel."""
    unseen = [np.flatnonzero(~seen[a, a + 1 :]) + a + 1 for a in range(len(seen))]
    count, missed = len(seen) * (len(seen) - 1) // 2, sum(map(len, unseen))
    named = (f"{a}/{b}" for a, others in enumerate(unseen) for b in _spans(others))
    words = "all" if missed == count else ", ".join(named)
    if count:
        yield ConstantCoverage(number, symbol, count, count - missed, words, pairs=True)


def _ranges(indices: npt.NDArray[np.int64]) -> str:
    """ "0-3, 17"."""
    return ", ".join(_spans(indices))


def _spans(indices: npt.NDArray[np.int64]) -> Iterator[str]:
    """ "0-3" and "17"."""
    for piece in np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1):
        if len(piece):
            yield str(piece[0]) if len(piece) == 1 else f"{piece[0]}-{piece[-1]}"
