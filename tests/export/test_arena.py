"""Where the arena may lie: sections of a linker script, memories whose sizes the planner knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import document, tinyforge
from tests.corpus import models
from tinyforge.errors import ForgeError
from tinyforge.export.arena import ArenaPlace, ArenaWish, Memory, arena_wish
from tinyforge.memory.search import Aim, plan, plan_cycles
from tinyforge.ops.target import target_of
from tinyforge.tflite import write


def test_sections_with_and_without_sizes() -> None:
    assert arena_wish((), shared=False) == ArenaWish()
    assert arena_wish((".dtcm",), shared=False).memories == (Memory(".dtcm"),)
    found = arena_wish((".dtcm=64K", ".ram_d1.arena=524288", ".sdram"), shared=False)
    assert found.memories == (
        Memory(".dtcm", 65536),
        Memory(".ram_d1.arena", 524288),
        Memory(".sdram"),
    )
    assert found.sizes == (65536, 524288)


@pytest.mark.parametrize(
    "section",
    ["dtcm", ".dtcm x", '.d")', ".", "", ".é", ".d=", ".d=64M", ".d=-1", ".d=1e3", ".d=٣", ".d\n"],
)
def test_what_is_no_section(section: str) -> None:
    with pytest.raises(ForgeError, match="is neither a section's name nor one with a size"):
        arena_wish((section,), shared=False)


def test_all_memories_but_the_last_have_a_size() -> None:
    with pytest.raises(ForgeError, match="all but the last need a size"):
        arena_wish((".dtcm", ".sram=512K"), shared=False)


def test_a_shared_arena_has_no_section() -> None:
    with pytest.raises(ForgeError, match="exclude each other") as caught:
        arena_wish((".dtcm",), shared=True)
    assert "COMMON" in caught.value.fix


def test_the_first_memory_that_holds_it_is_taken() -> None:
    wish = arena_wish((".dtcm=100", ".sram=200"), shared=False)
    assert wish.place(100) == ArenaPlace(".dtcm")
    assert wish.place(101) == ArenaPlace(".sram")
    with pytest.raises(ForgeError, match=r"needs 201 bytes.*: \.dtcm 100, \.sram 200"):
        wish.place(201)
    assert ArenaWish((Memory(".sdram"),)).place(10**9) == ArenaPlace(".sdram")


@pytest.mark.parametrize("objective", ["balanced", "speed"])
def test_a_plan_that_fits_the_best_memory_is_preferred(objective: str) -> None:
    """To the quickest, whose arena is larger; and of those the quickest."""
    graph, aim = models.residual(1), Aim(objective, target_of("cortex-m4"))  # type: ignore[arg-type]
    free, least = plan(graph, aim), plan(graph)
    assert least.arena_bytes < free.arena_bytes

    def within(*memories: int) -> int:
        return plan(graph, Aim(aim.objective, aim.target, memories=memories)).arena_bytes

    assert within(free.arena_bytes) == free.arena_bytes
    assert least.arena_bytes <= within(free.arena_bytes - 1) < free.arena_bytes
    assert within(least.arena_bytes) == least.arena_bytes
    assert within(least.arena_bytes - 1, 10**6) == free.arena_bytes
    assert within(least.arena_bytes - 1) == free.arena_bytes
    tight = plan(graph, Aim(aim.objective, aim.target, memories=(free.arena_bytes - 1,)))
    assert plan_cycles(free) < plan_cycles(tight) < plan_cycles(least)


def test_the_command_takes_the_memory_and_says_so(tmp_path: Path) -> None:
    graph = models.residual(1)
    (tmp_path / "kws.tflite").write_bytes(write(graph))
    free = plan(graph, Aim("balanced", target_of("cortex-m4"))).arena_bytes
    tight = (f".dtcm={free - 1}", ".sram=512K")
    sections = [word for memory in tight for word in ("--arena-section", memory)]
    found = document("export", "kws.tflite", *sections, folder=tmp_path)
    assert found["arena_section"] == ".dtcm"
    assert found["proof"]["bit_exact"] is True
    assert found["proof"]["arena"]["planned"] < free
    model = (tmp_path / "kws" / "src" / "kws" / "kws_model.c").read_text()
    assert 'KWS_ARENA_PLACE __attribute__((section(".dtcm")))' in model
    refused = tinyforge(
        "export", "kws.tflite", "-o", "none", "--arena-section", ".dtcm=64",
        folder=tmp_path, status=2,
    )  # fmt: skip
    assert "no memory has as many" in refused.stderr
    assert not (tmp_path / "none").exists()
    assert json.loads((tmp_path / "kws" / "report.json").read_text())["proof"]["bit_exact"]
