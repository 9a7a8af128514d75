"""Which bytes each step of a plan may read, and which it may write.

Of the arena: the rows of its inputs that a step reads, those of its output that it finishes, its
states and its own memory, at that step. Of flash: a layer's own tables, and whatever is no
layer's: code, and constants that compilers and kernels make for themselves. Of other RAM: the
stack, and to read, a layer's own tables that lie there. What runs between layers may touch stack
and flash alone; where rows of the input come one by one, also the place of the next one, and all
RAM but arena and tables: in it the application's row lies, and how many came so far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass

from tinyforge.engines.base import TEST_VECTORS, Lowered, layer_of
from tinyforge.graph import Operator
from tinyforge.memory.network import FEED
from tinyforge.memory.plan import Place, Plan
from tinyforge.ops import OPS
from tinyforge.ops.forms import Form
from tinyforge.ops.upright import rows_input
from tinyforge.sim.elf import Firmware
from tinyforge.sim.profile import Grants, Span

# Tables begin at multiples of this: nobody's is what lies between one's end and the next multiple.
_TABLE_ALIGNMENT = 4


def grants(plan: Plan, lowered: Lowered, firmware: Firmware) -> Grants:
    """One for each step of the plan, and one more for the end of an inference; addresses as they
    are in the firmware. ForgeError when it lacks one of the symbols."""
    arena = firmware.symbol("forge_arena").address
    steps = [
        merged(Span(arena + s.begin, arena + s.end, s.writable) for s in spans)
        for spans in arena_spans(plan)
    ]
    layers = {
        index: (_stack(firmware), *_constants(_operators(plan, index), lowered, firmware))
        for index in lowered.layer_symbols
    }
    layers[FEED] = _between(plan, lowered, firmware)
    return Grants([*steps, ()], layers)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same bytes in as few spans as there can be; each of those that may be written as well is
    one of its own."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.writable, s.begin)):
        last = found[-1] if found else None
        if last and last.writable == span.writable and span.begin <= last.end:
            found[-1] = last._replace(end=max(last.end, span.end))
        else:
            found.append(span)
    return tuple(found)


def arena_spans(plan: Plan) -> list[tuple[Span, ...]]:
    """For each step of a plan, offsets in the arena."""
    uses = {index: list(_uses(plan, index)) for index in {s.layer for s in plan.steps}}
    return [
        tuple(span for use in uses[layer] for span in use.spans(number))
        for layer, number in plan.steps
    ]


@dataclass(frozen=True)
class _Use:
    """What a layer does with one tensor: which of its rows each step takes."""

    place: Place
    rows: Callable[[int], range]
    writable: bool

    def spans(self, step: int) -> Iterator[Span]:
        rows, size = self.rows(step), self.place.row_bytes
        if self.place.room < self.place.rows:
            begins = [self.place.begin(row) for row in rows]
            yield from (Span(begin, begin + size, self.writable) for begin in begins)
        elif rows:
            begin = self.place.offset
            yield Span(begin + rows.start * size, begin + rows.stop * size, self.writable)


def _uses(plan: Plan, index: int) -> Iterator[_Use]:
    """Of a layer's tensors and of its memory."""
    graph = plan.graph
    if index == FEED:
        yield _Use(plan.places[graph.inputs[rows_input(graph)]], _same_row, writable=True)
        return
    op = graph.operators[index]
    if index in plan.chains:
        form: Form = plan.chains[index].form(graph)
        yield from _chain_inputs(plan, index)
    else:
        form = plan.kernels[index].form
        yield from _inputs(plan, op)
    for t in op.outputs:
        yield _Use(plan.places[t].of(form.output_rows), form.writes, writable=True)
    own = form.scratch_bytes + form.tile_bytes
    if own:
        yield _Use(Place(plan.scratch[index], own, 1, 1, 1), _whole, writable=True)


def _inputs(plan: Plan, op: Operator) -> Iterator[_Use]:
    kernel = plan.kernels[op.index]
    states = {op.inputs[position] for position in OPS[op.op].states}
    for position, t in enumerate(kernel.inputs):
        if not isinstance(t, int):
            continue
        if position in kernel.repeated:
            yield _Use(plan.places[t].of(1), _whole, writable=False)
        else:
            place = plan.places[t].of(kernel.form.input_rows)
            yield _Use(place, kernel.form.reads, writable=t in states)


def _chain_inputs(plan: Plan, index: int) -> Iterator[_Use]:
    """What the first operator reads, and what others do beside the tiles between them."""
    chain = plan.chains[index]
    form = chain.form(plan.graph)
    source = plan.places[chain.first.inputs[0]].of(form.input_rows)
    yield _Use(source, form.reads, writable=False)
    for stage in chain.stages:
        for t in stage.kernel.inputs:
            if isinstance(t, int) and t != stage.tensor:
                yield _Use(plan.places[t].of(form.output_rows), _same_row, writable=False)


def _same_row(step: int) -> range:
    return range(step, step + 1)


def _whole(step: int) -> range:
    del step
    return range(1)


def _operators(plan: Plan, index: int) -> set[int]:
    """Those that run in a layer's function."""
    chain = plan.chains.get(index)
    return {op.index for op in chain.operators} if chain else {index}


def _stack(firmware: Firmware) -> Span:
    bottom, top = (firmware.symbol(name).address for name in ("__stack_bottom", "__stack_top"))
    return Span(bottom, top, writable=True)


def _between(plan: Plan, lowered: Lowered, firmware: Firmware) -> tuple[Span, ...]:
    """For the code between layers."""
    flash, ram = firmware.memory.flash, firmware.memory.ram
    code = Span(flash.base, flash.base + firmware.flash_bytes, writable=False)
    if not plan.by_rows:
        return (_stack(firmware), code)
    taken = _stretches(firmware, {"forge_arena", *lowered.in_ram})
    rest = _without(taken, ram.base, ram.base + ram.size)
    return (*(Span(begin, end, writable=True) for begin, end in rest), code)


def _constants(own: set[int], lowered: Lowered, firmware: Firmware) -> Iterator[Span]:
    """All flash but tables and parameters of other layers, what pads any of those, and the
    self-test's vectors; of RAM the layer's own tables."""
    base = firmware.memory.flash.base
    others = _others(own, lowered, firmware)
    mine = _stretches(firmware, {name for name in lowered.in_ram if layer_of(name) in own})
    for begin, end in (*_without(others, base, base + firmware.flash_bytes), *mine):
        yield Span(begin, end, writable=False)


def _stretches(firmware: Firmware, names: Set[str]) -> list[tuple[int, int]]:
    """Where objects begin and end; of none that a compiler leaves out."""
    there = [firmware.symbols[name] for name in names & firmware.symbols.keys()]
    return [(symbol.address, symbol.address + symbol.size) for symbol in there]


def _without(taken: Iterable[tuple[int, int]], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches from begin to end that nobody has taken."""
    for first, last in [*sorted(taken), (end, end)]:
        if begin < first:
            yield begin, first
        begin = max(begin, last)


def _others(own: set[int], lowered: Lowered, firmware: Firmware) -> Iterator[tuple[int, int]]:
    """Stretches of flash that hold what other layers need, or pad what any needs."""
    objects = [s for s in firmware.symbols.values() if s.kind == "object"]
    begins = sorted(s.address for s in objects)
    names = {*lowered.tables, *lowered.parameters, *TEST_VECTORS} - lowered.in_ram
    names &= firmware.symbols.keys()
    mine = {firmware.symbol(name).address for name in names if layer_of(name) in own}
    for symbol in map(firmware.symbol, names):
        end = symbol.address + symbol.size
        following = bisect_left(begins, end)
        padded = -(-end // _TABLE_ALIGNMENT) * _TABLE_ALIGNMENT
        padded = min([padded, *begins[following : following + 1]])
        # Two that are equal may be one.
        yield (end if symbol.address in mine else symbol.address), padded
