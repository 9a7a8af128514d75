"""Every data access of an inference against what the plan gives the layer that makes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.proof.grants import arena_spans, merged
from tinyforge.sim.elf import Firmware
from tinyforge.sim.profile import Profile, Span, Stray

_SHOWN = 6  # stretches of the arena that a message names at most


def require_planned(profile: Profile, graph: Graph, plan: Plan, firmware: Firmware) -> int:
    """How many accesses were seen. ForgeError with the first one that is outside of what its step
    may touch: the layer, the address and what lies there, and what the plan gives."""
    stray = profile.stray
    if stray is None:
        return profile.checked
    does = "writes" if stray.written else "reads"
    raise ForgeError(
        f"{_who(plan, stray)} {does} {_bytes(stray.nbytes)} at 0x{stray.address:08x}, "
        f"{_lies_at(firmware, stray.address)}; the plan gives it {_given(plan, stray)}",
        where=_where(graph, firmware, stray),
        fix="write the project's sources anew: tinyforge generate --overwrite; where they are as"
        " generated, report this model as a defect of tinyforge",
    )


def _who(plan: Plan, stray: Stray) -> str:
    if stray.step is None or stray.layer < 0:
        return "the code between layers"
    return f"layer {stray.layer}, in its step {plan.steps[stray.step].number},"


def _where(graph: Graph, firmware: Firmware, stray: Stray) -> str:
    code = f"0x{stray.code:08x} in {firmware.function_at(stray.code)}, {firmware.path}"
    return code if stray.layer < 0 else f"{graph.where(graph.operators[stray.layer])}, {code}"


def _lies_at(firmware: Firmware, address: int) -> str:
    """By the object that is there, or the last one before."""
    found = firmware.object_before(address)
    if found is None:
        return "where no object lies"
    name, symbol = found
    behind = address - symbol.address - symbol.size
    if behind < 0:
        return f"{name} + {address - symbol.address}"
    return f"{_bytes(behind)} behind {name}" if behind else f"right behind {name}"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _given(plan: Plan, stray: Stray) -> str:
    if stray.step is None:
        return "nothing of the arena"
    spans = merged(arena_spans(plan)[stray.step])
    shares = [
        f"{_stretches([s for s in spans if s.writable is writable])} to {verb}"
        for writable, verb in ((False, "read"), (True, "write"))
        if any(s.writable is writable for s in spans)
    ]
    arena = f"bytes {' and '.join(shares)} of the arena" if shares else "nothing of the arena"
    return arena if stray.layer < 0 else f"{arena}, its own constants and the stack"


def _stretches(spans: Sequence[Span]) -> str:
    """ "0 to 311, 624 to 935": first and last offsets."""
    shown: Iterator[str] = (f"{s.begin} to {s.end - 1}" for s in islice(spans, _SHOWN))
    more = len(spans) - _SHOWN
    return ", ".join(shown) + (f" and {more} stretches more" if more > 0 else "")
