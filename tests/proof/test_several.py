"""Models of several inputs and outputs, proved: on every machine, by rows, with one wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.corpus import several
from tests.device.emulated import Quiet
from tinyforge.generation import Generated, generate
from tinyforge.graph import Graph
from tinyforge.project import writer
from tinyforge.proof.examples import Examples, synthetic
from tinyforge.proof.oracle import answer, reference_trace
from tinyforge.proof.record import Proof
from tinyforge.source import open_tflite
from tinyforge.spec import AppChoice, FeedChoice, MachineChoice, Spec
from tinyforge.tflite import write
from tinyforge.verification import verify_folder

pytest.importorskip("unicorn")

CASES: list[tuple[MachineChoice, FeedChoice, AppChoice]] = [
    ("unicorn", "frame", "classify"),
    ("unicorn", "rows", "classify"),
    ("unicorn", "frame", "drone"),
    ("unicorn", "rows", "drone"),
    ("unicorn", "rows", "watch"),
    ("qemu", "frame", "watch"),
    ("native", "frame", "classify"),
    ("native", "rows", "classify"),
]


def generated(graph: Graph, folder: Path, settings: Spec) -> tuple[Generated, Examples, Path]:
    """A project on the disk, and what it is to be proved on."""
    (folder / "model.tflite").write_bytes(write(graph))
    source = open_tflite(folder / "model.tflite", Quiet())
    examples = synthetic(source.graph, 5, seed=1)
    made = generate(source, examples, settings, Quiet())
    return made, examples, writer.write(made.files, folder / "project")


def proved(graph: Graph, folder: Path, settings: Spec, *change: tuple[str, str]) -> Proof:
    """change: in the generated model.c, once each."""
    made, examples, project = generated(graph, folder, settings)
    model = project / "src" / "aot" / "model.c"
    for old, new in change:
        assert model.read_text().count(old) == 1
        model.write_text(model.read_text().replace(old, new))
    # A self-test that fails would end the run before the proof sees anything.
    shutil.copy2(Path(__file__).parent / "keep_going.c", project / "src" / "main.c")
    return verify_folder(made, project, examples, settings, Quiet())


@pytest.mark.parametrize(("machine", "feed", "app"), CASES)
def test_all_outputs_are_exact(
    machine: MachineChoice, feed: FeedChoice, app: AppChoice, tmp_path: Path
) -> None:
    if machine == "qemu" and shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    settings = Spec(machine=machine, feed=feed, app=app, engine="aot")
    made, examples, project = generated(several.tangled(), tmp_path, settings)
    proof = verify_folder(made, project, examples, settings, Quiet())
    assert proof.bit_exact
    assert proof.inputs == 5
    assert proof.accuracy is None


def test_an_output_that_is_read_from_elsewhere_is_found(tmp_path: Path) -> None:
    """Every layer is right, but of two outputs the application gets the first one twice."""
    graph = several.two_heads()
    settings = Spec(engine="aot")
    first, second = (made_at(graph, tmp_path, i) for i in (0, 1))
    lines = (f"      {first},\n      {second},\n", f"      {first},\n      {first},\n")
    proof = proved(graph, tmp_path, settings, lines)
    assert not proof.bit_exact
    assert proof.first_difference is not None
    assert (proof.first_difference.name, proof.first_difference.layer) == ("size", 2)
    assert all(row.bit_exact for row in proof.instructions_by_layer)


def made_at(graph: Graph, folder: Path, output: int) -> str:
    """Where an output lies, as the generated C says it."""
    made, _, _ = generated(graph, folder, Spec(engine="aot"))
    assert made.plan is not None
    return f"forge_arena + {made.plan.places[graph.outputs[output]].offset}"


def test_labels_are_of_the_head_that_they_are_said_to_be_of(tmp_path: Path) -> None:
    graph = several.two_heads()
    made, examples, project = generated(graph, tmp_path, Spec(engine="aot"))
    outputs = answer(graph, reference_trace(graph, examples.inputs))
    labels = outputs[:, 5:].argmax(axis=1)
    labels[0] = (labels[0] + 1) % 3
    labelled = Examples(examples.inputs, labels, head=1)
    proof = verify_folder(made, project, labelled, Spec(engine="aot"), Quiet())
    assert proof.accuracy == 0.8
