"""Graph to memory plan: best order, then best offsets."""

from __future__ import annotations

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.lifetimes import buffers
from tinyforge.memory.order import best_order
from tinyforge.memory.placement import place
from tinyforge.memory.plan import Plan, Slot


def plan(graph: Graph) -> Plan:
    """The arena of a graph all of whose operators are in OPS.

    ForgeError when it would pass 2**31 - 1 bytes.
    """
    order, bound = best_order(graph)
    found = buffers(graph, order)
    offsets = place(found, bound)
    slots = tuple(
        Slot(offset, b.nbytes, b.first, b.last, b.tensors)
        for b, offset in sorted(zip(found, offsets, strict=True), key=lambda p: (p[0].first, p[1]))
    )
    total = max((slot.offset + slot.nbytes for slot in slots), default=0)
    if total > 2**31 - 1:
        raise ForgeError(
            f"the activations need {total:,} bytes", fix="use a smaller input or fewer channels"
        )
    return Plan(
        order=order,
        slots=slots,
        offsets={t: slot.offset for slot in slots for t in slot.tensors},
        arena_bytes=total,
        lower_bound=bound,
    )
