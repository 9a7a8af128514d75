"""The cycles of code that runs: branches taken and not, and what is not aligned.

The figures are worked out by hand from the rules that the model states.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sim import tiny
from tinyforge.sim.base import Job
from tinyforge.sim.cycles.count import NONE, Cycles, cycles_by_layer
from tinyforge.sim.cycles.model import VARIANTS
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")
pytest.importorskip("capstone")


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Cycles]:
    """The cycles of code at the start of forge_invoke, in one inference."""
    folder = tmp_path_factory.mktemp("executed")

    def whole(extra: str) -> Cycles:
        firmware = tiny.build(toolchain("zig"), folder / "t.elf", extra=extra)
        profile = Unicorn().profile(Job(firmware, tiny.inputs(1), output_bytes=4), systems=())
        return sum(cycles_by_layer(profile, firmware).values(), NONE)

    without = whole("")

    def added(extra: str) -> Cycles:
        found = whole(extra)
        return Cycles(*(getattr(found, name) - getattr(without, name) for name in VARIANTS))

    return added


# Taken branches add 2.
EXECUTED = {
    "a loop: ten rounds, nine jumps": (
        "movs r0, #10\n 1: subs r0, #1\n bne 1b",
        Cycles(21 + 18, 21 + 18, 21 + 18),
    ),
    "branches that are not taken": (
        "movs r0, #1\n cbz r0, 1f\n cmp r0, #1\n bne 1f\n 1:",
        Cycles(4, 4, 4),
    ),
    "branches that are taken": (
        "movs r0, #0\n cbz r0, 1f\n nop\n 1: b 2f\n nop\n 2: cmp r0, #0\n beq 3f\n nop\n 3:",
        Cycles(5 + 6, 5 + 6, 5 + 6),
    ),
    "a call and the way back": ("bl 2f\n b 1f\n 2: bx lr\n 1:", Cycles(3 + 6, 3 + 6, 3 + 6)),
    "a return that loads the PC": (
        "bl 2f\n b 1f\n 2: push {r4, lr}\n pop {r4, pc}\n 1:",
        Cycles(2 + 6 + 6, 2 + 6 + 6, 2 + 6 + 6),
    ),
    "a conditional return": (
        "movs r0, #0\n bl 2f\n b 1f\n 2: cmp r0, #0\n it eq\n bxeq lr\n 1:",
        Cycles(5 + 6, 6 + 6, 6 + 6),
    ),
    "a branch by table": (
        "movs r0, #1\n tbb [pc, r0]\n 2: .byte (1f - 2b) / 2\n .byte (1f - 2b) / 2\n nop\n 1:",
        Cycles(3 + 2, 3 + 2, 3 + 2),
    ),
    "loads from flash, as if it had no wait states": (
        "ldr r0, =forge_invoke\n bic r0, #3\n ldr r1, [r0]\n ldm r0, {r1-r3}\n ldr r2, [sp]",
        Cycles(2 + 1 + 2 + 4 + 2, 3 + 9, 4 + 9),
    ),
    "what is not aligned": (
        "mov r0, sp\n nop\n ldr r1, [r0, #-7]\n str r1, [r0, #-6]\n strh r1, [r0, #-7]\n"
        "ldr r1, [r0, #-8]",
        Cycles(8, 8 + 2 + 1 + 1, 8 + 2 + 1 + 1),
    ),
    # The emulator cuts it in pieces of 1024 bytes, which is not to be seen in the cycles.
    "a thousand loads in a row": ("ldr.w r1, [sp, #4]\n" * 1000, Cycles(1001, 1001, 1001)),
}


@pytest.mark.parametrize("what", EXECUTED)
def test_executed_code(what: str, count: Callable[[str], Cycles]) -> None:
    extra, expected = EXECUTED[what]
    assert count(extra) == expected


def test_layers_are_told_apart(tmp_path: Path) -> None:
    firmware = tiny.build(toolchain("zig"), tmp_path / "t.elf")
    job = Job(firmware, tiny.inputs(2), output_bytes=4, probes=tiny.PROBES)
    profile = Unicorn().profile(job, systems=())
    found = cycles_by_layer(profile, firmware)
    # Layer 0, twice: a literal, a constant, 8 rounds of a load, 5 others and 7 jumps back; the
    # return, and the call of layer 1.
    assert found[0].low == found[0].mid == 2 * (2 + 1 + 8 * 7 + 7 * 2 + 3 + 3)
    assert found[0].high == found[0].mid + 2
    assert found[1].mid > found[0].mid
    # forge_invoke itself: PUSH and the call of layer 0.
    assert found[-1] == Cycles(2 * 6, 2 * 6, 2 * 6)
