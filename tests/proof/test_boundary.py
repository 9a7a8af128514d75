"""The functions at the model's boundary, on the core: wrong ones are named with a value."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.corpus import models, several
from tests.corpus.wide import wide
from tests.device import emulated
from tinyforge.boards import load
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.proof.boundary import applies, require_boundary
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")

GRAPH = models.classifier(1)
WIDE = wide(GRAPH)
assert WIDE is not None
H = "include/model.h"


def proved(
    project: Path,
    folder: Path,
    compiler: str = "gcc",
    core: str = "cortex-m4",
    graph: Graph = GRAPH,
) -> int:
    board = msgspec.structs.replace(load("nrf52840_dk"), core=core)
    return require_boundary(
        project,
        graph,
        board,
        compiler=toolchain(compiler),
        machine=machine("unicorn"),
        output=folder / "boundary.elf",
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulated.generate(GRAPH, tmp_path_factory.mktemp("boundary"))


@pytest.mark.parametrize(
    ("compiler", "core"), [("gcc", "cortex-m4"), ("zig", "cortex-m4"), ("gcc", "cortex-m0plus")]
)
def test_sound_functions_are_exact(compiler: str, core: str, project: Path, tmp_path: Path) -> None:
    assert proved(project, tmp_path, compiler, core) > 1500


@pytest.mark.parametrize(
    ("file", "old", "new", "function"),
    [
        (H, "FORGE_INPUT_ZERO_POINT (", "FORGE_INPUT_ZERO_POINT (1 + ", "quantize_input"),
        (H, "FORGE_OUTPUT_ZERO_POINT (", "FORGE_OUTPUT_ZERO_POINT (1 + ", "dequantize_output"),
        (H, "FORGE_INPUT_SCALE ", "FORGE_INPUT_SCALE 1.0001f * ", "quantize_input"),
        (H, "FORGE_OUTPUT_SCALE ", "FORGE_OUTPUT_SCALE 1.0001f * ", "dequantize_output"),
        ("src/common.c", "fraction >= 0.5f", "fraction > 0.5f", "quantize_input"),
        ("src/common.c", "if (!(scaled > -limit)) return low;", "", "quantize_input"),
    ],
)
def test_a_wrong_function_or_number_is_named(
    file: str, old: str, new: str, function: str, project: Path, tmp_path: Path
) -> None:
    path = project / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    try:
        with pytest.raises(ForgeError, match=f"forge_{function}") as caught:
            proved(project, tmp_path)
    finally:
        path.write_text(text)
    assert "by the model's scale" in caught.value.what
    assert "model.h" in caught.value.where


@pytest.mark.parametrize("graph", [several.tangled(), WIDE], ids=["several", "int16"])
@pytest.mark.parametrize("side", ["INPUT", "OUTPUT"])
def test_each_of_several_and_of_other_types(graph: Graph, side: str, tmp_path: Path) -> None:
    project = emulated.generate(graph, tmp_path)
    assert proved(project, tmp_path, graph=graph) > 256
    header = project / H
    text = header.read_text()
    many = len(graph.inputs) > 1
    pattern = r"(X\(FORGE_INT8, \d+, )" if many else rf"(#define FORGE_{side}_SCALE )"
    begin = text.index(f"FORGE_{side}S(X)") if many else 0
    changed, count = re.subn(pattern, r"\g<1>1.01f * ", text[begin:], count=1)
    assert count == 1
    header.write_text(text[:begin] + changed)
    with pytest.raises(ForgeError, match=f"forge_(de)?quantize_{side.lower()}"):
        proved(project, tmp_path, graph=graph)


def test_it_is_of_models_with_a_scale_at_either_end() -> None:
    assert applies(GRAPH)
    bare = [replace(t, quant=None) for t in GRAPH.tensors]
    assert not applies(replace(GRAPH, tensors=tuple(bare)))
