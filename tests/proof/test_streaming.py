"""Streaming models on the machines: every variable's every use, over a sequence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.streaming import MODELS
from tests.engines.aot_firmware import project_files
from tests.proof.test_prove import MODEL, Unwatched, changed, prove_files
from tests.proof.test_stateful import proved
from tinyforge.engines.aot import compiled
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.passes import adapt
from tinyforge.memory.search import plan
from tinyforge.tflite import read, read_file, write

pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")


def made(name: str) -> Graph:
    return adapt(read(write(MODELS[name]())))[0]


@pytest.mark.parametrize("name", MODELS)
def test_a_sequence_is_bit_exact(name: str) -> None:
    found = proved("native", made(name))
    assert found.first_difference is None
    assert found.bit_exact


@pytest.mark.parametrize(
    ("name", "arena"), [("cases/stream", 64), ("real/okay_nabu", 5424), ("real/vad", 1792)]
)
def test_files_are_proved_in_little_memory(corpus: Path, name: str, arena: int) -> None:
    """TensorFlow Lite Micro's recording allocator says 2,976, 23,424 and 12,208."""
    graph, _ = adapt(read_file(corpus / f"{name}.tflite")[1])
    found = proved("unicorn", graph)
    assert found.bit_exact
    assert found.arena.planned <= arena
    assert found.arena.touched == found.arena.planned


def test_what_is_assigned_is_made_in_the_variable_s_place(corpus: Path) -> None:
    """Unless the layer that makes it reads the variable all over."""
    for name, there in (("window", True), ("sum", True), ("transposed", False)):
        graph = made(name)
        planned = plan(graph)
        (assign,) = (op for op in graph.operators if op.op == "ASSIGN_VARIABLE")
        state, value, after = (planned.places[t] for t in (*assign.inputs, *assign.outputs))
        assert state.offset == after.offset
        assert (value.offset == state.offset) is there, name


def test_a_variable_that_begins_with_other_values_is_found(tmp_path: Path) -> None:
    graph = made("window")
    files = project_files(graph, compiled(plan(graph)))
    files = changed(files, MODEL, r"memcpy\(forge_arena \+ \d+, forge_state_\d+, \d+\);", "")
    with pytest.raises(ForgeError, match="depend on what was in RAM before boot"):
        prove_files(files, tmp_path, plan(graph), graph)


def test_an_assignment_that_is_left_out_is_found(tmp_path: Path) -> None:
    graph = made("transposed")
    files = project_files(graph, compiled(plan(graph)))
    files = changed(
        files, MODEL, r"(forge_assign_run\([^,]*, )[^,]*(, [^)]*\);)", r"\1forge_arena\2"
    )
    with pytest.raises(ForgeError, match=r"layer 3, .* reads 4 bytes at 0x\w+, forge_arena \+ 0;"):
        prove_files(files, tmp_path, plan(graph), graph)
    found = prove_files(files, tmp_path, plan(graph), graph, runner=Unwatched())
    assert not found.bit_exact


def test_the_interpreter_is_left_out_and_says_so() -> None:
    choice = choose(made("sum"), "both")
    assert [*choice.engines] == ["aot"]
    assert "no resource variables" in choice.left_out["tflm"][0].what
