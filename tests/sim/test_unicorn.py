"""Firmware on unicorn: outputs, captures, exact counts, marks and faults."""

import numpy as np
import pytest

from tests.sim import tiny
from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job, Probe
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")

CORE_NAMES = [core.name for core in CORES.values() if core.unicorn_model is not None]


def run(firmware, count=10, probes=tiny.PROBES, **options):
    return Unicorn(**options).run(Job(firmware, tiny.inputs(count), tiny.OUTPUT_BYTES, probes))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", CORE_NAMES)
def test_everything_is_measured_exactly(tmp_path, core, compiler):
    firmware = tiny.build(toolchain(compiler), tmp_path / "tiny.elf", core=core)
    x = tiny.inputs(10)
    seen = run(firmware)
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


@pytest.fixture(scope="module")
def zig():
    return toolchain("zig")


def test_without_probes_only_the_whole_is_counted(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    seen = run(firmware, probes=())
    assert seen.layer_instructions.shape == (10, 0)
    assert (seen.instructions == run(firmware).instructions).all()


def test_no_inputs_is_a_run_of_the_self_test_alone(tmp_path, zig):
    seen = run(tiny.build(zig, tmp_path / "tiny.elf"), count=0)
    assert seen.outputs.shape == (0, 4)
    assert seen.console == "PASS\n"


def test_progress_counts_finished_inputs(tmp_path, zig):
    calls = []
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    Unicorn().run(Job(firmware, tiny.inputs(3), tiny.OUTPUT_BYTES), calls.append)
    assert calls == [0, 1, 2, 3]


def profile(firmware, count=10):
    job = Job(firmware, tiny.inputs(count), tiny.OUTPUT_BYTES, tiny.PROBES)
    return Unicorn().profile(job, systems=())


def test_the_profile_adds_up_to_the_instructions(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    found, seen = profile(firmware), run(firmware)
    for layer in (0, 1):
        executed = sum(b.entries * b.instructions for b in found.blocks if b.layer == layer)
        assert executed == seen.layer_instructions[:, layer].sum()
    assert sum(b.entries * b.instructions for b in found.blocks) == seen.instructions.sum()
    assert found.inferences == 10
    assert all(firmware.function_at(b.address).startswith("forge_") for b in found.blocks)


def test_the_profile_tells_taken_branches_from_others(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    by_address = {block.address: block for block in profile(firmware).blocks}
    # Layer 0's loop of 8: entered from above with what precedes it, and by 7 jumps an inference;
    # the last of these falls out of it.
    layer = firmware.symbol("forge_layer_0").address
    first, loop, end = (by_address[layer + at] for at in (0, 4, 16))
    assert (first.entries, first.fell_through) == (10, 0)
    assert (loop.instructions, loop.size, loop.entries, loop.fell_through) == (6, 12, 70, 10)
    assert (end.entries, end.fell_through) == (10, 0)
    # Where a page of the emulator's ends, so does a block; no branch is taken there.
    nops = by_address[-(-firmware.symbol("forge_layer_1").address // 1024) * 1024]
    assert (nops.entries, nops.fell_through) == (10, 10)


@pytest.mark.parametrize("access", ["ldreq r1, [r0]", "streq r1, [r0]"])
def test_an_access_in_an_it_block_leaves_the_code_behind_it_unconditional(tmp_path, zig, access):
    # The first access to a page of the emulator's, then a jump: to forge_layer_0.
    untouched = tiny.MEMORY.ram.base + 5 * 1024
    extra = f"ldr r0, ={untouched}\n cmp r0, r0\n ite eq\n {access}\n movne r1, #0"
    seen = run(tiny.build(zig, tmp_path / "tiny.elf", extra=extra))
    np.testing.assert_array_equal(seen.outputs, tiny.expected(tiny.inputs(10)))
    plain = run(tiny.build(zig, tmp_path / "tiny.elf"))
    np.testing.assert_array_equal(seen.instructions, plain.instructions + 5)


ACCESSES = """
  ldr r0, =forge_arena
  ldr r1, [r0, #1]
  ldr r1, [r0, #2]
  ldrh r1, [r0, #3]
  ldrh r1, [r0, #2]
  ldrb r1, [r0, #3]
  str r1, [r0, #55]
  strh r1, [r0, #57]
  ldr r1, =forge_invoke
  bic r1, #3
  ldmia r1!, {r2, r3}
  ldrd r2, r3, [r1]
  ldr r2, [r1, #1]
  cmp r0, r0
  ite eq
  ldreq r1, [sp]
  movne r1, #0
  b 1f
1:
  nop
  ldr r1, =0x12345678
"""


def test_the_profile_tells_unaligned_accesses(tmp_path, zig):
    assert not any(profile(tiny.build(zig, tmp_path / "tiny.elf"), 3).unaligned_extra.values())
    found = profile(tiny.build(zig, tmp_path / "tiny.elf", extra=ACCESSES), 3).unaligned_extra
    assert {layer: extra for layer, extra in found.items() if extra} == {
        -1: 3 * (2 + 1 + 1 + 2 + 1 + 2)
    }


@pytest.mark.parametrize("used", [512, 1024])
def test_stack_mark_is_exact(tmp_path, zig, used):
    """The deepest write is `used` below forge_invoke's frame: two depths differ by just that."""
    marks = []
    for depth in (256, used):
        touch = f"sub sp, #{depth // 2}\n sub sp, #{depth // 2}\n movs r0, #1\n str r0, [sp]\n"
        touch += f" add sp, #{depth // 2}\n add sp, #{depth // 2}"
        marks.append(run(tiny.build(zig, tmp_path / "tiny.elf", extra=touch)).stack_high_water_mark)
    assert marks[1] - marks[0] == used - 256


FAULTS = {
    "reads 4 bytes where there is no memory, at 0x60000000": (
        "ldr r0, =0x60000000\nculprit: ldr r0, [r0]"
    ),
    "writes 4 bytes where there is no memory, at 0x20003800": (
        "ldr r0, =0x20003800\nculprit: str r0, [r0]"
    ),
    "reads 4 bytes where there is no memory, at 0x200003fc": (
        "ldr r0, =0x200003fc\nculprit: ldr r0, [r0]"
    ),
    "writes 4 bytes to flash, at 0x08000004": "ldr r0, =0x08000004\nculprit: str r0, [r0]",
    "an undefined instruction": "culprit: .inst.n 0xde00",
    "a breakpoint that is no semihosting call": "culprit: bkpt #1",
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_names_the_instruction_and_the_function(tmp_path, zig, what):
    firmware = tiny.build(zig, tmp_path / "tiny.elf", extra=".global culprit\n" + FAULTS[what])
    with pytest.raises(ForgeError) as caught:
        run(firmware)
    assert what in caught.value.what
    address = firmware.symbols["culprit"].address
    assert f"0x{address:08x} in forge_invoke" in caught.value.where


def test_code_in_ram_is_a_fault(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf", extra="ldr r0, =forge_arena + 1\n bx r0")
    with pytest.raises(ForgeError, match="executes code in RAM"):
        run(firmware)


@pytest.mark.parametrize(
    ("what", "extra"),
    [
        ("an SVC instruction", "svc #0"),
        ("an undefined instruction", "ldr r0, =0x08000100\n bx r0"),  # not Thumb
        ("executes code where there is no memory", "ldr r0, =0x08009401\n bx r0"),
    ],
)
def test_other_ways_to_go_astray(tmp_path, zig, what, extra):
    with pytest.raises(ForgeError, match=what):
        run(tiny.build(zig, tmp_path / "tiny.elf", extra=extra))


def test_endless_sleep_is_a_fault(tmp_path, zig):
    with pytest.raises(ForgeError, match="no interrupt will wake it"):
        run(tiny.build(zig, tmp_path / "tiny.elf", extra="wfi"))


def test_a_hang_is_a_fault(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf", extra=".global culprit\nculprit: b culprit")
    with pytest.raises(ForgeError, match="hangs") as caught:
        run(firmware, stall_seconds=0.3)
    assert "in forge_invoke" in caught.value.where


def test_a_failed_self_test_shows_the_console(tmp_path, zig):
    extra = "bl forge_layer_0\n bl forge_layer_1\n movs r0, #7\n pop {r4, pc}"
    with pytest.raises(ForgeError) as caught:
        run(tiny.build(zig, tmp_path / "tiny.elf", extra=extra))
    assert "ended with status 1" in caught.value.what
    assert "FAIL: the self-test's outputs differ from the golden vectors" in caught.value.what


def test_a_full_stack_is_a_fault(tmp_path, zig):
    smash = "mov r0, sp\n ldr r1, =__stack_bottom\n 1: subs r0, #4\n str r1, [r0]\n cmp r0, r1\n"
    with pytest.raises(ForgeError, match="stack overflowed"):
        run(tiny.build(zig, tmp_path / "tiny.elf", extra=smash + " bne 1b"))


def test_results_that_depend_on_unwritten_memory_are_a_fault(tmp_path, zig):
    # Byte 60 of the arena is never written: its paint leaks into the input.
    leak = "ldr r0, =forge_arena\n movs r1, #60\n ldrb r1, [r0, r1]\n strb r1, [r0, #7]"
    leak += "\n ldr r2, =tiny_first\n ldrb r1, [r2]\n cmp r1, #0\n bne 1f\n"
    leak += " movs r1, #1\n strb r1, [r2]\n movs r1, #8\n strb r1, [r0, #7]\n1:"
    model = "\nextern int8_t tiny_first;\nint8_t tiny_first;\n"
    with pytest.raises(ForgeError, match="depend on what was in RAM"):
        run(tiny.build(zig, tmp_path / "tiny.elf", extra=leak, model=model), probes=())


def test_frames_of_another_size_are_refused(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    with pytest.raises(ForgeError, match="reads frames of 8 bytes, the inputs have 9"):
        Unicorn().run(Job(firmware, np.zeros((2, 9), np.int8), output_bytes=4))


def test_results_of_another_size_are_refused(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    with pytest.raises(ForgeError, match="wrote 8 bytes of results, expected 2 times 5"):
        Unicorn().run(Job(firmware, tiny.inputs(2), output_bytes=5))


def test_a_probe_that_is_never_reached_is_refused(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    with pytest.raises(ForgeError, match="Fault_Handler was reached 0 times in 2 inferences"):
        run(firmware, count=2, probes=(Probe("Fault_Handler", (), 0),))


def test_a_missing_symbol_is_refused(tmp_path, zig):
    firmware = tiny.build(zig, tmp_path / "tiny.elf")
    with pytest.raises(ForgeError, match="no symbol 'forge_layer_2'"):
        run(firmware, probes=(Probe("forge_layer_2", (), 2),))


def test_m55_is_left_to_qemu(tmp_path, zig):
    memory = MemoryMap(Region(0, 65536), Region(0x20000000, 65536))
    firmware = tiny.build(zig, tmp_path / "tiny.elf", core="cortex-m55", memory=memory)
    with pytest.raises(ForgeError, match="does not emulate cortex-m55"):
        run(firmware)
