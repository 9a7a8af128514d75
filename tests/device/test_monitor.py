"""An application in QEMU, its UART as the serial port: what `tinyforge monitor` makes of it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models
from tests.device import emulated
from tests.device.emulated import Wire
from tinyforge.boards import load
from tinyforge.device.answers import Console
from tinyforge.device.monitor import application
from tinyforge.errors import ForgeError
from tinyforge.proof.examples import Examples
from tinyforge.sim.elf import Firmware
from tinyforge.sim.firmware import build_on_serial
from tinyforge.sim.toolchains import toolchain
from tinyforge.simulate import golden_examples

GRAPH = models.classifier(1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulated.generate(GRAPH, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def firmware(project: Path) -> Firmware:
    return build_on_serial(project, "aot", load("nrf52840_dk"), compiler=toolchain("zig"))


@pytest.fixture
def wire(firmware: Firmware) -> Iterator[Wire]:
    with emulated.board(firmware) as wire:
        yield wire


@pytest.fixture(scope="module")
def golden(project: Path) -> Examples:
    return golden_examples(project)


@pytest.fixture(scope="module")
def examples(project: Path, golden: Examples) -> Path:
    """Golden vectors, the class that the model finds in each as its label; but the first's."""
    labels = classes(golden)
    labels[0] = 1 - min(labels[0], 1)
    path = project.parent / "examples.npz"
    np.savez(path, inputs=golden.inputs.reshape(-1, *GRAPH.input_tensors[0].shape), labels=labels)
    return path


def classes(golden: Examples) -> npt.NDArray[np.int64]:
    assert golden.outputs is not None
    return np.asarray(golden.outputs.argmax(axis=1))


def monitor(project: Path, wire: Wire, *arguments: str | Path) -> list[str]:
    command = (sys.executable, "-m", "tinyforge", "monitor", project, "--port", wire.port)
    return [str(word) for word in (*command, *arguments)]


def test_each_answer_is_told_and_held_against_its_label(
    project: Path, wire: Wire, golden: Examples, examples: Path
) -> None:
    done = subprocess.run(
        monitor(project, wire, "--inputs", examples, "--json"),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    best, labels = classes(golden), np.load(examples)["labels"]
    assert [a["answer"] for a in found["answers"]] == [f"class {n}" for n in best]
    assert [a["expected"] for a in found["answers"]] == [f"class {n}" for n in labels]
    assert found["accuracy"] == pytest.approx(1 - 1 / len(best))
    assert all(0 < a["took"] < 30 for a in found["answers"])


def test_a_board_that_is_not_there_is_emulated(project: Path, examples: Path) -> None:
    """From the project's own sources, which stay as they are."""
    before = sorted(project.rglob("*"))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tinyforge", "monitor", str(project), "--emulated"),
            *("--inputs", str(examples), "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(found["answers"]) == len(np.load(examples)["labels"])
    assert found["port"] == "qemu"
    assert sorted(project.rglob("*")) == before


def test_an_application_around_a_sensor_takes_no_inputs(project: Path, tmp_path: Path) -> None:
    sensed = shutil.copytree(project, tmp_path / "sensed")
    settings = sensed / "tinyforge.toml"
    settings.write_text('app = "listen"\n' + settings.read_text())
    command = [sys.executable, "-m", "tinyforge", "monitor", str(sensed), "--emulated"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the application listen takes a sensor's samples, not inputs" in done.stderr


def test_a_pipe_gets_a_line_for_each(project: Path, wire: Wire, examples: Path) -> None:
    done = subprocess.run(
        monitor(project, wire, "--inputs", examples, "--answers", "2"),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if " s  class " in line]
    assert len(lines) == 2
    assert "  it is class " in lines[0]
    assert lines[1].endswith("  right")
    assert done.stderr.endswith("right: 50.00 % of 2\n")
    assert "\x1b" not in done.stdout


def test_a_terminal_is_drawn_on_until_an_interrupt(project: Path, wire: Wire) -> None:
    """A line that is no answer, and answers that come by themselves."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(monitor(project, wire), stdout=theirs)
    os.close(theirs)
    shown = ""
    end = time.monotonic() + 60
    while "deadlines missed" not in shown and time.monotonic() < end:
        wire.put(b"class 1 0.750\nclass 0 1.000\n3 answers, 0 deadlines missed\n")
        shown += os.read(ours, 65536).decode()
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the terminal ends with its last process
        while more := os.read(ours, 65536):
            shown += more.decode()
    assert process.wait() == 0
    os.close(ours)
    assert "class 0" in shown
    assert "▆" in shown  # three quarters of the way up
    assert "50.0 %" in shown


def test_silence_ends_with_a_remedy(project: Path, wire: Wire, examples: Path) -> None:
    wire.to_board = lambda _data: b""
    done = subprocess.run(
        monitor(project, wire, "--inputs", examples, "--timeout", "1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no answer to input 0 within 1 s" in done.stderr
    assert "reset the board" in done.stderr


def test_a_model_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    project = emulated.generate(models.single("CONV_2D", 1), tmp_path)
    with pytest.raises(ForgeError, match="no classifier"):
        application(project, emulated.Quiet(), inputs=None)


@pytest.mark.parametrize(
    ("labels", "line", "answer"),
    [
        ((), b"class 2 0.984\n", "class 2"),
        ((), b"circle 0.984\n", None),
        (("circle", "left turn"), b"left turn -0.120\r\n", "left turn"),
        (("circle",), b"class 2 0.984\n", None),
        (("circle",), b"circle\n", None),
        (("circle",), b"circle 0.98\n", None),
    ],
)
def test_what_is_an_answer(labels: tuple[str, ...], line: bytes, answer: str | None) -> None:
    console = Console(labels)
    halves = [*console.feed(line[:3]), *console.feed(line[3:])]
    assert [said.answer for said in halves] == [answer]
    assert halves[0].score == (float(line.split()[-1]) if answer else None)
