"""Models that keep what windows share, as firmware: on the emulated core each hop of rows gives
exactly what TensorFlow Lite Micro gives of the whole window that ends with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.corpus.windowed import MODELS, Stack
from tests.device.emulated import Quiet
from tinyforge import spec
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.generation import Generated, generate
from tinyforge.graph import Graph
from tinyforge.graph.hop import hopped
from tinyforge.memory.search import plan
from tinyforge.ops.upright import input_rows
from tinyforge.project import writer
from tinyforge.proof import oracle
from tinyforge.proof.examples import Examples
from tinyforge.proof.windows import hops, windows_of
from tinyforge.sim.base import INVOKE, PUSH_ROW, Entry, Job
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite, with_examples
from tinyforge.spec import FeedChoice, MachineChoice, Spec
from tinyforge.tflite import write
from tinyforge.verification import verify

pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")

WINDOWS = 3


def generated(graph: Graph, folder: Path, settings: Spec) -> tuple[Generated, Examples]:
    """As `tinyforge build` makes it, of a file and of whole windows."""
    file = folder / "windows.tflite"
    file.write_bytes(write(graph))
    given = np.random.default_rng(3).integers(-128, 128, (WINDOWS, graph.input_bytes))
    np.savez(folder / "inputs.npz", inputs=given.reshape(WINDOWS, *graph.input_tensors[0].shape[1:])
             .astype(np.int8))  # fmt: skip
    source, examples = with_examples(
        open_tflite(file, Quiet()), settings, Quiet(), inputs=folder / "inputs.npz"
    )
    return generate(source, examples, settings, Quiet()), examples


@pytest.mark.parametrize("feed", ["frame", "rows"])
@pytest.mark.parametrize(
    ("name", "hop"), [("valid", 2), ("same", 4), ("pools", 4), ("conv1d", 10), ("branches", 3)]
)
def test_each_hop_gives_what_its_window_gives(
    name: str, hop: int, feed: FeedChoice, tmp_path: Path
) -> None:
    graph = MODELS[name]()
    settings = Spec(feed=feed, hop=hop, machine="unicorn", engine="aot")
    made, examples = generated(graph, tmp_path, settings)
    proof = verify(made, examples, settings, Quiet())
    assert proof.bit_exact, proof.first_difference
    assert proof.arena.as_planned
    found = hopped(graph, hop)
    rows = found.rows
    assert proof.inputs == len(examples) == min(WINDOWS * rows // hop, WINDOWS + -(-rows // hop))

    writer.write(made.files, tmp_path / "project")
    unicorn = machine("unicorn")
    firmware = build_firmware(
        tmp_path / "project", "aot", made.board, compiler=toolchain("zig"), machine=unicorn
    )
    entry = Entry(PUSH_ROW, input_rows(found.graph)) if feed == "rows" else INVOKE
    run = unicorn.run(Job(firmware, examples.inputs, graph.output_bytes, entry=entry))
    windows = windows_of(found, examples.inputs)
    np.testing.assert_array_equal(run.outputs, oracle.outputs(write(graph), graph, windows))


@pytest.mark.parametrize(
    ("core", "runner"),
    [("cortex-m0plus", "unicorn"), ("cortex-m33", "unicorn"), ("cortex-m55", "qemu")],
)
def test_on_other_cores_too(core: str, runner: MachineChoice, tmp_path: Path) -> None:
    if runner == "qemu" and shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    settings = Spec(feed="rows", hop=4, machine=runner, engine="aot")
    made, examples = generated(MODELS["pools"](), tmp_path, settings)
    made = made.on(msgspec.structs.replace(made.board, core=core))
    proof = verify(made, examples, settings, Quiet())
    assert proof.bit_exact, proof.first_difference
    assert proof.arena.as_planned


def test_a_window_is_what_came_last() -> None:
    found = hopped(Stack(1, 12, 4, 2).conv(3).graph(), 2)
    zero = found.window.input_tensors[0].zero_point
    came = np.arange(5 * 16, dtype=np.int8).reshape(5, 16)
    windows = windows_of(found, came)
    assert windows.shape == (5, 96)
    assert windows[0].tolist() == [zero] * 80 + came[0].tolist()
    assert windows[4].tolist() == [zero] * 16 + came.reshape(-1).tolist()


def test_windows_that_are_given_come_one_after_the_other() -> None:
    """Five rows are left of two windows of 12: less than a hop."""
    found = hopped(Stack(1, 12, 6, 4).conv(3).graph(), 5)
    given = np.random.default_rng(1).integers(-128, 128, (2, 12 * 24)).astype(np.int8)
    assert hops(found, given).tobytes() == given.tobytes()[: 4 * 5 * 24]


def test_what_a_state_begins_with_lies_in_flash_once() -> None:
    """Rows of nothing are all alike, and here their pixels too: what six channels are is enough."""
    lowered = compiled(plan(hopped(MODELS["valid"](), 2).graph))
    starts = [t.nbytes for name, t in lowered.tables.items() if name.startswith("forge_state_")]
    assert starts == [6, 6]


def test_a_hop_saves_work_and_remembers(tmp_path: Path) -> None:
    graph = MODELS["valid"]()
    counts = []
    for hop in (None, 2):
        settings = Spec(feed="rows", hop=hop, machine="unicorn", engine="aot")
        proof = verify(*generated(graph, tmp_path, settings), settings, Quiet())
        assert proof.instructions is not None
        counts.append(proof.instructions)
    assert counts[1] < counts[0] / 3


def test_the_project_is_of_the_model_that_remembers(tmp_path: Path) -> None:
    """It is proved as it lies there; nothing in it says hop again."""
    (tmp_path / "model.tflite").write_bytes(write(MODELS["same"]()))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tinyforge", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    built = run("build", "model.tflite", "--feed", "rows", "--hop", "4", "-o", "project")
    assert built.returncode == 0, built.stderr
    assert "4 of a window's 40 rows are new" in built.stderr
    assert spec.load(tmp_path / "project" / "tinyforge.toml").hop is None
    assert "a window of 40, and the answer" in (tmp_path / "project" / "README.md").read_text()
    proved = run("simulate", "project")
    assert proved.returncode == 0, proved.stderr
    assert "PROVED" in proved.stdout
    report = json.loads((tmp_path / "project" / "report.json").read_text())
    planned = ("--engine", "aot", "--feed", "rows", "--hop", "4", "--json")
    arena = json.loads(run("arena", "model.tflite", *planned).stdout)
    assert arena["predicted"] == report["proof"]["arena"]["planned"]
    refused = run("build", "model.tflite", "--hop", "40", "-o", "other")
    assert (refused.returncode, (tmp_path / "other").exists()) == (2, False)
    assert "a hop of 40 rows, of windows of 40" in refused.stderr


def test_outputs_that_came_with_whole_windows_are_compared(tmp_path: Path) -> None:
    graph = MODELS["valid"]()
    given = np.zeros((2, *graph.input_tensors[0].shape[1:]), np.int8)
    outputs = np.full((2, 5), 99, np.int8)
    np.savez(tmp_path / "inputs.npz", inputs=given, outputs=outputs)
    (tmp_path / "model.tflite").write_bytes(write(graph))
    source = open_tflite(tmp_path / "model.tflite", Quiet())
    with pytest.raises(ForgeError, match="outputs that came with the inputs"):
        with_examples(source, Spec(hop=2), Quiet(), inputs=tmp_path / "inputs.npz")
