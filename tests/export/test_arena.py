"""Where the arena may lie: sections of a linker script, memories whose sizes the planner knows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.cli.test_commands import document, tinyforge
from tests.corpus import models
from tests.device.emulated import Quiet
from tinyforge.errors import ForgeError
from tinyforge.export.arena import ArenaPlace, ArenaWish, Memory, arena_wish
from tinyforge.export.checked import require_proved
from tinyforge.export.exporting import exported_library
from tinyforge.export.sources import Library
from tinyforge.generation import Generated, generate, planned
from tinyforge.graph import Graph
from tinyforge.memory.search import Aim, plan
from tinyforge.ops.target import target_of
from tinyforge.project.writer import write as write_folder
from tinyforge.proof.budget import require_exact
from tinyforge.proof.examples import synthetic
from tinyforge.source import open_tflite
from tinyforge.spec import FeedChoice, Spec, ToolchainChoice
from tinyforge.tflite import write
from tinyforge.verification import verify


def test_sections_with_and_without_sizes() -> None:
    assert arena_wish((), shared=False) == ArenaWish()
    assert arena_wish((".dtcm",), shared=False).memories == (Memory(".dtcm"),)
    found = arena_wish((".dtcm=64K", ".ram_d1.arena=524288"), shared=False)
    assert found.memories == (Memory(".dtcm", 65536), Memory(".ram_d1.arena", 524288))
    assert found.fast == 65536
    assert ArenaWish().fast is None


@pytest.mark.parametrize(
    "section",
    ["dtcm", ".dtcm x", '.d")', ".", "", ".é", ".d=", ".d=64M", ".d=-1", ".d=1e3", ".d=٣", ".d\n"],
)
def test_what_is_no_section(section: str) -> None:
    with pytest.raises(ForgeError, match="is neither a section's name nor one with a size"):
        arena_wish((section,), shared=False)


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ((".dtcm", ".sram=512K"), "the quick one needs a size"),
        ((".a=1K", ".b=2K", ".c"), "two memories at most"),
        ((".a=1K", ".a"), "two memories at most"),
    ],
)
def test_two_memories_are_a_quick_and_a_large_one(sections: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ForgeError, match=reason) as caught:
        arena_wish(sections, shared=False)
    assert "--arena-section .dtcm=64K --arena-section .sram" in caught.value.fix


def test_a_shared_arena_has_no_section() -> None:
    with pytest.raises(ForgeError, match="exclude each other") as caught:
        arena_wish((".dtcm",), shared=True)
    assert "COMMON" in caught.value.fix


GRAPH = models.residual(1)
FREE = plan(GRAPH, Aim("balanced", target_of("cortex-m4"))).arena_bytes


def placed(*sections: str) -> ArenaPlace:
    wish = arena_wish(sections, shared=False)
    return wish.place(plan(GRAPH, Aim("balanced", target_of("cortex-m4"), fast=wish.fast)))


def test_what_the_quick_memory_does_not_hold_lies_in_the_large_one() -> None:
    assert placed() == ArenaPlace()
    assert placed(".dtcm") == placed(f".dtcm={FREE}") == ArenaPlace(".dtcm")
    assert placed(f".dtcm={FREE}", ".sram") == ArenaPlace(".dtcm")
    assert placed(".dtcm=400", ".sram") == ArenaPlace(".dtcm", ".sram")
    assert placed(".dtcm=1", ".sram") == ArenaPlace(".sram")
    for sections in ((".dtcm=400",), (".dtcm=400", ".sram=300"), (".dtcm=1", f".sram={FREE - 1}")):
        with pytest.raises(ForgeError, match=r"find no room: \.dtcm [14]"):
            placed(*sections)


def divided(
    feed: FeedChoice, model: Graph, compiler: ToolchainChoice, folder: Path
) -> tuple[Generated, Library, Spec]:
    """A model whose arena lies in two memories, proved: layer by layer, each access watched."""
    (folder / "m.tflite").write_bytes(write(model))
    settings = Spec(engine="aot", feed=feed, toolchain=compiler, machine="unicorn")
    source = open_tflite(folder / "m.tflite", Quiet())
    examples = synthetic(source.graph, 4, seed=0)
    least = plan(source.graph_of("aot"), by_rows=feed == "rows").arena_bytes
    of = planned(source, settings, Quiet(), fast=least * 2 // 3)
    assert of.plan is not None
    assert of.plan.fast_bytes is not None
    generated = generate(source, examples, settings, Quiet(), of=of)
    require_exact(verify(generated, examples, settings, Quiet()))
    return generated, exported_library(generated, "kws", ArenaPlace(".dtcm", ".sram")), settings


MODELS: Mapping[str, tuple[FeedChoice, Callable[[int], Graph]]] = {
    "residual": ("frame", models.residual),
    "branches": ("frame", models.branches),
    "remembers": ("frame", models.keywords),
    "fed by rows": ("rows", models.separable),
}


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("name", MODELS)
def test_arenas_in_two_memories_are_proved(
    name: str, compiler: ToolchainChoice, tmp_path: Path
) -> None:
    """And the library is the same code."""
    feed, make = MODELS[name]
    generated, made, settings = divided(feed, make(2), compiler, tmp_path)
    require_proved(made, generated, settings, Quiet())


def test_another_place_in_the_large_memory_is_named(tmp_path: Path) -> None:
    generated, made, settings = divided("frame", models.residual(1), "gcc", tmp_path)
    model = made.files[made.model]
    wrong = re.sub(
        r"(kws_large_arena \+ )(\d+)", lambda m: f"{m[1]}{int(m[2]) + 4}", model, count=1
    )
    assert wrong != model
    spoilt = replace(made, files={**made.files, made.model: wrong})
    with pytest.raises(ForgeError, match="is not what was proved"):
        require_proved(spoilt, generated, settings, Quiet())


_SCRIPT = """\
ENTRY(main)
MEMORY {
  FLASH (rx) : ORIGIN = 0, LENGTH = 256K
  DTCM (rw) : ORIGIN = 0x20000000, LENGTH = 64K
  SRAM (rw) : ORIGIN = 0x24000000, LENGTH = 128K
}
SECTIONS {
  .text : { *(.text .text.* .rodata .rodata.*) } > FLASH
  .dtcm (NOLOAD) : { *(.dtcm) } > DTCM
  .sram (NOLOAD) : { *(.sram) *(.bss .bss.*) } > SRAM
  /DISCARD/ : { *(.ARM.exidx*) }
}
"""


def test_a_linker_script_puts_each_part_into_its_memory(tmp_path: Path) -> None:
    generated, made, _ = divided("frame", models.residual(1), "gcc", tmp_path)
    place = write_folder(dict(made.files), tmp_path / "kws")
    (tmp_path / "script.ld").write_text(_SCRIPT)
    (tmp_path / "main.c").write_text(
        '#include "kws.h"\nint main(void) { return kws_init() ? 1 : (int)kws_invoke(); }\n'
    )
    command = (
        "arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", "-nostartfiles",
        "--specs=nosys.specs", f"-Wl,-T,{tmp_path / 'script.ld'}", "-I", str(place / "src"),
        str(tmp_path / "main.c"), *(str(place / source) for source in made.sources),
        "-o", str(tmp_path / "firmware.elf"),
    )  # fmt: skip
    subprocess.run(command, check=True)
    with (tmp_path / "firmware.elf").open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        (fast,) = table.get_symbol_by_name("kws_arena")
        (large,) = table.get_symbol_by_name("kws_large_arena")
    assert generated.plan is not None
    assert (fast["st_value"], fast["st_size"]) == (0x20000000, generated.plan.fast_bytes)
    assert large["st_value"] == 0x24000000
    assert fast["st_size"] + large["st_size"] == generated.plan.arena_bytes


def test_the_command_divides_the_arena_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "kws.tflite").write_bytes(write(GRAPH))
    parts = ("--arena-section", ".dtcm=400", "--arena-section", ".sram")
    found = document("export", "kws.tflite", *parts, folder=tmp_path)
    assert found["arena_sections"] == [".dtcm", ".sram"]
    assert found["proof"]["bit_exact"] is True
    readme = (tmp_path / "kws" / "README.md").read_text()
    assert "lie in the section `.dtcm`, the others" in readme
    refused = tinyforge(
        "export", "kws.tflite", "-o", "none", "--arena-section", ".dtcm=64",
        folder=tmp_path, status=2,
    )  # fmt: skip
    assert "find no room: .dtcm 64" in refused.stderr
    assert not (tmp_path / "none").exists()
