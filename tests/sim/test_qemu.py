"""Firmware on QEMU: the same figures as on unicorn, and the core that only QEMU has."""

import shutil

import numpy as np
import pytest

from tests.sim import tiny
from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job, Probe
from tinyforge.sim.machines.qemu import Qemu, qemu_memory
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.toolchains import toolchain

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="needs qemu-system-arm"
)


def build(path, core="cortex-m4", compiler="zig", **more):
    memory = qemu_memory(CORES[core])
    return tiny.build(toolchain(compiler), path / "tiny.elf", core=core, memory=memory, **more)


def run(firmware, count=4, probes=tiny.PROBES, machine=None):
    return (machine or Qemu()).run(Job(firmware, tiny.inputs(count), tiny.OUTPUT_BYTES, probes))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", CORES)
def test_everything_is_measured_exactly(tmp_path, core, compiler):
    x = tiny.inputs(4)
    seen = run(build(tmp_path, core, compiler))
    np.testing.assert_array_equal(seen.outputs, tiny.expected(x))
    np.testing.assert_array_equal(seen.captured[0], x)
    np.testing.assert_array_equal(seen.captured[1], (x.view(np.uint8) + np.uint8(1)).view(np.int8))
    np.testing.assert_array_equal(seen.captured[2], tiny.expected(x))
    layer_1 = [tiny.layer_1(CORES[core], int(first)) for first in x[:, 0]]
    np.testing.assert_array_equal(seen.layer_instructions[:, 0], tiny.LAYER_0)
    np.testing.assert_array_equal(seen.layer_instructions[:, 1], layer_1)
    np.testing.assert_array_equal(
        seen.instructions, np.add(layer_1, tiny.INVOKE_START + tiny.LAYER_0)
    )
    assert seen.arena_touched == tiny.ARENA_TOUCHED
    assert seen.console == "PASS\n"


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_the_machines_agree_on_every_figure(tmp_path, core):
    firmware = build(tmp_path, core)
    on_qemu, on_unicorn = run(firmware), run(firmware, machine=Unicorn())
    np.testing.assert_array_equal(on_qemu.instructions, on_unicorn.instructions)
    assert on_qemu.stack_high_water_mark == on_unicorn.stack_high_water_mark
    assert on_qemu.arena_touched == on_unicorn.arena_touched


def test_mve_instructions_run_on_the_m55(tmp_path):
    """Doubles the first 16 bytes of the arena: eight of them are layer 0's input."""
    vector = "ldr r0, =forge_arena\n vldrb.u8 q0, [r0]\n vadd.i8 q0, q0, q0\n vstrb.8 q0, [r0]"
    firmware = build(tmp_path, "cortex-m55", extra=vector, golden=(14, 18, 22, 26))
    x = tiny.inputs(4)
    doubled = (x.view(np.uint8) * np.uint8(2)).view(np.int8)
    np.testing.assert_array_equal(run(firmware, probes=()).outputs, tiny.expected(doubled))


def test_a_fault_names_the_instruction_and_the_function(tmp_path):
    extra = ".global culprit\n ldr r0, =0x70000000\nculprit: ldr r0, [r0]"
    firmware = build(tmp_path, extra=extra)
    with pytest.raises(ForgeError, match="the firmware faulted") as caught:
        run(firmware)
    address = firmware.symbols["culprit"].address
    assert f"0x{address:08x} in forge_invoke" in caught.value.where


def test_a_hang_is_a_fault(tmp_path):
    firmware = build(tmp_path, extra="b .")
    with pytest.raises(ForgeError, match="hangs") as caught:
        run(firmware, machine=Qemu(stall_seconds=1))
    assert "in forge_invoke" in caught.value.where


def test_a_lost_stack_is_a_fault(tmp_path):
    firmware = build(tmp_path, extra="ldr r0, =0x70000000\n mov sp, r0\n ldr r0, [r0]")
    with pytest.raises(ForgeError, match="stack pointer outside of RAM: 0x6fff"):
        run(firmware)


def test_what_qemu_says_when_it_gives_up_is_shown(tmp_path):
    """An exception at a priority that no fault may interrupt."""
    firmware = build(tmp_path, extra="movs r0, #1\n msr faultmask, r0\n .inst.n 0xde00")
    with pytest.raises(ForgeError, match="Lockup"):
        run(firmware)


def test_a_failed_self_test_shows_the_console(tmp_path):
    extra = "bl forge_layer_0\n bl forge_layer_1\n movs r0, #7\n pop {r4, pc}"
    with pytest.raises(ForgeError) as caught:
        run(build(tmp_path, extra=extra))
    assert "ended with status 1" in caught.value.what
    assert "FAIL: the self-test's outputs differ" in caught.value.what


def test_a_probe_that_is_never_reached_is_refused(tmp_path):
    with pytest.raises(ForgeError, match="main was reached 0 times in 4 inferences"):
        run(build(tmp_path), probes=(Probe("forge_app_main", (), 0),))


def test_firmware_for_other_memories_is_refused(tmp_path):
    memory = MemoryMap(Region(0, 65536), Region(0x20000000, 65536))
    firmware = tiny.build(toolchain("zig"), tmp_path / "tiny.elf", memory=memory)
    with pytest.raises(ForgeError, match="not linked for qemu"):
        run(firmware)


def test_results_of_another_size_are_refused(tmp_path):
    with pytest.raises(ForgeError, match="wrote 8 bytes of results, expected 2 times 5"):
        Qemu().run(Job(build(tmp_path), tiny.inputs(2), output_bytes=5))


def test_progress_counts_finished_inputs(tmp_path):
    calls = []
    Qemu().run(Job(build(tmp_path), tiny.inputs(3), output_bytes=4), calls.append)
    assert calls == [1, 2, 3]
