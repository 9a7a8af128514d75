"""The functions at the model's boundary, on the core: wrong ones are named with a value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.corpus import models
from tests.device import emulated
from tinyforge.boards import load
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.proof.boundary import applies, require_boundary
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")

GRAPH = models.classifier(1)
H = "include/model.h"


def proved(project: Path, folder: Path, compiler: str = "gcc", core: str = "cortex-m4") -> int:
    board = msgspec.structs.replace(load("nrf52840_dk"), core=core)
    return require_boundary(
        project,
        GRAPH,
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


def test_it_is_of_models_with_one_input_and_one_output() -> None:
    assert applies(GRAPH)
    two: Graph = replace(GRAPH, outputs=(*GRAPH.outputs, *GRAPH.inputs))
    assert not applies(two)
