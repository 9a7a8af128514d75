"""A lowered graph to its memory plan: the best order, what to stream, then the best offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinyforge.errors import ForgeError
from tinyforge.memory.costs import Streams
from tinyforge.memory.division import divided, traffic
from tinyforge.memory.liveness import Buffer, buffers, peak
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.memory.network import Network, network
from tinyforge.memory.order import best_order
from tinyforge.memory.placement import Placed, place
from tinyforge.memory.plan import Place, Plan, Slot
from tinyforge.memory.progress import Tell, part
from tinyforge.memory.schedule import Schedule, schedule
from tinyforge.memory.settled import settled
from tinyforge.memory.streams import candidates
from tinyforge.ops.forms import MOST_STEPS
from tinyforge.ops.kernels import Kernels

# Of all layers: each takes four bytes of flash, so this many take as much as most boards have.
_MOST_STEPS = 2**18


@dataclass(frozen=True, eq=False)
class _Ordered:
    """A network, and what it was made of. order: of the operators."""

    lowered: LoweredGraph
    order: Sequence[int]
    net: Network


@dataclass(frozen=True, eq=False)
class _Choice:
    """One way to do it. bound: bytes needed at the worst step."""

    of: _Ordered
    schedule: Schedule
    buffers: Sequence[Buffer]
    bound: int


def plan_of(
    lowered: LoweredGraph, *, by_rows: bool, progress: Tell, fast: int | None = None
) -> Plan:
    """Of least memory for these kernels and chains. by_rows, progress, errors: as search.plan's.
    fast: bytes of a memory that holds no more of the arena, the rest of which lies in another."""
    order = best_order(lowered)
    ordered = _Ordered(lowered, order, network(lowered, order, by_rows=by_rows))
    _require_countable(ordered)
    return _planned(ordered, progress, fast)


def _require_countable(ordered: _Ordered) -> None:
    """ForgeError for a network of more steps than generated code can have."""
    fix, graph = "use --engine tflm, or a smaller input", ordered.lowered.graph
    steps = {layer.index: layer.form.steps for layer in ordered.net.layers}
    tall = next((index for index, count in steps.items() if count > MOST_STEPS), None)
    if tall is not None:
        raise ForgeError(
            f"compiled, a layer has {MOST_STEPS:,} rows at most; this one has {steps[tall]:,}",
            where=graph.where(graph.operators[tall]),
            fix=fix,
        )
    if sum(steps.values()) > _MOST_STEPS:
        raise ForgeError(
            f"compiled, layers have {_MOST_STEPS:,} rows at most in all; "
            f"these have {sum(steps.values()):,}",
            where=f"model {graph.name!r}",
            fix=fix,
        )


def _planned(ordered: _Ordered, progress: Tell, fast: int | None) -> Plan:
    tried = candidates(ordered.net, part(progress, 0, 0.7))
    choices = [_choice(ordered, streams) for streams in tried.sets]
    placing = part(progress, 0.7, 1)
    placed = place([c.buffers for c in choices], [c.bound for c in choices], placing)
    if placed.total > 2**31 - 1:
        raise ForgeError(
            f"the activations need {placed.total:,} bytes",
            fix="use a smaller input or fewer channels",
        )
    best, end = choices[placed.choice], None
    if fast is not None:
        placed, end = _divided(best, placed, fast) or (placed, None)
    found = replace(_plan(best, placed), least=tried.least, fast_bytes=end)
    return settled(ordered.lowered.graph, found)


def _divided(best: _Choice, placed: Placed, fast: int) -> tuple[Placed, int] | None:
    """The same buffers in two memories, and where the second one's begin. None where the first one
    holds none of them."""
    weights = [traffic(best.of.net, best.schedule, buffer) for buffer in best.buffers]
    parts = divided(best.buffers, weights, len(best.schedule.taken), fast)
    if not parts.fast:
        return None
    return Placed(placed.choice, parts.offsets, parts.total), parts.fast


def _choice(ordered: _Ordered, streams: Streams) -> _Choice:
    found = schedule(ordered.net, streams)
    assert found is not None, "a candidate can run"
    every = buffers(ordered.net, found)
    return _Choice(ordered, found, every, peak(every, len(found.taken)))


def _plan(best: _Choice, placed: Placed) -> Plan:
    net, lowered = best.of.net, best.of.lowered
    slots, places = [], {}
    scratch: dict[int, int] = {}
    tensors: dict[int, list[int]] = {}
    for t in sorted(net.value):
        tensors.setdefault(net.value[t], []).append(t)
    for buffer, offset in zip(best.buffers, placed.offsets, strict=True):
        slots.append(_slot(tensors, buffer, offset, len(best.schedule.taken)))
        scratch |= dict.fromkeys(buffer.layers, offset)
        for v in buffer.values:
            places[v] = _place(net, best.schedule, buffer, v, offset)
    return Plan(
        order=_as_they_begin(best),
        steps=best.schedule.steps,
        finished=tuple(
            best.schedule.forms[layer].writes(number) for layer, number in best.schedule.steps
        ),
        slots=tuple(sorted(slots, key=lambda s: (s.first, s.offset))),
        places={t: places[v] for t, v in net.value.items()},
        scratch=scratch,
        arena_bytes=placed.total,
        lower_bound=best.bound,
        graph=lowered.graph,
        kernels=_kernels(best),
        chains=lowered.chains,
        in_ram=lowered.in_ram,
    )


def _kernels(best: _Choice) -> Kernels:
    """As operators run: in a chain, or taking their input row by row, by other kernels."""
    lowered, forms = best.of.lowered, best.schedule.forms
    inside = {
        op.index: chain.kernel_of(op) for chain in lowered.chains.values() for op in chain.operators
    }
    by_rows = {
        layer.index: layer.taking_rows
        for layer in best.of.net.layers
        if layer.taking_rows is not None and forms[layer.index] is layer.streaming
    }
    return {**lowered.kernels, **inside, **by_rows}


def _slot(tensors: Mapping[int, Sequence[int]], buffer: Buffer, offset: int, steps: int) -> Slot:
    """tensors: of each value."""
    rows = buffer.rows
    return Slot(
        offset=offset,
        nbytes=buffer.nbytes,
        first=max(0, int(rows.first.min())),
        last=min(max(0, steps - 1), max(0, int(rows.last.max()))),
        tensors=tuple(sorted(t for v in buffer.values for t in tensors[v])),
        rows=len(rows.first) if buffer.ring else 0,
        layers=buffer.layers,
    )


def _place(net: Network, found: Schedule, buffer: Buffer, value: int, offset: int) -> Place:
    """Fewer rows are made than there are where nobody reads the last ones."""
    maker = net.maker.get(value)
    if maker is None:
        return Place(offset, net.nbytes[value], rows=1, room=1, made=1)
    form = found.forms[maker.index]
    room = len(buffer.rows.first) if buffer.ring else form.output_rows
    made = max(form.writes(step).stop for step in range(found.counts[maker.index]))
    return Place(offset, net.nbytes[value], form.output_rows, room, made)


def _as_they_begin(found: _Choice) -> tuple[int, ...]:
    """Operator indices by their first step; one without code after the one that makes its input."""
    graph, begin = found.of.lowered.graph, dict[int, int]()
    for time, (index, _) in enumerate(found.schedule.steps):
        begin.setdefault(index, time)
    for last, chain in found.of.lowered.chains.items():
        begin |= {op.index: begin[last] for op in chain.operators}
    for index in found.of.order:
        if index not in begin:
            maker = graph.producers.get(graph.operators[index].inputs[0])
            begin[index] = begin[maker.index] if maker else -1
    return tuple(sorted(found.of.order, key=lambda index: begin[index]))
