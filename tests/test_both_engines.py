"""Both engines beside each other: what is there is measured, what is not is said.

No library with the interpreter is at hand here: its firmware is the compiled model's with the
interpreter's constants in it, which runs as long and gives the same answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.models import classifier
from tests.device.emulated import Quiet
from tinyforge import generation
from tinyforge.both_engines import engines
from tinyforge.engines.tflm.arena import arena_size
from tinyforge.generation import Generated
from tinyforge.project.layout import sources_for
from tinyforge.project.writer import write
from tinyforge.proof.examples import synthetic
from tinyforge.proof.record import EngineCost, Proof
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import Source
from tinyforge.spec import EngineChoice, Spec
from tinyforge.tflite import write as tflite
from tinyforge.verification import verify

pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")

GRAPH = classifier(3)
MODEL = tflite(GRAPH)
EXAMPLES = synthetic(GRAPH, 8, seed=0)

# Keeps the interpreter's model in the firmware, as the interpreter does.
KEPT = """\
extern const unsigned char forge_model_data[];
static volatile unsigned char seen;
__attribute__((constructor)) static void see(void) { seen = forge_model_data[0]; }
"""


class Told(Quiet):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass
class Made:
    """A project, its files on the disk, and the proof of its compiled half."""

    generated: Generated
    folder: Path
    proof: Proof

    @property
    def elf(self) -> Path:
        return self.folder / ".pio" / "build" / "sim_tflm" / "firmware.elf"

    def compared(self, inputs: npt.NDArray[np.int8] = EXAMPLES.inputs, **settings: str) -> Compared:
        told = Told()
        found = engines(
            self.generated,
            self.proof,
            Spec(**settings),
            told,
            project=self.folder,
            inputs=inputs,
        )
        return Compared(found, told.notes)


@dataclass
class Compared:
    costs: tuple[EngineCost, ...]
    notes: list[str]


def generated(engine: EngineChoice = "both", board: str = "nrf52840_dk") -> Generated:
    settings = Spec(board=board, engine=engine)
    return generation.generate(Source(MODEL, GRAPH), EXAMPLES, settings, Quiet())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    base = tmp_path_factory.mktemp("compared")
    of = generated()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLATFORMIO_CORE_DIR", str(base / "core"))
        folder = write(of.files, base / "project")
        yield Made(of, folder, verify(of, EXAMPLES, Spec(), Quiet()))


@pytest.fixture
def built(made: Made, tmp_path: Path) -> Iterator[Made]:
    """With firmware where PlatformIO would have put the interpreter's."""
    build(made.folder, made.elf, tmp_path)
    yield made
    shutil.rmtree(made.folder / ".pio")


def build(project: Path, elf: Path, workspace: Path) -> None:
    (workspace / "kept.c").write_text(KEPT)
    sources, include = sources_for(project, "aot", "sim")
    own = [project / "src" / "tflm" / "model_data.c", workspace / "kept.c"]
    board = generated().board
    elf.parent.mkdir(parents=True, exist_ok=True)
    firmware = toolchain("zig").build(
        [*sources, *own],
        include=include,
        core=board.core_model(),
        memory=machine("qemu").memory(board.core_model(), board.memory_map()),
        output=workspace / "firmware.elf",
    )
    shutil.copy(firmware.path, elf)


def test_what_is_not_built_is_not_measured(made: Made) -> None:
    found = made.compared()
    compiled, interpreter = found.costs
    proof = made.proof
    assert proof.ram is not None
    assert proof.flash is not None
    assert compiled == EngineCost(
        "aot", proof.arena.planned, proof.ram.total, proof.flash.total, proof.instructions
    )
    assert interpreter == EngineCost("tflm", arena_size(GRAPH, MODEL).nbytes)
    assert found.notes == []


def test_a_project_of_one_engine_has_nothing_to_compare(made: Made) -> None:
    for engine in ("aot", "tflm"):
        alone = Made(generated(engine), made.folder, made.proof)
        assert alone.compared().costs == ()


def test_what_is_built_is_run_and_measured(built: Made) -> None:
    for settings in ({}, {"machine": "qemu"}, {"machine": "native"}):
        found = built.compared(**settings)
        compiled, interpreter = found.costs
        assert interpreter.arena == arena_size(GRAPH, MODEL).nbytes
        assert interpreter.flash is not None
        assert compiled.flash is not None
        # The same code; beside it the file as the interpreter has it.
        assert 0 < interpreter.flash - compiled.flash - len(MODEL) < 64
        assert interpreter.instructions is not None
        assert compiled.instructions is not None
        assert abs(interpreter.instructions - compiled.instructions) < compiled.instructions / 20
        assert interpreter.ram is not None
        assert compiled.ram is not None
        assert abs(interpreter.ram - compiled.ram) < 64
        assert found.notes == []


@pytest.mark.parametrize("tests_itself", [True, False])
def test_wrong_answers_are_told(made: Made, tests_itself: bool, tmp_path: Path) -> None:
    """Of other weights, behind the right model: by the self-test at boot, or by the comparison."""
    folder = tmp_path / "project"
    shutil.copytree(made.folder, folder)
    weights, main = folder / "src" / "aot" / "weights.c", folder / "src" / "main.c"
    text = weights.read_text()
    begin = text.index("{", text.rindex("_bias[")) + 1
    first, rest = text[begin:].split(",", 1)
    weights.write_text(f"{text[:begin]} {int(first) + 100000},{rest}")
    if not tests_itself:
        main.write_text(main.read_text().replace("forge_app_start()", "forge_init()"))
    wrong = replace(made, folder=folder)
    build(folder, wrong.elf, tmp_path)
    found = wrong.compared()
    assert found.costs[1].flash is None
    (note,) = found.notes
    said = "FAIL: golden vector 0" if tests_itself else "its answers differ from TensorFlow Lite"
    assert said in note


def test_firmware_of_another_model_or_core_is_not_it(built: Made) -> None:
    source = Source(tflite(classifier(4)), GRAPH)
    other = Made(replace(built.generated, source=source), built.folder, built.proof)
    assert other.compared().costs[1].flash is None
    local = built.folder / "local.ini"
    local.write_text("[env:sim_tflm]\nboard = cortex-m7\n")
    try:
        assert built.compared().costs[1].flash is None
    finally:
        local.unlink()
    assert built.compared().costs[1].flash is not None


def test_what_cannot_be_read_is_told(built: Made) -> None:
    built.elf.write_bytes(b"no ELF")
    found = built.compared()
    assert found.costs[1].flash is None
    (note,) = found.notes
    assert note.startswith("warning: sim_tflm is not compared: not a readable ELF file")
