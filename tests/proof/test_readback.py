"""Each constant of a project is read back: one changed by hand is named, with both values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.corpus import models
from tests.engines.aot_firmware import build_firmware, includes, project_files
from tinyforge.boards.cores import CORES
from tinyforge.engines import aot
from tinyforge.engines.base import Lowered
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.search import plan
from tinyforge.proof.readback import require_parameters, require_tables
from tinyforge.sim.toolchains import toolchain

GRAPH = models.residual(1)
WEIGHTS, MODEL = "src/aot/weights.c", "src/aot/model.c"


def lowered_of(graph: Graph) -> Lowered:
    return aot.compiled(plan(graph))


LOWERED = lowered_of(GRAPH)
FILES = dict(project_files(GRAPH, LOWERED))


def one_more(text: str, pattern: str) -> tuple[str, int]:
    """The text with the number that the pattern's last group finds greater by one; and what it
    was."""
    found = re.search(pattern, text)
    assert found is not None, pattern
    was = int(found[1])
    return text[: found.start(1)] + str(was + 1) + text[found.end(1) :], was


def compiled(
    model: str, folder: Path, compiler: str = "gcc", files: dict[str, str] = FILES
) -> Path:
    """An object of model.c to read constants from."""
    for name, text in {**files, MODEL: model}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return toolchain(compiler).compile_to_read(
        folder / MODEL,
        include=includes(folder),
        core=CORES["cortex-m4"],
        output=folder / "firmware.elf",
    )


@pytest.mark.parametrize("table", ["layer_1_weights", "layer_4_bias", "layer_5_multiplier"])
def test_a_table_that_was_changed_is_named(table: str, tmp_path: Path) -> None:
    pattern = rf"forge_{table}\[\d+\] = {{\s*(-?\d+)"
    text, was = one_more(FILES[WEIGHTS], pattern)
    firmware = build_firmware({**FILES, WEIGHTS: text}, tmp_path)
    with pytest.raises(ForgeError) as caught:
        require_tables(firmware, LOWERED, GRAPH)
    assert f"forge_{table}[0] is {was + 1} in the firmware; the model says {was}" in str(
        caught.value
    )
    layer = int(table.split("_")[1])
    assert f"layer {layer} {GRAPH.operators[layer].op}" in caught.value.where


def test_sound_firmware_holds_every_constant(tmp_path: Path) -> None:
    elements = sum(table.values.size for table in LOWERED.tables.values())
    assert elements > 1000
    assert require_tables(build_firmware(FILES, tmp_path), LOWERED, GRAPH) == elements


@pytest.mark.parametrize(
    ("layer", "member"),
    [
        (0, "input_zero_point"),
        (0, "requantization.output_zero_point"),
        (1, "requantization.activation_min"),
        (3, "scaling.activation_max"),
        (3, "scaling.left_shift"),
        (6, "window.stride_height"),
        (10, "output_depth"),
    ],
)
def test_a_parameter_that_was_changed_is_named(layer: int, member: str, tmp_path: Path) -> None:
    pattern = rf"layer_{layer} = {{[^}}]*?\.{re.escape(member)} = (-?\d+),"
    text, was = one_more(FILES[MODEL], pattern)
    with pytest.raises(ForgeError) as caught:
        require_parameters(compiled(text, tmp_path), LOWERED, GRAPH)
    expected = f"layer_{layer}.{member} is {was + 1} in the firmware; the model says {was}"
    assert expected in str(caught.value)
    assert GRAPH.operators[layer].op in caught.value.where


def test_another_table_in_a_parameter_s_place_is_named(tmp_path: Path) -> None:
    text = FILES[MODEL].replace(".bias = forge_layer_1_bias", ".bias = forge_layer_0_bias")
    assert text != FILES[MODEL]
    with pytest.raises(ForgeError, match=r"layer_1\.bias is forge_layer_0_bias"):
        require_parameters(compiled(text, tmp_path), LOWERED, GRAPH)


@pytest.mark.parametrize(("layer", "member"), [(1, "window.pictures"), (3, "scaling.second_shift")])
def test_a_parameter_that_a_layer_leaves_out_is_0(layer: int, member: str, tmp_path: Path) -> None:
    begin = f"layer_{layer} = {{\n"
    text = FILES[MODEL].replace(begin, f"{begin}    .{member} = 1,\n")
    assert text != FILES[MODEL]
    assert member not in LOWERED.parameters[f"layer_{layer}"]
    with pytest.raises(ForgeError) as caught:
        require_parameters(compiled(text, tmp_path), LOWERED, GRAPH)
    expected = f"layer_{layer}.{member} is 1 in the firmware; the model says 0"
    assert expected in str(caught.value)
    assert GRAPH.operators[layer].op in caught.value.where


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_the_parameters_of_every_operator_are_found(compiler: str, tmp_path: Path) -> None:
    for op in models.SINGLE if compiler == "gcc" else ("CONV_2D", "ADD", "SOFTMAX"):
        graph = models.single(op, 1)
        lowered = lowered_of(graph)
        files, folder = dict(project_files(graph, lowered)), tmp_path / op
        members = sum(map(len, lowered.parameters.values()))
        found = require_parameters(compiled(files[MODEL], folder, compiler, files), lowered, graph)
        assert found == members
        assert (found > 0) == (op != "RESHAPE")
