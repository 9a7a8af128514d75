"""Layers without anything to do: what they would copy was made in its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from tinyforge.graph import Graph, Operator
from tinyforge.memory.network import is_alias, next_values
from tinyforge.memory.plan import Plan, Slot


def settled(graph: Graph, plan: Plan) -> Plan:
    """The plan without steps that would assign to variables what lies there already."""
    makers = [graph.producers[after] for after in next_values(graph).values()]
    idle = frozenset(op.index for op in makers if _in_place(plan, op))
    if not idle:
        return plan
    taken = [step.layer not in idle for step in plan.steps]
    # The number of each step among those that are left, or that of the one before it.
    number = [max(0, count - 1) for count in accumulate(taken)] or [0]

    def moved(slot: Slot) -> Slot:
        return replace(slot, first=number[slot.first], last=number[slot.last])

    return replace(
        plan,
        steps=tuple(s for s, kept in zip(plan.steps, taken, strict=True) if kept),
        finished=tuple(f for f, kept in zip(plan.finished, taken, strict=True) if kept),
        slots=tuple(map(moved, plan.slots)),
        settled=idle,
    )


def _in_place(plan: Plan, op: Operator) -> bool:
    value, after = plan.places.get(op.inputs[-1]), plan.places[op.outputs[0]]
    return value is not None and value.offset == after.offset


def bytes_of(op: Operator, plan: Plan) -> int | None:
    """The tensor whose bytes are the output's, of an operator without code; None for one with."""
    if op.index in plan.settled:
        return op.inputs[-1]
    return op.inputs[0] if is_alias(op) else None
