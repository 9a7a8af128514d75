"""A project whose weights were overwritten fails by its own golden vectors, whichever layer it is.

By the self-test at boot, by what `tinyforge flash` asks a board, and by `simulate`, which names the
constant before anything runs. (`pio test`: tests/project/test_overwritten_platformio.py.)
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.corpus import models
from tests.device import emulated
from tests.device.emulated import Quiet
from tinyforge import boards
from tinyforge.device.flash import flash
from tinyforge.errors import ForgeError
from tinyforge.generation import Generated, choose_golden, generate, planned
from tinyforge.ops import OPS
from tinyforge.project import writer
from tinyforge.proof.examples import Examples, synthetic
from tinyforge.proof.readback import require_constants
from tinyforge.sim.base import Job, Probe
from tinyforge.sim.elf import Firmware
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite
from tinyforge.spec import Spec
from tinyforge.tflite import write
from tinyforge.verification import verify_folder

pytest.importorskip("unicorn")

MACHINE = machine("unicorn")
WEIGHTS = "src/aot/weights.c"


def written(model: Path, folder: Path) -> tuple[Generated, Examples, Path]:
    """A project as `tinyforge generate` makes it, its golden vectors chosen."""
    settings = Spec(engine="aot")
    source = open_tflite(model, Quiet())
    examples = synthetic(source.graph, 8, seed=0)
    engines = planned(source, settings, Quiet())
    golden = choose_golden(source, examples, settings, Quiet(), engines)
    made = generate(source, examples, settings, Quiet(), golden=golden, of=engines)
    return made, examples, writer.write(made.files, folder / "project")


def overwritten(text: str, layer: int) -> str:
    """weights.c with every weight of a layer 7, or everything in the stream that holds them."""
    table = re.search(rf"forge_layer_{layer}_(weights|stream|filters)\[\d+\] = {{", text)
    assert table is not None
    begin, end = table.end(), text.index("}", table.end())
    return text[:begin] + re.sub(r"-?\d+", "7", text[begin:end]) + text[end:]


def weighted(made: Generated) -> list[int]:
    graph = made.source.graph
    return [op.index for op in graph.operators if OPS[op.op].weighted]


def built(made: Generated, project: Path) -> Firmware:
    return build_firmware(
        project, "aot", boards.roomy(made.board), compiler=toolchain(None), machine=MACHINE
    )


def booted(made: Generated, examples: Examples, firmware: Firmware) -> str:
    """What the console says of firmware that does not get beyond its self-test; else nothing."""
    end, size = Probe("", (), -1), made.source.graph.output_bytes
    try:
        MACHINE.run(Job(firmware, examples.inputs[:1], size, [end]))
    except ForgeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["residual", "quickdraw", "ad"])
def test_no_layer_s_weights_can_be_overwritten(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = tmp_path / "model.tflite"
    if name == "residual":
        model.write_bytes(write(models.residual(1)))
    else:
        model = request.getfixturevalue("corpus") / "models" / f"{name}.tflite"
    made, examples, project = written(model, tmp_path)
    assert booted(made, examples, built(made, project)) == ""
    right = (project / WEIGHTS).read_text()
    assert len(weighted(made)) >= 3
    for layer in weighted(made):
        (project / WEIGHTS).write_text(overwritten(right, layer))
        firmware = built(made, project)
        assert "FAIL: golden vector" in booted(made, examples, firmware), layer
        with pytest.raises(
            ForgeError, match=rf"forge_layer_{layer}_(weights|stream|filters)\[\d+\] is "
        ):
            require_constants(
                firmware, project, made.lowered["aot"], made.source.graph_of("aot"),
                compiler=toolchain(None), output=firmware.path,
            )  # fmt: skip
    with pytest.raises(
        ForgeError, match=rf"forge_layer_{layer}_(weights|stream|filters)\[\d+\] is "
    ):
        verify_folder(made, project, examples, Spec(engine="aot"), Quiet())


def test_no_board_whose_weights_were_overwritten_is_taken(tmp_path: Path) -> None:
    """`tinyforge flash` against a board in QEMU: the application would stay off it."""
    model = tmp_path / "model.tflite"
    model.write_bytes(write(models.residual(1)))
    made, _, project = written(model, tmp_path)

    def exact() -> bool:
        with emulated.board(emulated.build(project)) as wire:
            proof, _ = flash(project, Quiet(), port=wire.port, upload=False, seconds=20.0)
        return proof.bit_exact

    assert exact()
    right = (project / WEIGHTS).read_text()
    for layer in weighted(made):
        (project / WEIGHTS).write_text(overwritten(right, layer))
        assert not exact(), layer
