"""Firmware as a shared library of this computer, and as a program with pipes."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.sim import tiny
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job, Probe
from tinyforge.sim.machines.native import Native
from tinyforge.sim.toolchains import toolchain
from tinyforge.sim.toolchains.host import Host, host_driver


def build(path, **more):
    return tiny.build(Host(), path / "tiny.so", ports="native", **more)


def run(firmware, count=10, probes=tiny.PROBES, machine=None):
    return (machine or Native()).run(Job(firmware, tiny.inputs(count), tiny.OUTPUT_BYTES, probes))


def test_outputs_and_layers_are_seen(tmp_path):
    x = tiny.inputs(10)
    seen = run(build(tmp_path))
    np.testing.assert_array_equal(seen.outputs, tiny.expected(x))
    np.testing.assert_array_equal(seen.captured[0], x)
    np.testing.assert_array_equal(seen.captured[1], (x.view(np.uint8) + np.uint8(1)).view(np.int8))
    np.testing.assert_array_equal(seen.captured[2], tiny.expected(x))
    assert seen.console == "PASS\n"
    assert seen.instructions is seen.layer_instructions is None
    assert seen.arena_touched is seen.stack_high_water_mark is None


def test_zig_stands_in_for_a_missing_cc(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert "clang" in Host().version()
    np.testing.assert_array_equal(run(build(tmp_path)).outputs, tiny.expected(tiny.inputs(10)))


@pytest.mark.parametrize("probes", [(), tiny.PROBES[2:]], ids=["none", "end"])
def test_without_layers_the_model_runs_whole(tmp_path, probes):
    seen = run(build(tmp_path), probes=probes)
    np.testing.assert_array_equal(seen.outputs, tiny.expected(tiny.inputs(10)))


def test_progress_counts_finished_inputs(tmp_path):
    calls = []
    Native().run(Job(build(tmp_path), tiny.inputs(3), output_bytes=4), calls.append)
    assert calls == [1, 2, 3]


def test_layers_that_do_not_make_up_the_model_are_refused(tmp_path):
    with pytest.raises(ForgeError, match="one by one, do not compute what the model does"):
        run(build(tmp_path), probes=(tiny.PROBES[0],))


def test_a_missing_layer_is_refused(tmp_path):
    with pytest.raises(ForgeError, match="no function forge_layer_7"):
        run(build(tmp_path), probes=(Probe("forge_layer_7", (), 7),))


@pytest.mark.parametrize(
    ("extra", "name"),
    [("*(volatile int *)8 = 1;", "SIGSEGV"), ("__builtin_trap();", "SIG(ILL|TRAP)")],
)
def test_a_crash_ends_in_an_error(tmp_path, extra, name):
    with pytest.raises(ForgeError, match=f"the native build crashed: {name}"):
        run(build(tmp_path, extra=extra))


def test_a_hang_ends_in_an_error(tmp_path):
    with pytest.raises(ForgeError, match="the native build hangs"):
        run(
            build(tmp_path, extra="for (volatile int i = 1; i;) {}"),
            machine=Native(stall_seconds=2),
        )


def test_a_failed_self_test_shows_the_console(tmp_path):
    with pytest.raises(ForgeError, match="FAIL: the self-test's outputs differ"):
        run(build(tmp_path, golden=(1, 2, 3, 4)))


def test_firmware_for_a_microcontroller_is_refused(tmp_path):
    with pytest.raises(ForgeError, match="built for cortex-m4"):
        run(tiny.build(toolchain("zig"), tmp_path / "tiny.elf"))


def test_warnings_are_errors(tmp_path):
    with pytest.raises(ForgeError, match="unused"):
        build(tmp_path, model="\nint tiny_f(void);\nint tiny_f(void) { int unused; return 1; }\n")


@pytest.mark.skipif(sys.platform == "win32", reason="links a program with cc")
def test_the_same_sources_make_a_program_that_reads_and_writes_pipes(tmp_path):
    build(tmp_path)
    program = tmp_path / "tiny"
    objects = sorted((tmp_path / "tiny.objects").glob("*.o"))
    subprocess.run([*host_driver().command, *objects, "-o", program], check=True)
    x = tiny.inputs(5)
    done = subprocess.run([program], input=x.tobytes(), capture_output=True, check=True)
    assert done.stdout == tiny.expected(x).tobytes()
    assert done.stderr == b"PASS\n"
