"""The shared models fed row by row: every row that a layer makes, on every core, against TFLM."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.bench.figures import MODELS
from tinyforge import boards
from tinyforge.boards.cores import CORES
from tinyforge.cli.ui import Ui
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.project import writer
from tinyforge.proof import examples, oracle
from tinyforge.proof.examples import Examples
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains.host import Host
from tinyforge.source import Source, open_tflite
from tinyforge.spec import FeedChoice, MachineChoice, Spec
from tinyforge.verification import verify

pytest.importorskip("unicorn")

ON: list[tuple[str, MachineChoice]] = [
    *((core, "unicorn") for core in ("cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33")),
    ("cortex-m55", "qemu"),
    ("cortex-m4", "native"),
]


def inputs_of(source: Source, corpus: Path, model: str) -> Examples:
    """A golden input, which the corpus has the answer of, and a random one."""
    golden = examples.load(corpus / "golden" / f"{model}.npz", source.graph)
    assert golden.outputs is not None
    shape = (1, golden.inputs.shape[1])
    drawn = np.random.default_rng(7).integers(-128, 128, shape).astype(np.int8)
    answer = oracle.outputs(source.model, source.graph, drawn)
    return Examples(
        np.concatenate([golden.inputs[:1], drawn]),
        outputs=np.concatenate([golden.outputs[:1], answer]),
    )


@pytest.mark.parametrize(("core", "runner"), ON, ids=str)
@pytest.mark.parametrize("model", MODELS)
def test_every_row_is_exact(core: str, runner: MachineChoice, model: str, corpus: Path) -> None:
    assert core in CORES
    if runner == "qemu" and shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    ui, settings = Ui(), Spec(feed="rows", machine=runner)
    source = open_tflite(corpus / "models" / f"{model}.tflite", ui)
    fed = inputs_of(source, corpus, model)
    generated = generate(source, fed, settings, ui)
    board = msgspec.structs.replace(boards.roomy(generated.board), core=core)
    proof = verify(generated.on(board), fed, settings, ui)
    assert proof.bit_exact, proof.first_difference
    assert proof.inputs == 2
    if runner != "native":
        assert proof.arena.touched is not None
        assert proof.arena.as_planned
        assert proof.instructions is not None
        assert proof.instructions > 0


@pytest.mark.parametrize("feed", ["frame", "rows"])
def test_rows_are_taken_in_either_mode(feed: FeedChoice, corpus: Path, tmp_path: Path) -> None:
    """Two pictures, one straight after the other; and what is refused of a model fed by rows."""
    ui, settings = Ui(), Spec(feed=feed, engine="aot", machine="native")
    source = open_tflite(corpus / "models" / "kws.tflite", ui)
    fed = inputs_of(source, corpus, "kws")
    generated = generate(source, fed, settings, ui)
    writer.write(generated.files, tmp_path / "project")
    runner = machine("native")
    firmware = build_firmware(
        tmp_path / "project", "aot", generated.board, compiler=Host(), machine=runner
    )
    library = ctypes.CDLL(str(firmware.path))
    library.forge_output_at.restype = library.forge_input_at.restype = ctypes.c_void_p
    library.forge_status_text.restype = ctypes.c_char_p
    assert library.forge_init() == 0
    assert fed.outputs is not None
    for values, expected in zip(fed.inputs, fed.outputs, strict=True):
        for row in values.reshape(source.input.shape[1], -1):
            assert library.forge_push_row(row.tobytes()) == 0
        answer = ctypes.string_at(library.forge_output_at(0), source.output.nbytes)
        assert answer == expected.tobytes()
    assert (library.forge_input_at(0) is None) == (feed == "rows")
    said = library.forge_status_text(library.forge_invoke()).decode()
    assert said == ("this model takes its input row by row only" if feed == "rows" else "ok")


def test_the_interpreter_is_not_fed_by_rows(corpus: Path) -> None:
    ui, settings = Ui(), Spec(feed="rows", engine="tflm")
    source = open_tflite(corpus / "models" / "ad.tflite", ui)
    with pytest.raises(ForgeError, match="keeps its input whole"):
        generate(source, inputs_of(source, corpus, "ad"), settings, ui)
