"""The charts of the HTML report as finished values: positions in percent, texts ready to show.

The page draws them with boxes, not with a scaled picture, so that text keeps its size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinyforge.datasets.decide import figure
from tinyforge.proof.record import Arena, ArenaSlot, LayerProof
from tinyforge.report import findings, wording
from tinyforge.report.record import Comparison

# Room above the peak line for its label.
_HEADROOM = 1.08
_MAX_TICKS = 6
_LABEL_WIDTH = 0.2  # of the plot; longer ones are rare


@dataclass(frozen=True)
class Bar:
    """A share of the space there is, 0 to 1 ("0.12345"), and the number it stands for."""

    share: str
    text: str


@dataclass(frozen=True)
class VariantRow:
    name: str
    tflite: Bar
    gzip: Bar
    nonzero: str
    accuracy: str
    smallest: bool


@dataclass(frozen=True)
class Part:
    """A piece of a gauge. tone: 1.., the colour."""

    name: str
    bar: Bar
    tone: int


@dataclass(frozen=True)
class Gauge:
    """A memory at true scale, and its parts enlarged to the whole width.

    The scale ends at the board's limit, or at what is needed where that is more; limit_at: where
    the limit lies on it. zoom: the outline that joins the two, as a polygon's points
    in a box of 100 by 100.
    """

    name: str
    summary: str
    fill: str
    limit_at: str
    fits: bool
    zoom: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Box:
    """One slot of the arena: where it stands in the plot, and what it says.

    label_top, label_height: of the box, the part that no other box covers where the label begins.
    """

    left: str
    bottom: str
    width: str
    height: str
    name: str
    size: str
    title: str
    peak: bool
    label_top: str
    label_height: str


@dataclass(frozen=True)
class Stretch:
    """Steps that belong together, on the axis. weight: how many. number: the layers'."""

    weight: str
    number: str
    op: str


@dataclass(frozen=True)
class Tick:
    """A tick of the byte axis."""

    bottom: str
    text: str


@dataclass(frozen=True)
class SlotRow:
    """A slot as a row of the table that says what the plot shows."""

    name: str
    offset: str
    size: str
    steps: str


@dataclass(frozen=True)
class Timeline:
    """The arena over the steps of an inference."""

    steps: tuple[Stretch, ...]
    boxes: tuple[Box, ...]
    ticks: tuple[Tick, ...]
    peak: Tick
    rows: tuple[SlotRow, ...]
    description: str


@dataclass(frozen=True)
class LayerRow:
    index: str
    op: str
    name: str
    full_name: str
    output: str
    macs: str
    instructions: Bar
    per_mac: str
    bit_exact: bool | None


def variant_rows(found: Comparison) -> tuple[VariantRow, ...]:
    """Both sizes of every variant, to one scale."""
    sizes = [size for v in found.variants for size in (v.tflite_bytes, v.gzip_bytes)]
    largest, smallest = (
        max(sizes, default=0),
        min((v.gzip_bytes for v in found.variants), default=0),
    )
    return tuple(
        VariantRow(
            wording.printable(v.name),
            Bar(_fraction(v.tflite_bytes, largest), wording.nbytes(v.tflite_bytes)),
            Bar(_fraction(v.gzip_bytes, largest), wording.nbytes(v.gzip_bytes)),
            wording.count(v.nonzero),
            "" if v.accuracy is None else figure(found.measure, v.accuracy),
            v.gzip_bytes == smallest,
        )
        for v in found.variants
    )


def gauge(memory: findings.Usage) -> Gauge:
    """RAM or flash against the board."""
    scale = max(memory.total, memory.limit)
    fill = memory.total / scale if scale else 0.0
    parts = tuple(
        Part(name, Bar(_fraction(size, memory.total), wording.nbytes(size)), tone)
        for tone, (name, size) in enumerate(memory.parts, 1)
    )
    return Gauge(
        name=memory.name,
        summary=str(memory),
        fill=_fraction(fill, 1),
        limit_at=_percent(memory.limit, scale),
        fits=memory.fits,
        zoom=f"0,0 {100 * fill:.3f},0 100,100 0,100",
        parts=parts,
    )


def timeline(memory: Arena, layers: Sequence[LayerProof]) -> Timeline:
    """The arena's slots over time. layers: in the order they run."""
    slots = [slot for slot in memory.slots if slot.nbytes]
    steps = memory.steps or tuple(layer.index for layer in layers)
    count = max([len(steps), *(slot.last + 1 for slot in slots)])
    top = max([memory.planned, *(slot.offset + slot.nbytes for slot in slots)], default=0)
    peak_steps = {
        step
        for slot in slots
        if slot.offset + slot.nbytes == top
        for step in range(slot.first, slot.last + 1)
    }
    scale = max(1.0, top * _HEADROOM)
    return Timeline(
        steps=tuple(_stretches(steps, {layer.index: layer for layer in layers})),
        boxes=tuple(
            _box(slot, slots[i + 1 :], count, scale, peak_steps) for i, slot in enumerate(slots)
        ),
        ticks=tuple(Tick(_percent(at, scale), wording.capacity(at)) for at in _byte_ticks(top)),
        peak=Tick(_percent(top, scale), f"peak {wording.nbytes(top)}"),
        rows=tuple(_slot_row(slot) for slot in slots),
        description=(
            f"{wording.plural(len(slots), 'slot')} in {wording.plural(count, 'step')}; "
            f"the peak of {wording.nbytes(top)} is reached in {_listed(peak_steps)}."
        ),
    )


def layer_rows(rows: Sequence[findings.LayerShare]) -> tuple[LayerRow, ...]:
    """Every layer with its instructions as a bar; the longest bar is the costliest layer."""
    largest = max((row.layer.instructions or 0 for row in rows), default=0)
    return tuple(_layer_row(row, largest) for row in rows)


def _layer_row(row: findings.LayerShare, largest: int) -> LayerRow:
    layer = row.layer
    return LayerRow(
        index=str(layer.index),
        op=wording.printable(layer.op),
        name=wording.short_name(layer.name),
        full_name=wording.printable(layer.name),
        output=wording.shape(layer.output_shape),
        macs=wording.count(layer.macs) if layer.macs else "",
        instructions=Bar(
            _fraction(layer.instructions or 0, largest),
            _instructions_text(layer),
        ),
        per_mac=row.per_mac,
        bit_exact=layer.bit_exact,
    )


def _instructions_text(layer: LayerProof) -> str:
    if layer.within is not None:
        return wording.within(layer.within)
    return "" if layer.instructions is None else wording.count(layer.instructions)


def _stretches(steps: Sequence[int], layers: Mapping[int, LayerProof]) -> Iterator[Stretch]:
    """Layers one after the other, and together those that take turns row by row."""
    last = {layer: step for step, layer in enumerate(steps)}
    begin, end = 0, -1
    for step, layer in enumerate(steps):
        end = max(end, last[layer])
        if step < end:
            continue
        together = sorted(set(steps[begin : end + 1]))
        name = layers[layer].op if layer in layers else ""
        alone = len(together) == 1
        yield Stretch(
            weight=str(end + 1 - begin),
            number=str(layer) if alone else f"{together[0]}\u2013{together[-1]}",
            op=wording.printable(name).replace("_", " ")
            if alone
            else f"{len(together)} layers, row by row",
        )
        begin = step + 1


def _box(
    slot: ArenaSlot, above: Sequence[ArenaSlot], steps: int, scale: float, peak_steps: set[int]
) -> Box:
    """above: those that are drawn over it."""
    begin, end = _uncovered(slot, above, math.ceil(steps * _LABEL_WIDTH))
    name, size = wording.short_name(slot.name), wording.nbytes(slot.nbytes)
    last_byte = slot.offset + slot.nbytes - 1
    return Box(
        left=_percent(slot.first, steps),
        bottom=_percent(slot.offset, scale),
        width=_percent(slot.last - slot.first + 1, steps),
        height=_percent(slot.nbytes, scale),
        name=name,
        size=size,
        title=(
            f"{name}: {size}, bytes {wording.count(slot.offset)} to {wording.count(last_byte)}, "
            f"{_during(slot)}"
        ),
        peak=any(slot.first <= step <= slot.last for step in peak_steps),
        label_top=_percent(slot.offset + slot.nbytes - end, slot.nbytes),
        label_height=_percent(end - begin, slot.nbytes),
    )


def _uncovered(slot: ArenaSlot, above: Sequence[ArenaSlot], steps: int) -> tuple[int, int]:
    """The longest run of its bytes that shows during its first steps, where a label can be read."""
    end, last = slot.offset + slot.nbytes, min(slot.last, slot.first + steps - 1)
    runs, begin = [], slot.offset
    for other in sorted(above, key=lambda other: other.offset):
        if other.first <= last and slot.first <= other.last and other.offset < end:
            runs.append((begin, max(begin, other.offset)))
            begin = max(begin, other.offset + other.nbytes)
    runs.append((min(begin, end), end))
    return max(runs, key=lambda run: run[1] - run[0])


def _slot_row(slot: ArenaSlot) -> SlotRow:
    return SlotRow(
        wording.short_name(slot.name),
        wording.count(slot.offset),
        wording.nbytes(slot.nbytes),
        _during(slot).removeprefix("step ").removeprefix("steps "),
    )


def _during(slot: ArenaSlot) -> str:
    if slot.first == slot.last:
        return f"step {slot.first}"
    return f"steps {slot.first} to {slot.last}"


def _listed(steps: set[int]) -> str:
    """Neighbours as a range: "steps 1, 4 to 9"."""
    if not steps:
        return "no step"
    ranges: list[list[int]] = []
    for step in sorted(steps):
        if ranges and step == ranges[-1][1] + 1:
            ranges[-1][1] = step
        else:
            ranges.append([step, step])
    noun = "step" if len(steps) == 1 else "steps"
    return f"{noun} " + ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in ranges)


def _byte_ticks(top: int) -> range:
    """0 and multiples of a power of two, at most _MAX_TICKS, below the peak line's own label."""
    distance = 1
    while top / distance > _MAX_TICKS:
        distance *= 2
    return range(0, int(top * 0.93) + 1, distance)


def _fraction(part: float, whole: float) -> str:
    return f"{part / whole if whole else 0:.5f}"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:.3f}%"
