"""Which kernels run a graph, what runs as one, and what lies where: the search for the best plan.

An operator may have several kernels, and the quick ones take more flash or memory; layers may run
as one, which saves memory and costs time. For size the plan of least memory is taken, over kernels
that take none for themselves. For speed, the one of least cycles. Balanced is the least cycles
within limits: shares of the least flash and the least memory; and more memory where it pays, the
time falling by more than the memory grows.

Where the flash is slow, what kernels wait for it counts; and for speed some of their tables may lie
in RAM: those that save most for each byte.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.memory.knapsack import Way, pick
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.memory.plan import Plan
from tinyforge.memory.planner import plan_of
from tinyforge.memory.progress import Tell, forward, ignored, part
from tinyforge.memory.room import Room
from tinyforge.ops.base import OWN_CODE, Kernel
from tinyforge.ops.chains import Chain, chains
from tinyforge.ops.costs import (
    SlowFlash,
    cycles,
    held_bytes,
    memory_bytes,
    stalls,
    table_bytes,
)
from tinyforge.ops.forms import Blocks
from tinyforge.ops.kernels import Kernels, kernels_of
from tinyforge.ops.target import ANY, Target
from tinyforge.ops.upright import upright

Objective = Literal["size", "balanced", "speed"]

# Balanced: how many times the least flash for tables, and the least arena, may be taken; or so many
# bytes more, which count for little beside code and stack.
_TABLES, _MORE_TABLES = 1.25, 8192
_ARENA, _MORE_ARENA = 1.3, 832

# In a chain a kernel is called for every pixel or two; quick ones make two in little more time.
_CALL = 40  # cycles
_QUICK_ALONE = 1.5

_HARDLY = 1.02  # times the least cycles: less than what is left out of their estimate

# Cycles that a byte of what a kernel holds counts for; and may, where the arena has a limit.
_PRICE = 8
_PRICES = (64, 256, 1024, 4096, 2**14, 2**40)

_BYTES_A_CYCLE = 8  # of RAM, that must save as much an inference at the least

_NONE: frozenset[int] = frozenset()  # of the operators has its tables in RAM


@dataclass(frozen=True)
class Limits:
    """What a board has for a model: bytes of flash for tables, of RAM for the arena."""

    tables: int
    arena: int


@dataclass(frozen=True)
class Aim:
    """What a plan shall be good for, and on which core. flash: None where nothing waits for it.
    room: for tables in RAM, None for none; for speed alone. fast: bytes of a quick memory, for as
    much of the arena as it holds; None: there is one memory. limits: what speed, and more
    memory than balanced is given, may take, where anything fits; None: whatever it wants."""

    objective: Objective = "size"
    target: Target = ANY
    flash: SlowFlash | None = None
    room: Room | None = None
    fast: int | None = None
    limits: Limits | None = None

    @property
    def tables(self) -> int | None:
        """The limit, for speed."""
        return None if self.limits is None else self.limits.tables

    @property
    def compiled_for(self) -> Target:
        """The core, and whether its code shall be small."""
        return replace(self.target, small=self.objective == "size")


SMALLEST = Aim()


def plan(
    graph: Graph, aim: Aim = SMALLEST, *, by_rows: bool = False, progress: Tell = ignored
) -> Plan:
    """The best plan found for a graph all of whose operators are in OPS.

    by_rows: an input (rows_input) comes row by row, and is not kept where that saves memory. A plan
    that fits the quick memory, where there is one, is better than a quicker one that does not.
    progress: told the share of the work that is done. ForgeError when the arena would pass
    2**31 - 1 bytes, and for more steps than generated code can have.
    """
    turned = upright(graph)
    # A row of one pixel costs more steps than it saves where nothing is handed on.
    graphs = (turned,) if turned is graph or by_rows else (graph, turned)
    options = [_Options(g, aim.compiled_for, aim.flash) for g in graphs]
    search = _Search(options, by_rows, forward(progress))
    found = _best(search, aim)
    if aim.fast is None or found.arena_bytes <= aim.fast:
        return found
    return _best_within(search, aim, aim.fast) or search.divided(found, aim.fast)


def _best(search: _Search, aim: Aim) -> Plan:
    """Whatever memory it takes."""
    if aim.objective == "size":
        return min(
            search.compact(),
            key=lambda p: (p.arena_bytes, _all_tables(p), plan_cycles(p, aim.flash)),
        )
    if aim.objective == "speed":
        return _quickest_in(search, aim)
    if not any(o.choices for o in search.options):
        return _quickest(search.quick(), aim.flash)
    small = _smallest(search)
    arena = max(int(_ARENA * small.arena_bytes), small.arena_bytes + _MORE_ARENA)
    plans = [*search.quick(_tables(small), arena), small]
    found = _quickest([p for p in plans if p.arena_bytes <= arena], aim.flash)
    most = aim.limits.arena if aim.limits else math.inf
    larger = (p for p in plans if arena < p.arena_bytes <= most)
    return min((found, *larger), key=lambda p: p.arena_bytes * plan_cycles(p, aim.flash))


def _best_within(search: _Search, aim: Aim, arena: int) -> Plan | None:
    """The quickest in an arena of so many bytes, with as much flash as the objective allows; None
    where there is none."""
    small = _smallest(search)
    if small.arena_bytes > arena:
        return None
    tables = aim.tables if aim.objective == "speed" else _tables(small)
    quick = [p for p in search.quick(tables, arena) if p.arena_bytes <= arena]
    return _quickest([*quick, small], aim.flash)


def _smallest(search: _Search) -> Plan:
    return min(search.portable(), key=lambda p: p.arena_bytes)


def _tables(small: Plan) -> int:
    """Bytes that a balanced plan's tables may take, beside those of the least memory."""
    least = _all_tables(small)
    return max(int(_TABLES * least), least + _MORE_TABLES)


def _quickest_in(search: _Search, aim: Aim) -> Plan:
    """With as many tables in RAM as there is room for beside the arena of a plan without."""
    quick = [*search.quick(aim.tables), *search.quick_chains(aim.tables)]
    found = _quickest(_within(quick, aim.tables) or quick, aim.flash)
    if aim.limits is not None and found.arena_bytes > aim.limits.arena:
        return _best_within(search, aim, aim.limits.arena) or _smallest(search)
    room = aim.room.beside(found.arena_bytes) if aim.room else 0
    in_ram = _within(search.quick_in(room), aim.tables) if room else ()
    return _quickest(in_ram, aim.flash) if in_ram else found


def _within(plans: Sequence[Plan], tables: int | None) -> Sequence[Plan]:
    """Those with no more tables; None for any."""
    return [p for p in plans if tables is None or _all_tables(p) <= tables]


def _all_tables(found: Plan) -> int:
    return sum(map(table_bytes, found.kernels.values()))


def _quickest(plans: Sequence[Plan], flash: SlowFlash | None) -> Plan:
    """Of least cycles; of those that are hardly slower, the one of least memory."""
    cycles_of = {id(p): plan_cycles(p, flash) for p in plans}
    least = min(cycles_of.values())
    near = [p for p in plans if cycles_of[id(p)] <= _HARDLY * least]
    return min(near, key=lambda p: (p.arena_bytes, cycles_of[id(p)]))


def plan_cycles(found: Plan, flash: SlowFlash | None = None) -> int:
    """About how many an inference takes, on the core for which the kernels were chosen."""
    return sum(layer_cycles(found, index, flash) for index in found.kernels)


def layer_cycles(found: Plan, index: int, flash: SlowFlash | None = None) -> int:
    """Of one operator, in a chain or by itself."""
    graph, op, kernel = found.graph, found.graph.operators[index], found.kernels[index]
    waits = 0 if index in found.in_ram else stalls(graph, op, kernel, flash)
    chain = found.chain_of.get(index)
    if chain is None:
        return cycles(graph, op, kernel) + waits
    return _chained(graph, chain, op, waits)


def _chained(graph: Graph, chain: Chain, op: Operator, waits: int = 0) -> int:
    """Of one of a chain's operators. waits: for flash, of an inference, or of a call in a chain of
    a kernel that says its cycles."""
    kernel, out = chain.kernel_of(op), graph.tensors[chain.output]
    calls = out.size // out.shape[-1] // chain.columns
    if op is not chain.first and kernel.cycles is not None:
        return calls * (kernel.cycles + _CALL + waits)
    if op is not chain.first:
        return cycles(graph, op, kernel) + calls * _CALL + waits
    # Of its pixels it makes those that the next layer takes.
    rows, columns = chain.stages[0].tile
    _, height, width, _ = graph.tensors[chain.stages[0].tensor].shape
    alone = 1.0 if columns > 1 else _QUICK_ALONE if kernel.is_quick else kernel.alone
    share = calls * rows * columns / (height * width)
    parts = (calls - out.shape[1]) * rows * kernel.part + calls * rows * _CALL
    return round(share * (cycles(graph, op, kernel) * alone + waits)) + parts


class _Options:
    """The kernels that a graph's operators have, by index; the one that runs anywhere first."""

    def __init__(self, graph: Graph, target: Target, flash: SlowFlash | None = None) -> None:
        self.graph = graph
        self.target = target
        self.flash = flash
        every = {op.index: kernels_of(graph, op, target) for op in graph.operators}
        self.kernels: Mapping[int, Sequence[Kernel]] = {i: ks for i, ks in every.items() if ks}

    @property
    def portable(self) -> Kernels:
        return {index: kernels[0] for index, kernels in self.kernels.items()}

    @property
    def compact(self) -> Kernels:
        """The same, but for others that take no memory either, and fewer tables by more than their
        code."""
        found = {}
        for index, (anywhere, *others) in self.kernels.items():
            like = [k for k in others if k.form == anywhere.form and not memory_bytes(k)]
            least = min(like, key=table_bytes, default=anywhere)
            saved = table_bytes(anywhere) - table_bytes(least)
            found[index] = least if saved >= OWN_CODE else anywhere
        return found

    def quickest(
        self, tables: int | None, price: int, multiplying: frozenset[int] = _NONE
    ) -> Kernels:
        """Those of least cycles within a limit for the bytes of all tables. price: the cycles that
        a byte of what a kernel holds counts for. multiplying: operators that skip no zeros."""
        every = {
            index: [k for k in kernels if index not in multiplying or not k.skips_zeros]
            for index, kernels in self.kernels.items()
        }
        ways = [
            [Way(self._cost(index, k, price), table_bytes(k)) for k in kernels]
            for index, kernels in every.items()
        ]
        taken = zip(every.items(), pick(ways, tables).ways, strict=True)
        return {index: kernels[number] for (index, kernels), number in taken}

    def skipping_in_chains(self, kernels: Kernels) -> frozenset[int]:
        """The operators that skip zeros and can be in a chain: for a few pixels at a time, reading
        where the others are costs more than it saves."""
        joined = chains(self.graph, kernels, self.target).values()
        within = (op.index for chain in joined for op in chain.operators)
        return frozenset(index for index in within if kernels[index].skips_zeros)

    def with_chains(self, kernels: Kernels) -> Kernels:
        """The same, but for layers that are quicker as one by kernels that make a row at a time:
        others cannot be in a chain."""
        ways = {
            i: [k for k in ks if not isinstance(k.form, Blocks)] for i, ks in self.kernels.items()
        }
        single = {i: min(ks, key=lambda k: self._cost(i, k, _PRICE)) for i, ks in ways.items()}
        found = dict(kernels)
        for chain in chains(self.graph, single, self.target).values():
            apart = sum(cycles(self.graph, op, kernels[op.index]) for op in chain.operators)
            if sum(_chained(self.graph, chain, op) for op in chain.operators) < apart:
                found |= {op.index: single[op.index] for op in chain.operators}
        return found

    def quickest_in(self, room: int, price: int) -> tuple[Kernels, frozenset[int]]:
        """Those of least cycles with tables in RAM, as many bytes as there is room for; and the
        operators whose tables those are."""
        ways = [
            [
                *(Way(self._cost(index, k, price), 0) for k in kernels),
                *(self._way_in_ram(index, k, price) for k in kernels),
            ]
            for index, kernels in self.kernels.items()
        ]
        taken = dict(zip(self.kernels, pick(ways, room).ways, strict=True))
        kernels = {i: ks[taken[i] % len(ks)] for i, ks in self.kernels.items()}
        in_ram = frozenset(i for i, ks in self.kernels.items() if taken[i] >= len(ks))
        return kernels, in_ram

    def _way_in_ram(self, index: int, kernel: Kernel, price: int) -> Way:
        nbytes = table_bytes(kernel)
        worth = -(-nbytes // _BYTES_A_CYCLE)
        return Way(self._cost(index, kernel, price, in_ram=True) + worth, nbytes)

    def _cost(self, index: int, kernel: Kernel, price: int, *, in_ram: bool = False) -> int:
        op = self.graph.operators[index]
        waits = 0 if in_ram else stalls(self.graph, op, kernel, self.flash)
        return cycles(self.graph, op, kernel) + waits + price * held_bytes(self.graph, op, kernel)

    @property
    def choices(self) -> bool:
        """Whether any operator has several."""
        return any(len(kernels) > 1 for kernels in self.kernels.values())

    def lowered(self, kernels: Kernels, in_ram: frozenset[int] = _NONE) -> Iterator[LoweredGraph]:
        """With all chains that there can be, with those that save cycles, and with none."""
        joined = chains(self.graph, kernels, self.target)
        quicker = {last: chain for last, chain in joined.items() if self._saves(chain, kernels)}
        taken = [joined, quicker] if 0 < len(quicker) < len(joined) else [joined]
        if joined:
            taken.append({})
        for chained in taken:
            yield LoweredGraph(self.graph, kernels, chained, in_ram, self.target)

    def _saves(self, chain: Chain, kernels: Kernels) -> bool:
        """Whether its layers are quicker than by themselves."""
        return sum(_chained(self.graph, chain, op) for op in chain.operators) < sum(
            cycles(self.graph, op, kernels[op.index]) for op in chain.operators
        )


@dataclass(frozen=True)
class _Search:
    """Makes plans; those that cannot be made are left out, unless all are."""

    options: Sequence[_Options]
    by_rows: bool
    tell: Tell
    made: list[tuple[Plan, LoweredGraph]] = field(default_factory=list)

    def divided(self, found: Plan, fast: int) -> Plan:
        """One of the plans, with so many bytes of its arena in a fast memory."""
        lowered = next(lowered for plan, lowered in self.made if plan is found)
        return plan_of(lowered, by_rows=self.by_rows, progress=self.tell, fast=fast)

    def portable(self) -> Sequence[Plan]:
        """Of kernels that run anywhere and take least."""
        return self._plans((o, o.portable, _NONE) for o in self.options)

    def compact(self) -> Sequence[Plan]:
        """Of such kernels with fewer tables, where there are others; beside quick ones, which make
        two pixels at once in chains and there take more memory, of those that run anywhere."""
        taken = []
        for o in self.options:
            kernels, portable = o.compact, o.portable
            if any(k.is_quick for i, k in kernels.items() if k is not portable[i]):
                taken.append((o, portable, _NONE))
            taken.append((o, kernels, _NONE))
        return self._plans(taken)

    def quick_in(self, room: int) -> Sequence[Plan]:
        """Of the quickest kernels with tables in RAM, within so many bytes."""
        return self._plans((o, *o.quickest_in(room, _PRICE)) for o in self.options)

    def quick(self, tables: int | None = None, arena: int | None = None) -> Sequence[Plan]:
        """Of the quickest kernels; where the arena shall have a limit, also for the least price of
        memory with which a plan is within it, found by halving."""
        first, *prices = (_PRICE,) if arena is None else _PRICES
        found = list(self._plans(self._quick_kernels(tables, first)))
        if arena is None or any(p.arena_bytes <= arena for p in found):
            return found
        while prices:
            middle = len(prices) // 2
            price = prices[middle]
            plans = self._plans(self._quick_kernels(tables, price))
            found += plans
            fits = any(p.arena_bytes <= arena for p in plans)
            prices = prices[:middle] if fits else prices[middle + 1 :]
        return found

    def _quick_kernels(
        self, tables: int | None, price: int
    ) -> Iterator[tuple[_Options, Kernels, frozenset[int]]]:
        for o in self.options:
            kernels = o.quickest(tables, price)
            yield o, kernels, _NONE
            if skipping := o.skipping_in_chains(kernels):
                yield o, o.quickest(tables, price, skipping), _NONE

    def quick_chains(self, tables: int | None = None) -> Sequence[Plan]:
        """Of the quickest kernels where layers that are quicker as one have others for that."""
        taken = [(o, o.quickest(tables, _PRICE)) for o in self.options]
        others = [(o, o.with_chains(kernels), kernels) for o, kernels in taken]
        plans = [(o, chained, _NONE) for o, chained, kernels in others if chained != kernels]
        return self._plans(plans) if plans else ()

    def _plans(self, taken: Iterable[tuple[_Options, Kernels, frozenset[int]]]) -> Sequence[Plan]:
        lowered = [
            one for options, kernels, in_ram in taken for one in options.lowered(kernels, in_ram)
        ]
        found, errors = [], []
        for i, one in enumerate(lowered):
            tell = part(self.tell, i / len(lowered), (i + 1) / len(lowered))
            try:
                found.append(plan_of(one, by_rows=self.by_rows, progress=tell))
                self.made.append((found[-1], one))
            except ForgeError as error:
                errors.append(error)
        if not found:
            raise errors[0]
        return found
