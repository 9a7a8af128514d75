"""What `tinyforge arena` says, in the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tests.corpus.models import residual
from tinyforge.engines.tflm import arena
from tinyforge.engines.tflm.arena import MARGIN, Recorded, arena_size
from tinyforge.errors import ForgeError
from tinyforge.memory.interpreter import Kernels, predict, target_for
from tinyforge.memory.search import plan
from tinyforge.report.arena import ArenaReport, ArenaTable, compiled, interpreted
from tinyforge.tflite import write


@pytest.fixture
def report() -> ArenaReport:
    graph = residual(1)
    return interpreted(graph, write(graph), "cortex-m4", Kernels.CMSIS_NN)


def shown(report: ArenaReport) -> str:
    console = Console(file=StringIO(), width=80)
    console.print(ArenaTable(report))
    return console.file.getvalue()


def test_the_interpreters_arena_is_the_prediction(report):
    found = predict(residual(1), target_for("cortex-m4"))
    assert (report.predicted, report.head, report.tail) == (found.used, found.head, found.tail)
    assert report.smallest_working == found.smallest_working
    assert report.reserved == arena_size(residual(1), b"").nbytes > report.smallest_working


def test_what_arduinos_library_takes_is_told(report):
    older = predict(residual(1), target_for("cortex-m4", Kernels.CMSIS_NN_2023)).smallest_working
    assert older + MARGIN > report.reserved
    said = " ".join(shown(report).split())
    assert f"a project for Arduino, whose library is of 2023, reserves {older + MARGIN:,}" in said


def test_the_vector_core_has_a_reserve_of_its_own():
    graph = residual(1)
    found = interpreted(graph, write(graph), "cortex-m55", Kernels.CMSIS_NN)
    assert found.reserved == arena_size(graph, b"").others[0][1] > found.smallest_working


def test_the_compiled_arena_is_the_plan():
    planned = plan(residual(1))
    found = compiled(residual(1), "cortex-m4", "size")
    assert found.predicted == found.smallest_working == found.reserved == planned.arena_bytes
    assert max(b.offset + b.nbytes for b in found.buffers) == planned.arena_bytes
    text = shown(found)
    assert "tail" not in text
    assert "proved the smallest" in text


def test_the_table_adds_up(report):
    lines = shown(report).splitlines()
    assert all(len(line) <= 80 for line in lines)
    structures = dict(
        re.findall(r"^   ([a-z -]+?) +([\d,]+) *$", shown(report), flags=re.MULTILINE)
    )
    assert structures.keys() == report.structures.keys()
    assert sum(int(n.replace(",", "")) for n in structures.values()) == report.tail
    for nbytes in (report.predicted, report.smallest_working, report.reserved):
        assert any(line.rstrip().endswith(f" {nbytes:,}") for line in lines), nbytes
    largest = max(report.buffers, key=lambda b: b.nbytes)
    assert re.search(rf" {largest.nbytes:,} +{largest.offset:,} +\d+", shown(report))


def test_it_says_what_is_not_counted_and_what_was_recorded(report):
    odd = replace(
        report, unknown=("layer 3 SVDF 'a\x1b[2Jb'",), recorded_on_host=Recorded(100, 2000)
    )
    text = shown(odd)
    assert "unknown: layer 3 SVDF" in text
    assert "\x1b[2J" not in text
    assert "2,100, of it head 100" in text
    assert "recorded here" not in shown(replace(report, recorded_on_host=None))


def test_nothing_is_recorded_without_the_package(monkeypatch):
    monkeypatch.setattr(arena, "find_spec", lambda _: None)
    graph = residual(1)
    found = interpreted(graph, write(graph), "cortex-m4", Kernels.REFERENCE)
    assert found.recorded_on_host is None
    assert found.kernels == "reference"


def test_what_an_engine_cannot_run_is_refused():
    graph = residual(1)
    first, *rest = graph.operators
    odd = replace(graph, operators=(replace(first, op="TOPK_V2"), *rest))
    for refused in (
        lambda: compiled(odd, "cortex-m4", "size"),
        lambda: interpreted(odd, b"", "cortex-m4", Kernels.CMSIS_NN),
        lambda: compiled(graph, "cortex-m99", "size"),
    ):
        with pytest.raises(ForgeError):
            refused()
