"""Self-test firmware in QEMU, its UART as the serial port: the proof, and everything that fails."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.corpus import layers, models, several
from tests.corpus.builder import GraphBuilder
from tests.device import emulated
from tests.device.emulated import VECTORS, Quiet, Wire
from tinyforge.device.flash import flash
from tinyforge.device.record import DeviceReport
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.search import plan
from tinyforge.proof.record import Proof
from tinyforge.sim.base import Toolchain
from tinyforge.sim.elf import Firmware
from tinyforge.spec import FeedChoice
from tinyforge.tflite.c_array import c_array

GRAPH = models.residual(1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulated.generate(GRAPH, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def firmware(project: Path) -> Firmware:
    return emulated.build(project)


@pytest.fixture
def wire(firmware: Firmware) -> Iterator[Wire]:
    with emulated.board(firmware) as wire:
        yield wire


def proved(
    project: Path, wire: Wire, *, layers: bool = False, seconds: float = 20.0
) -> tuple[Proof, DeviceReport]:
    return flash(
        project,
        Quiet(),
        port=wire.port,
        upload=False,
        layers=layers,
        seconds=seconds,
    )


def refused(project: Path, wire: Wire, seconds: float = 3.0) -> ForgeError:
    """The error, which came in time."""
    started = time.monotonic()
    with pytest.raises(ForgeError) as caught:
        proved(project, wire, seconds=seconds)
    assert time.monotonic() - started < seconds + 30
    assert caught.value.where
    assert caught.value.fix
    return caught.value


def test_outputs_are_proved(project: Path, wire: Wire) -> None:
    proof, device = proved(project, wire)
    assert proof.bit_exact
    assert proof.machine == f"device: {wire.port}"
    assert (proof.inputs, proof.engine, proof.board) == (VECTORS, "aot", "nrf52840_dk")
    assert proof.instructions is None
    assert proof.instructions_by_layer == ()
    assert (device.engine, device.board, device.golden) == ("aot", "nrf52840_dk", VECTORS)
    assert (device.layers_compared, device.damaged) == (0, 0)


# One of each UART address that ports/sim/uart.c knows.
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4", "cortex-m33", "cortex-m55"])
def test_every_layer_on_every_uart_of_qemu(core: str, project: Path, tmp_path: Path) -> None:
    with emulated.board(emulated.build(project, core)) as wire:
        proof, device = proved(project, wire, layers=True)
    assert proof.bit_exact
    assert [row.index for row in proof.instructions_by_layer] == list(plan(GRAPH).order)
    within = plan(GRAPH).within
    assert within
    assert all(row.bit_exact or row.index in within for row in proof.instructions_by_layer)
    assert device.layers_compared == len(GRAPH.operators) - len(within)


@pytest.mark.parametrize("feed", ["frame", "rows"])
def test_several_inputs_and_outputs(feed: FeedChoice, tmp_path: Path) -> None:
    """Written and read in pieces that begin and end within one or another; the rows come last."""
    graph = several.tangled()
    project = emulated.generate(graph, tmp_path, feed=feed)
    with emulated.board(emulated.build(project)) as wire:
        for layers_too in (False, True):
            proof, device = proved(project, wire, layers=layers_too)
            assert proof.bit_exact
            assert proof.inputs == VECTORS
        assert (device.layers_compared > 0) == (feed == "frame")


def test_a_wrong_output_of_several_is_named(tmp_path: Path) -> None:
    """The application gets the second head from elsewhere; every layer is right."""
    graph = several.two_heads()
    project = emulated.generate(graph, tmp_path)
    model = project / "src" / "aot" / "model.c"
    size = plan(graph).places[graph.outputs[1]].offset
    places = rf"(forge_output_at.*?)forge_arena \+ {size},\n  }};"
    text, count = re.subn(
        places, rf"\1forge_arena + {size + 1},\n  }};", model.read_text(), flags=re.S
    )
    assert count == 1
    model.write_text(text)
    with emulated.board(emulated.build(project)) as wire:
        proof, _ = proved(project, wire)
    assert not proof.bit_exact
    assert proof.first_difference is not None
    assert (proof.first_difference.name, proof.first_difference.op) == ("size", "SOFTMAX")


def test_a_model_that_remembers(tmp_path: Path) -> None:
    """Proof after proof without a reset of the board, each of the same sequence."""
    graph = models.keywords(1)
    project = emulated.generate(graph, tmp_path)
    with emulated.board(emulated.build(project)) as wire:
        for layers_too in (False, True, False):
            proof, _ = proved(project, wire, layers=layers_too)
            assert proof.bit_exact


def test_a_wrong_layer_that_remembers_is_named(tmp_path: Path) -> None:
    """It is right on the first input; what it did wrong then is seen on the second."""
    graph = models.keywords(1)
    project = emulated.generate(graph, tmp_path)
    model = project / "src" / "aot" / "model.c"
    newest = plan(graph).places[graph.states[0]].offset + 8 - 1  # of the first filter's 8 numbers
    spoilt = rf"\1\n  forge_arena[{newest}] ^= 64;"
    text, count = re.subn(r"(forge_layer_1\(int row\) \{)", spoilt, model.read_text())
    assert count == 1
    model.write_text(text)
    with emulated.board(emulated.build(project)) as wire:
        proof, _ = proved(project, wire)
    assert not proof.bit_exact
    found = proof.first_difference
    assert found is not None
    assert (found.layer, found.input > 0) == (0, True)


def test_the_interpreter_s_outputs(tmp_path: Path) -> None:
    """Firmware that names itself as the interpreter's does: it has no layers to be asked for."""
    project = emulated.generate(GRAPH, tmp_path, engine="both")
    with emulated.board(emulated.build(project, identity="tflm")) as wire:
        proof, device = flash(
            project,
            Quiet(),
            engine="tflm",
            port=wire.port,
            upload=False,
            layers=True,
            seconds=20,
        )
        assert "its engine is tflm" in refused(project, wire).what
    assert proof.bit_exact
    assert (proof.engine, device.engine, device.layers_compared) == ("tflm", "tflm", 0)
    assert proof.arena.planned > 0
    assert proof.arena.slots == ()


def test_a_model_that_is_fed_by_rows(tmp_path: Path) -> None:
    """It runs while its input comes, so that only answers can be compared."""
    project = emulated.generate(GRAPH, tmp_path / "sources", feed="rows")
    with emulated.board(emulated.build(project)) as wire:
        proof, device = proved(project, wire, layers=True)
    assert proof.bit_exact
    assert (proof.inputs, device.layers_compared, device.damaged) == (VECTORS, 0, 0)
    wrong = corrupted(project, tmp_path, 0)
    with emulated.board(emulated.build(wrong)) as wire:
        proof, _ = proved(project, wire)
    assert not proof.bit_exact


def reshaped_first() -> Graph:
    """A model whose first layer has no code."""
    b = GraphBuilder("reshaped_first")
    x = layers.reshape(b, b.input((1, 4, 4, 2), 1 / 128, 0), (1, 32))
    return b.build([layers.fully_connected(b, np.random.default_rng(3), x, units=5)])


@pytest.mark.parametrize("graph", [reshaped_first(), models.separable(1)], ids=lambda g: g.name)
def test_every_layer_of_other_networks(graph: Graph, tmp_path: Path) -> None:
    folder = emulated.generate(graph, tmp_path / "sources")
    with emulated.board(emulated.build(folder)) as wire:
        proof, device = proved(folder, wire, layers=True)
    assert proof.bit_exact
    assert device.layers_compared == len(graph.operators) - len(plan(graph).within)


def corrupted(project: Path, workspace: Path, layer: int) -> Path:
    """The project with wrong weights in one layer: enough of them to reach the output."""
    copy = workspace / "project"
    for path in (p for p in project.rglob("*") if p.is_file()):
        target = copy / path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    weights = copy / "src" / "aot" / "weights.c"
    text = weights.read_text()
    begin = text.index("{", text.index(f" forge_layer_{layer}_weights[")) + 1
    numbers = text[begin : text.index("}", begin)].split(",")
    wrong = ",".join(str(~int(n)) for n in numbers if n.strip())
    weights.write_text(text[:begin] + wrong + text[text.index("}", begin) :])
    return copy


@pytest.mark.parametrize(("every_layer", "layer"), [(False, 0), (True, 1)])
def test_wrong_weights_are_named_by_their_layer(
    every_layer: bool, layer: int, project: Path, tmp_path: Path
) -> None:
    folder = corrupted(project, tmp_path, layer)
    with emulated.board(emulated.build(folder)) as wire:
        proof, _ = proved(folder, wire, layers=every_layer)
    assert not proof.bit_exact
    assert proof.first_difference is not None
    assert (proof.first_difference.layer, proof.first_difference.op) == (layer, "CONV_2D")
    assert proof.first_difference.input == 0  # no input is blind to weights
    exact = {row.index for row in proof.instructions_by_layer if row.bit_exact}
    assert exact >= {0} if every_layer else not exact
    assert layer not in exact


def test_another_model_is_refused(wire: Wire, tmp_path: Path) -> None:
    other = emulated.generate(models.residual(2), tmp_path)
    assert "its model is" in refused(other, wire).what


def test_another_board_is_refused(wire: Wire, tmp_path: Path) -> None:
    other = emulated.generate(GRAPH, tmp_path, board="nucleo_f446re")
    assert "its board is nrf52840_dk, the project's nucleo_f446re" in refused(other, wire).what


def test_noise_before_the_greeting(project: Path, wire: Wire) -> None:
    wire.put(b"boot: \x00\xff\x00\x03ab ready\r\n" * 40)
    assert proved(project, wire)[0].bit_exact


def test_noise_that_does_not_end(project: Path, wire: Wire) -> None:
    wire.from_board = lambda data: b"\x55\xaa\x00\x13" * 8
    assert "damaged or not from the self-test" in refused(project, wire).what


def every(count: int, change: emulated.Change) -> emulated.Change:
    """Applies the change to each count-th piece of data."""
    passed = 0

    def apply(data: bytes) -> bytes:
        nonlocal passed
        passed += 1
        return change(data) if passed % count == 0 else data

    return apply


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


DAMAGES = {
    "flipped": flipped,
    "cut": lambda data: data[: len(data) // 2],
    "lost": lambda data: b"",
    "doubled": lambda data: data + data,
    "invented": lambda data: data[:3] + b"\x00\x07\x00" + data[3:],
}


@pytest.mark.parametrize("way", ["to_board", "from_board"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_line_costs_repetitions_only(
    damage: str, way: str, project: Path, wire: Wire
) -> None:
    setattr(wire, way, every(7, DAMAGES[damage]))
    proof, device = proved(project, wire)
    assert proof.bit_exact
    assert device.repeated > 0 or damage == "doubled"


def test_a_line_that_always_damages(project: Path, wire: Wire) -> None:
    wire.from_board = flipped
    assert "damaged" in refused(project, wire).what


def test_half_a_frame_and_then_silence(project: Path, wire: Wire) -> None:
    """The first answer breaks off behind its border, and nothing comes after it."""
    left = 30

    def broken(data: bytes) -> bytes:
        nonlocal left
        data = data[:left]
        left -= len(data)
        return data

    wire.from_board = broken
    assert "broke off after 29 bytes" in refused(project, wire).what


def test_a_board_that_says_nothing(project: Path, wire: Wire) -> None:
    wire.to_board = lambda data: b""
    assert "nothing came back" in refused(project, wire).what


def test_a_board_that_hangs_in_between(project: Path, wire: Wire) -> None:
    sent = 0

    def deaf(data: bytes) -> bytes:
        nonlocal sent
        sent += len(data)
        return data if sent < 700 else b""

    wire.to_board = deaf
    assert "nothing came back" in refused(project, wire).what


def test_unplugged_in_the_middle(project: Path, wire: Wire) -> None:
    seen = 0

    def pulled(data: bytes) -> bytes:
        nonlocal seen
        seen += len(data)
        if seen > 150:
            wire.pull()
        return data

    wire.from_board = pulled
    error = refused(project, wire, seconds=5)
    assert "serial port failed" in error.what
    assert "plug the board in again" in error.fix


def test_a_port_that_is_not_there(project: Path, wire: Wire) -> None:
    wire.port = "/dev/tty-not-there"
    assert "cannot open the serial port" in refused(project, wire).what


def test_the_command_prints_one_document(project: Path, wire: Wire) -> None:
    """The whole command, as a program reads it."""
    arguments = ["flash", str(project), "--no-upload", "--port", wire.port, "--json"]
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", *arguments], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    document = json.loads(shown.stdout)
    assert set(document) == {"proof", "device"}
    assert document["proof"]["bit_exact"] is True
    assert document["device"]["port"] == wire.port


class Uploads:
    """Stands for PlatformIO: keeps what it was asked to do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str | None, tuple[str, ...]]] = []
        monkeypatch.setattr("tinyforge.device.flash.run_pio", self)

    def __call__(self, project: Path, *arguments: str, environment: str | None = None) -> None:
        self.calls.append((environment, arguments))


def flashed(project: Path, port: str) -> Proof:
    return flash(project, Quiet(), port=port, seconds=20)[0]


def test_the_application_follows_its_proof(
    project: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Uploads(monkeypatch)
    assert flashed(project, wire.port).bit_exact
    arguments = ("run", "-t", "upload", "--upload-port", wire.port)
    assert uploads.calls == [
        ("nrf52840_dk_selftest", arguments),
        ("nrf52840_dk", arguments),
    ]


def test_no_application_without_a_proof(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs on the board is not what was uploaded."""
    uploads = Uploads(monkeypatch)
    wrong = emulated.build(corrupted(project, tmp_path, 10))
    with emulated.board(wrong) as wire:
        assert not flashed(project, wire.port).bit_exact
    assert [environment for environment, _ in uploads.calls] == ["nrf52840_dk_selftest"]


@pytest.mark.parametrize("board", ["nrf52840_dk", "esp32dev"])
@pytest.mark.parametrize(
    ("path", "constant"),
    [
        ("src/aot/weights.c", r"forge_layer_4_weights\[\d+\] = {\s*(-?\d+)"),
        ("src/aot/model.c", r"layer_4 = {[^}]*\.requantization\.output_zero_point = (-?\d+)"),
    ],
)
def test_nothing_is_uploaded_with_a_constant_that_is_not_the_model_s(
    path: str, constant: str, board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Uploads(monkeypatch)
    project = emulated.generate(GRAPH, tmp_path, board=board)
    text = (project / path).read_text()
    found = re.search(constant, text)
    assert found is not None
    wrong = str(int(found[1]) ^ 1)
    (project / path).write_text(text[: found.start(1)] + wrong + text[found.end(1) :])
    with pytest.raises(ForgeError, match="layer_4") as caught:
        flashed(project, "nowhere")
    assert f"is {wrong} in the firmware; the model says {found[1]}" in caught.value.what
    assert "layer 4 " in caught.value.where
    assert uploads.calls == []


def test_nothing_is_uploaded_with_another_model_for_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Uploads(monkeypatch)
    project = emulated.generate(GRAPH, tmp_path, engine="tflm")
    (project / "src/tflm/model_data.c").write_text(c_array(b"other bytes", "forge_model_data"))
    with pytest.raises(ForgeError, match="forge_model_data holds another model"):
        flashed(project, "nowhere")
    assert uploads.calls == []


def test_without_a_compiler_it_is_said_that_nobody_looked(
    project: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Noted(Quiet):
        notes: ClassVar[list[str]] = []

        def note(self, text: str) -> None:
            self.notes.append(text)

    def missing(name: str | None) -> Toolchain:
        raise ForgeError("no compiler", fix="pip install ziglang")

    Uploads(monkeypatch)
    monkeypatch.setattr("tinyforge.device.sources.toolchain", missing)
    assert flash(project, Noted(), port=wire.port, seconds=20)[0].bit_exact
    assert Noted.notes == ["warning: constants are not read back: no compiler; pip install ziglang"]


def test_an_engine_that_the_project_does_not_have(project: Path) -> None:
    with pytest.raises(ForgeError, match="the project has no engine tflm"):
        flash(project, Quiet(), engine="tflm", port="nowhere", upload=False)


def test_golden_vectors_of_another_model(project: Path, tmp_path: Path) -> None:
    other = emulated.generate(models.classifier(1), tmp_path)
    model = (project / "model.tflite").read_bytes()
    (other / "model.tflite").write_bytes(model)
    with pytest.raises(ForgeError, match="64 bytes in and 3 out, the model has 192 and 4"):
        flash(other, Quiet(), port="nowhere")


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="this is no project of tinyforge"):
        flash(tmp_path, Quiet(), port="nowhere")
