"""What is read from an ELF, against what binutils say of it."""

import shutil
import subprocess

import pytest

from tests.sim import tiny
from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.sim.elf import Firmware, contains
from tinyforge.sim.toolchains import toolchain


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    return tiny.build(toolchain("zig"), tmp_path_factory.mktemp("elf") / "tiny.elf")


@pytest.fixture
def binutils():
    if shutil.which("arm-none-eabi-nm") is None:
        pytest.skip("needs arm-none-eabi-nm")


def test_symbols_are_those_of_nm(firmware, binutils):
    listed = subprocess.run(
        ["arm-none-eabi-nm", "-S", firmware.path], capture_output=True, text=True, check=True
    ).stdout
    sizes = {}
    for line in listed.splitlines():
        address, *size, kind, name = line.split()
        if kind in "TtRrDdBb" and size:
            sizes[name] = (int(address, 16), int(size[0], 16))
    assert len(sizes) > 20
    for name, (address, size) in sizes.items():
        assert (firmware.symbols[name].address, firmware.symbols[name].size) == (address, size)


def test_flash_image_is_that_of_objcopy(firmware, binutils, tmp_path):
    image = tmp_path / "image.bin"
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", firmware.path, image], check=True)
    ours = bytearray(firmware.flash_bytes)
    for segment in firmware.segments:
        start = segment.address - firmware.memory.flash.base
        ours[start : start + len(segment.data)] = segment.data
    assert bytes(ours) == image.read_bytes()


def test_symbols_know_their_kind_section_and_memory(firmware):
    assert firmware.symbol("forge_invoke").kind == "function"
    assert firmware.symbol("forge_arena").kind == "object"
    assert firmware.symbol("forge_arena").size == 64
    assert firmware.symbol("forge_arena").section == ".bss"
    assert firmware.symbol("tiny_scale").section == ".data"
    assert firmware.region("forge_invoke") == "flash"
    assert firmware.region("tiny_scale") == "ram"


def test_functions_are_found_by_address(firmware):
    invoke = firmware.symbol("forge_invoke")
    assert firmware.function_at(invoke.address) == "forge_invoke"
    assert firmware.function_at(invoke.address + invoke.size - 1) == "forge_invoke"
    assert firmware.function_at(firmware.symbol("forge_arena").address) == "?"
    assert firmware.function_at(0xFFFFFFFE) == "?"


def test_a_missing_symbol_is_named(firmware):
    with pytest.raises(ForgeError, match="no symbol 'forge_layer_9'"):
        firmware.symbol("forge_layer_9")


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"no ELF at all" * 20])
def test_what_is_no_elf_is_refused(tmp_path, content):
    path = tmp_path / "bad.elf"
    path.write_bytes(content)
    with pytest.raises(ForgeError, match="not a readable ELF") as caught:
        Firmware.load(path, core=CORES["cortex-m4"], memory=tiny.MEMORY)
    assert caught.value.where == str(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ForgeError, match="not a readable ELF"):
        Firmware.load(tmp_path / "none.elf", core=CORES["cortex-m4"], memory=tiny.MEMORY)


def test_an_elf_for_other_memories_is_refused(firmware):
    other = MemoryMap(Region(0x10000000, 65536), Region(0x20000000, 65536))
    with pytest.raises(ForgeError, match="outside the flash"):
        Firmware.load(firmware.path, core=CORES["cortex-m4"], memory=other)


@pytest.mark.parametrize(
    ("address", "size", "inside"),
    [
        (99, 1, False),
        (100, 1, True),
        (100, 10, True),
        (109, 1, True),
        (109, 2, False),
        (110, 0, True),
    ],
)
def test_contains_knows_both_ends(address, size, inside):
    assert contains(Region(100, 10), address, size) is inside
