"""Which kernels run a graph, what runs as one, and what lies where: the search for the best plan.

An operator may have several kernels, and the quick ones take more flash or memory; layers may run
as one, which saves memory and costs time. For size the plan of least memory is taken, over kernels
that take none for themselves. For speed, the one of least cycles. Balanced is the least cycles
within limits: shares of the least flash and the least memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.knapsack import Way, pick
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.memory.plan import Plan
from tinyforge.memory.planner import plan_of
from tinyforge.memory.progress import Tell, forward, ignored, part
from tinyforge.ops.base import Kernel
from tinyforge.ops.chains import chains
from tinyforge.ops.costs import cycles, memory_bytes, table_bytes
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

# Cycles that a byte of a kernel's own memory counts for; and may, where the arena has a limit.
_PRICE = 8
_PRICES = (64, 256, 1024, 4096, 2**14, 2**40)


@dataclass(frozen=True)
class Aim:
    """What a plan shall be good for, and on which core."""

    objective: Objective = "size"
    target: Target = ANY


SMALLEST = Aim()


def plan(
    graph: Graph, aim: Aim = SMALLEST, *, by_rows: bool = False, progress: Tell = ignored
) -> Plan:
    """The best plan found for a graph all of whose operators are in OPS.

    by_rows: an input (rows_input) comes row by row, and is not kept where that saves memory.
    progress: told the share of the work that is done. ForgeError when the arena would pass
    2**31 - 1 bytes, and for more steps than generated code can have.
    """
    turned = upright(graph)
    # A row of one pixel costs more steps than it saves where nothing is handed on.
    graphs = (turned,) if turned is graph or by_rows else (graph, turned)
    search = _Search([_Options(g, aim.target) for g in graphs], by_rows, forward(progress))
    if aim.objective == "size":
        return min(search.portable(), key=lambda p: (p.arena_bytes, plan_cycles(p)))
    if aim.objective == "speed" or not any(o.choices for o in search.options):
        return _quickest(search.quick())
    small = min(search.portable(), key=lambda p: p.arena_bytes)
    least = sum(map(table_bytes, small.kernels.values()))
    tables = max(int(_TABLES * least), least + _MORE_TABLES)
    arena = max(int(_ARENA * small.arena_bytes), small.arena_bytes + _MORE_ARENA)
    quick = [p for p in search.quick(tables, arena) if p.arena_bytes <= arena]
    return _quickest([*quick, small])


def _quickest(plans: Sequence[Plan]) -> Plan:
    """Of least cycles; of those that are hardly slower, the one of least memory."""
    least = min(map(plan_cycles, plans))
    near = [p for p in plans if plan_cycles(p) <= _HARDLY * least]
    return min(near, key=lambda p: (p.arena_bytes, plan_cycles(p)))


def plan_cycles(found: Plan) -> int:
    """About how many an inference takes, on the core for which the kernels were chosen."""
    return sum(layer_cycles(found, index) for index in found.kernels)


def layer_cycles(found: Plan, index: int) -> int:
    """Of one operator, in a chain or by itself."""
    op, kernel = found.graph.operators[index], found.kernels[index]
    chain = found.chain_of.get(index)
    if chain is None:
        return cycles(found.graph, op, kernel)
    out = found.graph.tensors[chain.output]
    calls = out.size // out.shape[-1] // chain.columns
    if op is not chain.first and kernel.cycles is not None:
        return calls * (kernel.cycles + _CALL)
    alone = _QUICK_ALONE if kernel.is_quick and chain.columns == 1 else 1
    return int(cycles(found.graph, op, kernel) * alone) + calls * _CALL


class _Options:
    """The kernels that a graph's operators have, by index; the one that runs anywhere first."""

    def __init__(self, graph: Graph, target: Target) -> None:
        self.graph = graph
        self.target = target
        every = {op.index: kernels_of(graph, op, target) for op in graph.operators}
        self.kernels: Mapping[int, Sequence[Kernel]] = {i: ks for i, ks in every.items() if ks}

    @property
    def portable(self) -> Kernels:
        return {index: kernels[0] for index, kernels in self.kernels.items()}

    def quickest(self, tables: int | None, price: int) -> Kernels:
        """Those of least cycles within a limit for the bytes of all tables. price: the cycles that
        a byte of a kernel's own memory counts for."""
        ways = [
            [
                Way(
                    cycles(self.graph, self.graph.operators[index], k) + price * memory_bytes(k),
                    table_bytes(k),
                )
                for k in kernels
            ]
            for index, kernels in self.kernels.items()
        ]
        taken = zip(self.kernels.items(), pick(ways, tables).ways, strict=True)
        return {index: kernels[number] for (index, kernels), number in taken}

    @property
    def choices(self) -> bool:
        """Whether any operator has several."""
        return any(len(kernels) > 1 for kernels in self.kernels.values())

    def lowered(self, kernels: Kernels) -> Iterator[LoweredGraph]:
        """With all chains that there can be, and with none."""
        joined = chains(self.graph, kernels, self.target)
        yield LoweredGraph(self.graph, kernels, joined)
        if joined:
            yield LoweredGraph(self.graph, kernels)


@dataclass(frozen=True)
class _Search:
    """Makes plans; those that cannot be made are left out, unless all are."""

    options: Sequence[_Options]
    by_rows: bool
    tell: Tell

    def portable(self) -> Sequence[Plan]:
        """Of kernels that run anywhere and take least."""
        return self._plans((o, o.portable) for o in self.options)

    def quick(self, tables: int | None = None, arena: int | None = None) -> Sequence[Plan]:
        """Of the quickest kernels; where the arena shall have a limit, also for the least price of
        memory with which a plan is within it, found by halving."""
        first, *prices = (_PRICE,) if arena is None else _PRICES
        found = list(self._plans((o, o.quickest(tables, first)) for o in self.options))
        if arena is None or any(p.arena_bytes <= arena for p in found):
            return found
        while prices:
            middle = len(prices) // 2
            plans = self._plans([(o, o.quickest(tables, prices[middle])) for o in self.options])
            found += plans
            fits = any(p.arena_bytes <= arena for p in plans)
            prices = prices[:middle] if fits else prices[middle + 1 :]
        return found

    def _plans(self, taken: Iterable[tuple[_Options, Kernels]]) -> Sequence[Plan]:
        lowered = [one for options, kernels in taken for one in options.lowered(kernels)]
        found, errors = [], []
        for i, one in enumerate(lowered):
            tell = part(self.tell, i / len(lowered), (i + 1) / len(lowered))
            try:
                found.append(plan_of(one, by_rows=self.by_rows, progress=tell))
            except ForgeError as error:
                errors.append(error)
        if not found:
            raise errors[0]
        return found
