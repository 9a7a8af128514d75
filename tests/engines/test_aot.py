"""The C that the compiled engine writes: the same every time, clean on every compiler and core."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tests.engines.aot_firmware import build_firmware, project_files
from tinyforge.boards.cores import CORES
from tinyforge.engines.aot import Aot, compiled
from tinyforge.engines.base import Lowered
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.search import plan
from tinyforge.tflite import read, write

API = {
    "forge_init", "forge_reset", "forge_input_at", "forge_output_at", "forge_invoke", "forge_arena",
    "forge_run_step", "forge_step_at",
}  # fmt: skip

# What model files hold: ends of comments and strings, format characters, templates, other scripts.
NASTY = (
    "a;b", "x*/ int y; /*", '"', "%s", "line\nbreak\r\n", "trailing\\", "??/", "nul\0byte",
    "\u202eright to left", "ü漢字🙂", "n" * 10_000, "", "int", "2d", "__x", "{{ x }}", "{% raw %}",
    "${HOME}", "*/", "//", "/*", "a-b", "a_b", "#error", "\x1b[31m", "\u2028", "*\\\n/",
)  # fmt: skip


def lowered(graph: Graph) -> Lowered:
    return compiled(plan(graph))


def renamed(graph: Graph, start: int) -> Graph:
    """The graph with a nasty name for every tensor and for itself."""
    tensors = tuple(replace(t, name=NASTY[(start + t.index) % len(NASTY)]) for t in graph.tensors)
    return replace(graph, name=NASTY[start % len(NASTY)], tensors=tensors)


def global_symbols(folder: Path) -> set[str]:
    """What the objects of model.c and weights.c define for others."""
    found = set()
    for path in folder.glob("*.o"):
        if re.fullmatch(r"\d+_(model|weights)\.o", path.name):
            with path.open("rb") as stream:
                table = ELFFile(stream).get_section_by_name(".symtab")
                found |= {
                    s.name
                    for s in table.iter_symbols()
                    if s["st_info"]["bind"] == "STB_GLOBAL" and s["st_shndx"] != "SHN_UNDEF"
                }
    return found


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("core", CORES)
def test_every_core_and_compiler_builds_it(core: str, compiler: str, tmp_path: Path) -> None:
    """Without a warning; constants in flash, the arena in RAM as large as planned."""
    graph = models.residual(1)
    made = lowered(graph)
    firmware = build_firmware(project_files(graph, made), tmp_path, core=core, compiler=compiler)
    assert made.flash_symbols
    for name in made.flash_symbols:
        assert firmware.region(name) == "flash", name
    sizes = {name: firmware.symbol(name).size for name in made.flash_symbols}
    assert sizes["forge_layer_0_weights"] == 6 * 3 * 3 * 3
    assert sizes["forge_layer_0_bias"] == 6 * 4
    arena = firmware.symbol("forge_arena")
    assert firmware.region("forge_arena") == "ram"
    assert (arena.size, arena.address % 16) == (plan(graph).arena_bytes, 0)
    for name in made.layer_symbols.values():
        assert firmware.symbol(name).kind == "function"
        assert firmware.symbol(name).size > 0


@pytest.mark.parametrize("start", range(0, len(NASTY), 7))
def test_names_from_outside_do_no_harm(start: int, tmp_path: Path) -> None:
    """Nasty names change comments and nothing else: code and symbols are those of plain names."""
    plain = models.classifier(1)
    graph = renamed(plain, start)
    made = lowered(graph)
    code, expected = (
        {name: re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL) for name, text in files.items()}
        for files in (made.files, lowered(plain).files)
    )
    assert code == expected
    build_firmware(project_files(graph, made), tmp_path)
    assert global_symbols(tmp_path / "firmware.objects") == {
        *API, *made.flash_symbols, *made.layer_symbols.values(),
    }  # fmt: skip


def test_the_generated_text_is_plain_ascii() -> None:
    for start in range(len(NASTY)):
        graph = renamed(models.classifier(1), start)
        for text in lowered(graph).files.values():
            assert text.isascii()
            assert text.isprintable() or set(re.findall(r"[^ -~]", text)) == {"\n"}
            assert max(map(len, text.splitlines())) < 400


@pytest.mark.parametrize("name", models.NETWORKS)
def test_the_same_model_gives_the_same_bytes(name: str) -> None:
    graph = models.NETWORKS[name](4)
    first, second = lowered(graph), lowered(read(write(graph), name=graph.name))
    assert replace(first, tables={}) == replace(second, tables={})
    assert list(first.tables) == list(second.tables)
    for symbol, table in first.tables.items():
        np.testing.assert_array_equal(table.values, second.tables[symbol].values)
    assert lowered(models.NETWORKS[name](5)).files != first.files


def test_steps_are_those_of_the_plan() -> None:
    """Layers by their place among those with code, in the order in which they begin."""
    graph = models.residual(2)
    found, made = plan(graph), lowered(graph)
    assert found.within, "the model has layers that run within others"
    with_code = [
        i for i in found.order if graph.operators[i].op != "RESHAPE" and i not in found.within
    ]
    assert list(made.layer_symbols) == with_code
    text = made.files["src/aot/model.c"]
    table = text.split("(*const layers[])(int) = {")[1].split("};")[0]
    assert re.findall(r"forge_layer_\d+", table) == list(made.layer_symbols.values())
    steps = re.findall(r"\{(\d+), (\d+)\}", text.split("} steps[] = {")[1].split("};")[0])
    assert [(with_code[int(a)], int(b)) for a, b in steps] == list(found.steps)
    assert len(steps) == made.step_count > len(with_code)


def test_what_the_reader_of_the_source_is_told() -> None:
    text = lowered(models.separable(0)).files["src/aot/model.c"]
    assert "Layer 1: DEPTHWISE_CONV_2D" in text
    assert "3x3, stride 1x1, SAME, ReLU" in text
    assert f"The arena: {plan(models.separable(0)).arena_bytes} bytes" in text
    # 12 x 10 pixels, halved, 8 channels of 3 x 3 x 3.
    assert f"{6 * 5 * 8 * 27:,} multiply-accumulates" in text


def test_rows_are_fed_to_the_compiled_engine_alone() -> None:
    graph = models.classifier(1)
    found = choose(graph, "both", by_rows=True)
    assert list(found.engines) == ["aot"]
    assert [m.what for m in found.left_out["tflm"]] == ["it keeps its input whole"]
    assert choose(graph, "aot", by_rows=True).left_out == {}
    with pytest.raises(ForgeError, match="cannot be fed by rows"):
        choose(graph, "tflm", by_rows=True)


def test_missing_operators_are_named() -> None:
    b = GraphBuilder()
    x = b.input((1, 4), 0.1, 0)
    x = layers.unary(b, "EXP", x, 0.1, 0)
    x = layers.unary(b, "RELU", x, 0.1, 0)
    x = b.op("SQRT", [x], (1, 4), 1 / 128, name="root")
    graph = b.build([x])
    found = Aot().missing(graph)
    assert [(m.where, m.what) for m in found] == [
        ("layer 0 EXP 'exp_0'", "the compiled engine has no EXP"),
        ("layer 2 SQRT 'root'", "the compiled engine has no SQRT"),
    ]
    assert Aot().missing(models.classifier(0)) == ()
