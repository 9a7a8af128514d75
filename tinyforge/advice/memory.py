"""What the arena holds when it is fullest."""

from __future__ import annotations

from collections.abc import Sequence

from tinyforge.advice.record import Held, Peak
from tinyforge.memory.network import FEED
from tinyforge.memory.plan import Plan, Slot
from tinyforge.proof.arena import slot_name


def peak(plan: Plan) -> Peak | None:
    """None for a plan without steps, whose arena holds inputs and outputs alone."""
    steps = [number for number, step in enumerate(plan.steps) if step.layer != FEED]
    if not steps:
        return None
    alive = {
        number: [slot for slot in plan.slots if slot.first <= number <= slot.last]
        for number in steps
    }
    fullest = max(steps, key=lambda number: _covered(alive[number]))
    layer = plan.steps[fullest].layer
    held = [Held(slot_name(plan.graph, slot), slot.nbytes) for slot in alive[fullest]]
    return Peak(
        layer,
        plan.graph.operators[layer].op,
        _covered(alive[fullest]),
        tuple(sorted(held, key=lambda one: -one.nbytes)),
    )


def _covered(slots: Sequence[Slot]) -> int:
    """Bytes of the arena: slots share some, where one's rows are read before the other's come."""
    end = covered = 0
    for begin, stop in sorted((slot.offset, slot.offset + slot.nbytes) for slot in slots):
        covered += max(0, stop - max(begin, end))
        end = max(end, stop)
    return covered
