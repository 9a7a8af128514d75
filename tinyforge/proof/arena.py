"""The arena as a record shows it."""

from __future__ import annotations

from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan, Slot, rows_named
from tinyforge.proof.record import Arena, ArenaSlot


def planned_arena(graph: Graph, plan: Plan, touched: int | None) -> Arena:
    """touched: the bytes that a run wrote, None where it was not seen."""
    return Arena(
        planned=plan.arena_bytes,
        touched=touched,
        lower_bound=plan.lower_bound,
        least=plan.least,
        slots=tuple(
            ArenaSlot(slot_name(graph, s), s.offset, s.nbytes, s.first, s.last) for s in plan.slots
        ),
        steps=tuple(step.layer for step in plan.steps),
        own=max((slot.nbytes for slot in plan.slots if slot.layers), default=0),
    )


def slot_name(graph: Graph, slot: Slot) -> str:
    """The tensor that lies there last, or the layers that need the memory for themselves."""
    if slot.layers:
        return f"memory of {slot.owners}"
    last = graph.tensors[slot.tensors[-1]]
    if last.variable:
        return f"{last.name} (state)"
    return f"{last.name} ({rows_named(slot.rows)})" if slot.rows else last.name
