"""Both cross compilers: what they build, and what they refuse."""

import shutil
from pathlib import Path

import pytest

from tests.sim import tiny
from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.sim.cache import cache_folder
from tinyforge.sim.toolchains import gcc, toolchain, zig
from tinyforge.sim.toolchains.build import STACK_MINIMUM
from tinyforge.sim.toolchains.host import Host

BOTH = pytest.mark.parametrize("compiler", ["zig", "gcc"])
ROOMY = MemoryMap(Region(0x08000000, 1 << 20), Region(0x20000000, 1 << 18))


@BOTH
@pytest.mark.parametrize("core", CORES)
def test_every_core_is_built_for_its_own_memories(tmp_path, core, compiler):
    firmware = tiny.build(toolchain(compiler), tmp_path / "tiny.elf", core=core)
    flash, ram = tiny.MEMORY.flash, tiny.MEMORY.ram
    assert firmware.segments[0].address == flash.base
    stack, reset = (
        int.from_bytes(firmware.segments[0].data[at : at + 4], "little") for at in (0, 4)
    )
    assert stack == ram.base + ram.size == firmware.symbol("__stack_top").address
    assert reset == firmware.symbol("Reset_Handler").address | 1 == firmware.entry | 1
    assert firmware.region("tiny_golden_input") == "flash"
    assert firmware.region("forge_arena") == "ram"
    assert firmware.region("tiny_scale") == "ram"


@BOTH
def test_flash_begins_behind_a_bootloader(tmp_path, compiler):
    """At no multiple of 64 KB, a linker's idea of a page: nothing is loaded below it."""
    memory = MemoryMap(Region(0x26000, 1 << 18), Region(0x20005800, 1 << 15))
    firmware = tiny.build(toolchain(compiler), tmp_path / "tiny.elf", memory=memory)
    assert firmware.segments[0].address == 0x26000


@BOTH
def test_what_nothing_calls_is_left_out(tmp_path, compiler):
    unused = "\nvoid tiny_unused(void);\nvoid tiny_unused(void) {}\n"
    firmware = tiny.build(toolchain(compiler), tmp_path / "tiny.elf", model=unused)
    assert "tiny_unused" not in firmware.symbols


@BOTH
def test_sizes_grow_by_what_is_added(tmp_path, compiler):
    """.data counts in flash and in RAM, constants in flash, zeroed data in RAM."""
    added = """
extern volatile int tiny_data[100];
volatile int tiny_data[100] = {1};
extern const int tiny_constants[200];
const int tiny_constants[200] = {1};
extern volatile int tiny_zeros[300];
volatile int tiny_zeros[300];
__attribute__((constructor, used)) static void tiny_use(void) {
  tiny_data[0] = tiny_constants[tiny_data[1]] + tiny_zeros[0];
}
"""
    empty = "\n__attribute__((constructor, used)) static void tiny_use(void) {}\n"
    built = toolchain(compiler)
    base = tiny.build(built, tmp_path / "base.elf", memory=ROOMY, model=empty)
    more = tiny.build(built, tmp_path / "more.elf", memory=ROOMY, model=added)
    assert base.bss_bytes in range(64, 64 + 16)  # the arena; no stack
    assert more.data_bytes - base.data_bytes == 400
    # The arena is aligned to 16 bytes: what lies before it moves it by as much.
    assert more.bss_bytes - base.bss_bytes in range(1200 - 15, 1200 + 16)
    grown = more.flash_bytes - base.flash_bytes
    assert 1200 <= grown < 1200 + 64  # and the code that uses them


@BOTH
@pytest.mark.parametrize("flash_bytes", [1024, 2048])
def test_flash_overflow_is_refused_with_the_numbers(tmp_path, compiler, flash_bytes):
    fits = tiny.build(toolchain(compiler), tmp_path / "fits.elf")
    memory = MemoryMap(Region(0x08000000, flash_bytes), tiny.MEMORY.ram)
    with pytest.raises(ForgeError, match=rf"bytes of flash, there are {flash_bytes}") as caught:
        tiny.build(toolchain(compiler), tmp_path / "tiny.elf", memory=memory)
    needed = int(caught.value.what.split("it needs ")[1].split()[0])
    assert needed == pytest.approx(fits.flash_bytes, abs=16)


@BOTH
def test_ram_overflow_is_refused_with_the_numbers(tmp_path, compiler):
    big = "\nextern volatile int8_t tiny_big[20000];\nvolatile int8_t tiny_big[20000] = {1};\n"
    big += "__attribute__((constructor, used)) static void tiny_use(void) { tiny_big[9] = 2; }\n"
    with pytest.raises(ForgeError, match=r"bytes of ram, there are 13312 \(") as caught:
        tiny.build(toolchain(compiler), tmp_path / "tiny.elf", model=big)
    needed = int(caught.value.what.split("bytes of ram")[0].split()[-1])
    assert needed == pytest.approx(20000 + 64 + 16 + STACK_MINIMUM, abs=32)


@BOTH
@pytest.mark.parametrize(
    "code",
    [
        "int tiny_bad(void) { int unused; return 1; }",
        "int8_t tiny_bad(int x); int8_t tiny_bad(int x) { int8_t y; y = x; return y; }",
        "extern int tiny_bad; int tiny_bad = ;",
    ],
    ids=["-Wall", "-Wconversion", "syntax"],
)
def test_a_warning_is_an_error_that_names_the_file(tmp_path, compiler, code):
    with pytest.raises(ForgeError, match=r"unused|conver|expected") as caught:
        tiny.build(toolchain(compiler), tmp_path / "tiny.elf", model=f"\n{code}\n")
    assert caught.value.where == str(tmp_path / "model.c")


@BOTH
def test_cpp_and_c_of_one_name_link_together(tmp_path, compiler):
    """Both would become model.o."""
    source = tmp_path / "model.cpp"
    source.write_text(
        'extern "C" { extern volatile int tiny_cpp; }\n'
        "struct Once { Once() { tiny_cpp = 7; } };\n"
        "volatile int tiny_cpp;\n"
        "static Once once;\n"
    )
    firmware = tiny.build(toolchain(compiler), tmp_path / "tiny.elf", more=(source,))
    assert "tiny_cpp" in firmware.symbols


@BOTH
def test_paths_with_spaces_and_dashes(tmp_path, compiler):
    folder = tmp_path / "-a b"
    folder.mkdir()
    assert tiny.build(toolchain(compiler), folder / "tiny.elf").flash_bytes > 0


@BOTH
def test_the_same_sources_give_the_same_bytes(tmp_path, compiler):
    images = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        built = tiny.build(toolchain(compiler), tmp_path / name / "tiny.elf")
        images.append(built.segments)
    assert images[0] == images[1]


def test_an_unknown_suffix_is_refused(tmp_path):
    (tmp_path / "model.f90").touch()
    with pytest.raises(ForgeError, match=r"cannot compile a \.f90"):
        tiny.build(toolchain("zig"), tmp_path / "tiny.elf", more=(tmp_path / "model.f90",))


def test_zig_is_the_default_and_gcc_the_substitute(monkeypatch):
    assert toolchain().name == "zig"
    monkeypatch.setattr(zig, "installed", lambda: False)
    assert toolchain().name == "gcc"


def test_a_missing_toolchain_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ForgeError) as caught:
        toolchain("gcc")
    assert "apt-get install gcc-arm-none-eabi" in caught.value.fix
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("zig", None):
        with pytest.raises(ForgeError) as caught:
            toolchain(name)
        assert "pip install ziglang" in caught.value.fix
    with pytest.raises(ForgeError) as caught:
        Host().build([], include=[], core=CORES["cortex-m4"], memory=ROOMY, output=Path("x.so"))
    assert "pip install ziglang" in caught.value.fix


def test_an_unknown_toolchain_is_refused():
    with pytest.raises(ForgeError, match="unknown toolchain 'clang'"):
        toolchain("clang")


@BOTH
def test_versions_name_the_tool_and_how_it_is_called(compiler):
    *_, version, flag = toolchain(compiler).version().split()
    assert version[0].isdigit()
    assert flag == "-O2"


@BOTH
def test_code_is_optimized_for_what_was_asked(tmp_path, compiler):
    """Every core's compiler tells the sources so."""
    only_for_size = """
#ifndef __OPTIMIZE_SIZE__
#error "not for size"
#endif
"""
    small = toolchain(compiler, "size")
    assert small.version().split()[-1] == "-Os"
    tiny.build(small, tmp_path / "tiny.elf", model=only_for_size)
    with pytest.raises(ForgeError, match="not for size"):
        tiny.build(toolchain(compiler, "speed"), tmp_path / "tiny.elf", model=only_for_size)


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ForgeError, match="cannot make a cache folder") as caught:
        cache_folder("zig")
    assert caught.value.where == str(tmp_path / "file" / "tinyforge" / "zig")


def test_a_compiler_that_cannot_be_run_is_named(tmp_path, monkeypatch):
    compiler = tmp_path / "arm-none-eabi-gcc"
    compiler.write_bytes(b"no program")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeError, match=f"cannot run {compiler}"):
        toolchain("gcc")


def test_gcc_is_found_in_platformio(tmp_path, monkeypatch):
    folder = tmp_path / ".platformio" / "packages" / "toolchain-gccarmnoneeabi" / "bin"
    folder.mkdir(parents=True)
    compiler = folder / "arm-none-eabi-gcc"
    compiler.write_text("#!/bin/sh\necho 9.9.9\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    assert gcc.installed()
