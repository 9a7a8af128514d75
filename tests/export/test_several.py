"""Several models in one firmware: their names, their arenas, and all of their self-tests."""

from __future__ import annotations

import functools
import itertools
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.corpus import models
from tests.export.made import exported, folder, generated
from tinyforge import boards
from tinyforge.errors import ForgeError
from tinyforge.export import selftest
from tinyforge.export.arena import SHARED, require_sharing
from tinyforge.export.sources import Library
from tinyforge.generation import Generated
from tinyforge.project.writer import write
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines import machine_for
from tinyforge.sim.toolchains import toolchain
from tinyforge.spec import MachineChoice, ToolchainChoice

PREFIXES = ("kws", "doodle", "wake_word", "camera")


@functools.cache
def project(prefix: str) -> Generated:
    """Of a classifier with labels, of two that have none, one of which remembers, and of one that
    is fed by rows."""
    if prefix == "kws":
        return generated(models.classifier(1), labels=("yes", "no", "noise"))
    if prefix == "camera":
        return generated(models.residual(1), feed="rows")
    return generated({"doodle": models.separable, "wake_word": models.keywords}[prefix](2))


def linked(
    tmp_path: Path,
    prefixes: tuple[str, ...],
    compiler: ToolchainChoice,
    *,
    board: str = "nrf52840_dk",
    machine: MachineChoice = "unicorn",
    shared: bool = False,
) -> tuple[Firmware, str]:
    """Firmware of libraries, and what their self-tests print."""
    found = boards.load(board)
    runs = machine_for(machine, found.core_model())
    libraries = {
        prefix: write(exported(project(prefix), prefix, shared=shared)[1], tmp_path / prefix)
        for prefix in prefixes
    }
    firmware, _ = selftest.link(
        libraries, tmp_path / "build", board=found, compiler=toolchain(compiler), machine=runs
    )
    return firmware, selftest.run(firmware, runs)


@pytest.mark.parametrize(
    ("compiler", "board", "machine"),
    [
        ("gcc", "nrf52840_dk", "unicorn"),
        ("zig", "nrf52840_dk", "unicorn"),
        ("gcc", "nucleo_f746zg", "qemu"),
    ],
)
def test_all_self_tests_pass_in_one_firmware(
    compiler: ToolchainChoice, board: str, machine: MachineChoice, tmp_path: Path
) -> None:
    """Each twice, so that one leaves the others right."""
    firmware, console = linked(tmp_path, PREFIXES, compiler, board=board, machine=machine)
    assert console.count("PASS: ") == 2 * len(PREFIXES)
    arenas = [firmware.symbol(f"{prefix}_arena") for prefix in PREFIXES]
    planned = [project(prefix).lowered["aot"].arena_bytes for prefix in PREFIXES]
    assert [arena.size for arena in arenas] == planned
    spans = sorted((arena.address, arena.address + arena.size) for arena in arenas)
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans))


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_models_share_one_arena_as_large_as_the_largest(
    compiler: ToolchainChoice, tmp_path: Path
) -> None:
    apart, _ = linked(tmp_path / "apart", ("kws", "doodle"), compiler)
    shared, console = linked(tmp_path / "shared", ("kws", "doodle"), compiler, shared=True)
    assert console.count("PASS: ") == 4
    sizes = [project(prefix).lowered["aot"].arena_bytes for prefix in ("kws", "doodle")]
    assert shared.symbol(SHARED).size == max(sizes)
    assert shared.symbol(SHARED).address % 16 == 0
    # But for what aligned the second arena.
    assert apart.bss_bytes - shared.bss_bytes > min(sizes) - 16


def test_what_a_model_remembers_is_not_shared() -> None:
    with pytest.raises(ForgeError, match="this model remembers"):
        require_sharing(project("wake_word").source.graph)
    require_sharing(project("kws").source.graph)


def compiled(library: Library, place: Path, *flags: str) -> list[Path]:
    """The objects of a library's sources, by arm-none-eabi-gcc, without any include path."""
    objects = []
    for source in library.sources:
        target = place / Path(source).with_suffix(".o").name
        command = (
            "arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", "-std=c11", "-Wall",
            "-Wextra", "-Wconversion", "-Werror", *flags,
            "-c", str(place / source), "-o", str(target),
        )  # fmt: skip
        subprocess.run(command, check=True)
        objects.append(target)
    return objects


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("shared", [False, True])
def test_every_symbol_has_the_prefix(prefix: str, shared: bool, tmp_path: Path) -> None:
    library, files = exported(project(prefix), prefix, shared=shared)
    place = write(files, tmp_path / prefix)
    defined = set()
    for path in compiled(library, place):
        with path.open("rb") as stream:
            symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
            defined |= {
                s.name
                for s in symbols
                if s["st_info"]["bind"] == "STB_GLOBAL" and s["st_shndx"] != "SHN_UNDEF"
            }
    assert {f"{prefix}_init", f"{prefix}_invoke", f"{prefix}_selftest"} <= defined
    others = {name for name in defined if not name.startswith(f"{prefix}_")}
    assert others == ({SHARED} if shared else set())


def test_sources_speak_of_no_other_names_and_find_each_other(tmp_path: Path) -> None:
    library, files = exported(project("kws"), "kws")
    for path in library.files:
        assert "forge_" not in files[path], path
        assert "FORGE_" not in files[path].replace("KWS_FORGE_", ""), path
    assert [path for path in library.files if path.count("/") == 1] == ["src/kws.h"]


_BOTH = """\
#include "kws.h"
#include "doodle.h"
#include "kws.h"
#include "wake_word.h"
#include "camera.h"
static void print(const char *text) { (void)text; }
int main() {
  kws_print_to(print);
  if (kws_init() != KWS_OK || doodle_init() != DOODLE_OK) return 1;
  kws_input()[0] = kws_quantize_input(0.5f);
  doodle_input()[DOODLE_INPUT_BYTES - 1] = 3;
  static const int shape[] = KWS_INPUT_SHAPE;
  kws_status status = kws_invoke();
  if (status != KWS_OK) print(kws_status_text(status));
  return (int)(kws_labels[0][0] + kws_dequantize_output(kws_output()[0]) + doodle_output()[0]) +
         (int)KWS_ARENA_BYTES + (int)DOODLE_ARENA_BYTES + shape[0];
}
"""


@pytest.mark.parametrize(
    ("driver", "suffix"),
    [("arm-none-eabi-gcc", ".c"), ("arm-none-eabi-g++", ".cpp"), ("cc", ".c")],
)
def test_headers_of_several_models_go_into_one_file(
    driver: str, suffix: str, tmp_path: Path
) -> None:
    places = [folder(project(prefix), prefix, tmp_path) for prefix in PREFIXES]
    source = tmp_path / f"main{suffix}"
    source.write_text(_BOTH.replace("main()", "main(void)") if suffix == ".c" else _BOTH)
    includes = [flag for place in places for flag in ("-I", str(place / "src"))]
    flags = ("-Wall", "-Wextra", "-Werror", "-pedantic-errors", "-fsyntax-only")
    subprocess.run([driver, *flags, *includes, str(source)], check=True)


_DTCM = """\
ENTRY(main)
MEMORY {
  FLASH (rx) : ORIGIN = 0, LENGTH = 256K
  RAM (rw) : ORIGIN = 0x24000000, LENGTH = 128K
  DTCM (rw) : ORIGIN = 0x20000000, LENGTH = 64K
}
SECTIONS {
  .text : { *(.text .text.* .rodata .rodata.*) } > FLASH
  .dtcm (NOLOAD) : { *(.dtcm) } > DTCM
  .bss (NOLOAD) : { *(.bss .bss.* COMMON) } > RAM
  /DISCARD/ : { *(.ARM.exidx*) }
}
"""


@pytest.mark.parametrize(
    ("section", "flags", "base"),
    [
        (".dtcm", (), 0x20000000),
        ("", (), 0x24000000),
        ("", ('-DKWS_ARENA_PLACE=__attribute__((section(".dtcm")))',), 0x20000000),
        (".dtcm", ("-DKWS_ARENA_PLACE=",), 0x24000000),
    ],
)
def test_the_arena_lies_where_the_linker_script_puts_its_section(
    section: str, flags: tuple[str, ...], base: int, tmp_path: Path
) -> None:
    library, files = exported(project("kws"), "kws", section=section)
    place = write(files, tmp_path / "kws")
    (tmp_path / "script.ld").write_text(_DTCM)
    (tmp_path / "main.c").write_text(
        '#include "kws.h"\nint main(void) { return kws_init() ? 1 : (int)kws_invoke(); }\n'
    )
    objects = compiled(library, place, *flags)
    command = (
        "arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", "-nostartfiles",
        "--specs=nosys.specs", "-Wl,-T," + str(tmp_path / "script.ld"), "-I", str(place / "src"),
        str(tmp_path / "main.c"), *map(str, objects), "-o", str(tmp_path / "firmware.elf"),
    )  # fmt: skip
    subprocess.run(command, check=True)
    with (tmp_path / "firmware.elf").open("rb") as stream:
        (arena,) = ELFFile(stream).get_section_by_name(".symtab").get_symbol_by_name("kws_arena")
    assert 0 <= arena["st_value"] - base < 64
