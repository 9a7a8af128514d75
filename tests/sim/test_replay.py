"""A second run along the first one's path: every instruction once, with the data that it moved.

The same code runs with an address in RAM and one in flash: what the second takes more was waited
for by exactly those loads that were executed, and the wait states are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.sim import tiny
from tinyforge.boards.flash_reads import FlashReads, MemorySystem
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job
from tinyforge.sim.cycles.count import cycles_by_layer
from tinyforge.sim.machines.block_counter import BlockCounter
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.profile import Profile
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")
pytest.importorskip("capstone")

WAITS = 9
# The whole of the code in one read, so that no fetch comes between loads; and nothing cached.
SYSTEM = MemorySystem(wait_states=WAITS, reads=FlashReads(read_bytes=64, source="this test"))
NO_WAITS = msgspec.structs.replace(SYSTEM, wait_states=0)
RAM, FLASH = 0x20000800, 0x08004000


def profile(folder: Path, extra: str = "", inferences: int = 1) -> Profile:
    firmware = tiny.build(toolchain("zig"), folder / "t.elf", extra=extra)
    job = Job(firmware, tiny.inputs(inferences), tiny.OUTPUT_BYTES, tiny.PROBES)
    return Unicorn().profile(job, systems=[SYSTEM])


LOADS = {
    "none": ("nop", 0),
    "one": ("ldr r1, [r0]", 1),
    "a byte": ("ldrb r1, [r0]", 1),
    "two of one read": ("ldr r1, [r0]\n nop\n ldr r1, [r0, #60]", 1),
    "two of two reads": ("ldr r1, [r0]\n nop\n ldr r1, [r0, #64]", 2),
    "a read again, after another one": (
        "ldr r1, [r0]\n nop\n ldr r1, [r0, #64]\n nop\n ldr r1, [r0]",
        3,
    ),
    "a pair across two reads": ("ldrd r1, r2, [r0, #60]", 2),
    "many across two reads": ("adds r0, #56\n nop\n ldm r0, {r1-r3}", 2),
    "one whose condition holds": ("cmp r0, r0\n it eq\n ldreq r1, [r0]", 1),
    "one whose condition fails": ("cmp r0, r0\n it ne\n ldrne r1, [r0]", 0),
    "the second of two whose conditions differ": (
        "cmp r0, r0\n ite ne\n ldrne r1, [r0]\n ldreq r1, [r0, #4]",
        1,
    ),
    "many whose condition fails": ("cmp r0, r0\n itt ne\n ldmne r0, {r1-r3}\n ldrne r1, [r0]", 0),
    "the same instruction in a loop": (
        "movs r1, #5\n 2: ldr r2, [r0]\n adds r0, #64\n subs r1, #1\n bne 2b",
        5,
    ),
    "in a loop, only in every second round": (
        "movs r1, #4\n 2: tst r1, #1\n it ne\n ldrne r2, [r0]\nadds r0, #64\n subs r1, #1\n bne 2b",
        2,
    ),
}


@pytest.mark.parametrize("what", LOADS)
def test_exactly_the_loads_that_ran_are_waited_for(what: str, tmp_path: Path) -> None:
    code, waits = LOADS[what]
    in_ram, in_flash = (
        profile(tmp_path, f"ldr r0, ={base}\n b.w 1f\n .align 6\n 1: {code}\n", 2).simulated[0]
        for base in (RAM, FLASH)
    )
    assert in_flash[-1] - in_ram[-1] == 2 * waits * WAITS
    assert in_flash[1] == in_ram[1]


KINDS = {
    "across pages": (
        "ldr r0, =0x20000bfe\n ldr r1, [r0]\n str r1, [r0]\n ldrh r1, [r0, #1]\n strh r1, [r0, #1]",
        4,
    ),
    "many across pages": (
        "ldr r0, =0x20000ff8\n ldm r0, {r1-r4}\n stm r0, {r1-r4}\n ldrd r1, r2, [r0, #4]\n"
        "strd r1, r2, [r0, #4]",
        0,
    ),
    "floating point": (
        "vldr s0, [r0]\n vldr d1, [r0]\n vldmia r0!, {s0-s2}\n vldr d2, [r0]\n vpush {d8-d9}\n"
        "vpop {d8-d9}\n vstr d1, [r0]",
        0,
    ),
    "that move their base on": (
        "ldr r1, [r0], #4\n str r1, [r0, #-4]!\n ldrd r1, r2, [r0], #8\n ldmdb r0!, {r1, r2}\n"
        "push {r4-r7}\n pop {r4-r7}",
        0,
    ),
    "a branch by table": (
        "movs r0, #1\n tbh [pc, r0, lsl #1]\n 2: .short (1f - 2b) / 2\n .short (1f - 2b) / 2\n 1:",
        0,
    ),
    "that a branch ends": (
        "cmp r0, r0\n itt eq\n ldreq r1, [r0]\n beq 4f\n nop\n 4: itt ne\n ldrne r1, [r0]\n"
        "bne 4b\n nop",
        0,
    ),
    "that the model does not know": ("ldrt r1, [r0]\n strt r1, [r0]\n ldrexb r1, [r0]", 0),
}


@pytest.mark.parametrize("what", KINDS)
def test_no_access_is_lost(what: str, tmp_path: Path) -> None:
    code, unaligned = KINDS[what]
    found = profile(tmp_path, f"ldr r0, ={RAM}\n {code}\n", 3)
    assert found.unaligned_extra == {-1: 3 * unaligned, 0: 0, 1: 0}


def test_layers_are_told_apart(tmp_path: Path) -> None:
    """Without wait states, as the core's model has it: see test_cycles.py. But for the call behind
    layer 0, which a return leads to, and which lies across two words: the second comes later."""
    firmware = tiny.build(toolchain("zig"), tmp_path / "t.elf")
    job = Job(firmware, tiny.inputs(3), tiny.OUTPUT_BYTES, tiny.PROBES)
    found = Unicorn().profile(job, systems=[SYSTEM, NO_WAITS])
    core = cycles_by_layer(found, firmware)
    assert found.simulated[1] == {-1: core[-1].mid, 0: core[0].mid + 3, 1: core[1].mid}
    assert all(found.simulated[0][layer] > found.simulated[1][layer] for layer in (-1, 0, 1))


def test_a_path_that_the_run_does_not_take_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: Callable[[BlockCounter], object] = BlockCounter.path

    def shorter(counter: BlockCounter) -> object:
        path = recorded(counter)
        return replace(path, entries=np.ascontiguousarray(path.entries[:-40]))

    monkeypatch.setattr(BlockCounter, "path", shorter)
    with pytest.raises(ForgeError, match="accesses to memory could not be attributed"):
        profile(tmp_path)
