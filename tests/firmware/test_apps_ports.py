"""The ports on vendors' SDKs, compiled against stand-ins for those SDKs (stubs/) and run.

What this shows is that each port is C that compiles without a warning, and does what it should if
the SDK is as its documentation says; the SDKs themselves are not here.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.features.sounds import clipped, speech
from tests.firmware.spoken import spoken
from tests.firmware.test_application import answers, frames
from tests.host_program import build
from tinyforge.boards import load
from tinyforge.engines.aot import compiled
from tinyforge.features import LogMel, heard
from tinyforge.memory.search import plan
from tinyforge.project.layout import sources_for
from tinyforge.project.model_files import Golden
from tinyforge.project.tree import Project, project_files
from tinyforge.resources import folder
from tinyforge.spec import AppChoice
from tinyforge.tflite import write

STUBS = Path(__file__).parent / "stubs"
PORTS = {"stm32cube": ("STM32F4xx",), "espidf": (), "zephyr": ()}
GRAPH = models.classifier(3)

# What the watchdog was told for 500 ms and three answers.
WATCHDOG = {
    "stm32cube": f"prescaler 6\nreload {500 // 8 + 1}\nkey {0xAAAA}\n",
    "espidf": "timeout 500\n" + "kick 0\n" * 3,
    "zephyr": "timeout 500\n" + "kick 0\n" * 3,
}


def board_program(port: str, app: AppChoice, tmp_path: Path, *defines: str, wrong: int = 0) -> Path:
    """A project's firmware with a port. wrong: what is added to a golden output."""
    inputs = frames(GRAPH, 2)
    outputs = answers(GRAPH, inputs)
    outputs[1, 0] += wrong
    engines = {"aot": compiled(plan(GRAPH))}
    project = Project(
        GRAPH, load("nucleo_f446re"), engines, Golden(inputs, outputs), write(GRAPH), app=app
    )
    for path, text in project_files(project).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    sources, include = sources_for(tmp_path, "aot", port)
    return build(
        [*sources, STUBS / port / "board.c"],
        tmp_path / "board",
        include=[*include, STUBS / port],
        defines=[*PORTS[port], *defines],
    )


def run(program: Path, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([program], input=stdin, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("port", PORTS)
def test_a_board_tests_itself_and_answers_frames(port: str, tmp_path: Path) -> None:
    inputs = frames(GRAPH, 4)
    done = run(board_program(port, "classify", tmp_path), inputs.tobytes())
    assert done.returncode == 0
    said = ["PASS: 2 golden vectors", *spoken(answers(GRAPH, inputs), GRAPH.output_tensors[0])]
    assert done.stdout.decode().splitlines() == said


@pytest.mark.parametrize("port", PORTS)
def test_a_board_reports_a_difference_and_sleeps(port: str, tmp_path: Path) -> None:
    done = run(board_program(port, "classify", tmp_path, wrong=1), b"")
    assert done.returncode == 3
    assert done.stdout.startswith(b"FAIL: golden vector 1, output 0")


@pytest.mark.parametrize("port", PORTS)
def test_a_drone_keeps_time_and_kicks_the_watchdog(port: str, tmp_path: Path) -> None:
    """Its clock advances only while it sleeps or polls, so that no deadline is missed."""
    inputs = frames(GRAPH, 3)
    program = board_program(port, "drone", tmp_path, "FORGE_REPORT_EVERY=3")
    done = run(program, inputs.tobytes())
    assert done.returncode == 0
    assert done.stderr.decode() == WATCHDOG[port]
    report = re.search(
        rb"drone: 3 answers, 0 deadlines missed, worst latency (\d+) of 33333 us\n$", done.stdout
    )
    assert report is not None, done.stdout
    # One poll in three finds nothing, and waits a millisecond; a frame of 64 bytes takes 96 polls.
    assert int(report[1]) < 33 * 1000


@pytest.mark.parametrize("port", PORTS)
def test_a_watch_sleeps_as_long_as_it_says(port: str, tmp_path: Path) -> None:
    inputs = frames(GRAPH, 3)
    program = board_program(port, "watch", tmp_path, "FORGE_REPORT_EVERY=1")
    done = run(program, inputs.tobytes())
    assert done.returncode == 0
    reports = re.findall(
        rb"watch: 1 answers, (\d+) us awake for each, duty cycle 0\.0\d %", done.stdout
    )
    assert len(reports) == 3, done.stdout


@pytest.mark.parametrize("port", PORTS)
def test_a_listener_hears_the_serial_port(port: str, tmp_path: Path) -> None:
    """Two bytes a sample; each of the model's rows has 8 channels, and each answer two new rows."""
    sound = clipped(speech(16000, 0.25, 2))
    tensor = GRAPH.input_tensors[0]
    rows = heard(
        sound, scale=tensor.scale, zero_point=tensor.zero_point, features=LogMel(channels=8)
    )
    windows = np.stack([rows[at : at + 8].reshape(-1) for at in range(0, len(rows) - 7, 2)])
    done = run(board_program(port, "listen", tmp_path, "FORGE_THRESHOLD=1"), sound.tobytes())
    assert done.returncode == 0
    lines = spoken(answers(GRAPH, windows), GRAPH.output_tensors[0])
    before = ["", *(line.split()[1] for line in lines)]
    new = [line for line, last in zip(lines, before, strict=False) if line.split()[1] != last]
    assert done.stdout.decode().splitlines() == ["PASS: 2 golden vectors", *new]


def test_without_a_uart_an_stm32_is_silent(tmp_path: Path) -> None:
    """The handle is CubeMX's: code without one links, and waits for ever."""
    program = board_program("stm32cube", "classify", tmp_path, "WITHOUT_UART")
    done = run(program, frames(GRAPH, 1).tobytes())
    assert (done.returncode, done.stdout) == (3, b"")


def test_no_port_is_forgotten() -> None:
    """tests/project tries Arduino's, tests/sim and others here the emulator's and the host's."""
    ports = {path.name for path in (folder("firmware") / "ports").iterdir() if path.is_dir()}
    assert ports == {"arduino", "native", "sim", "sim_serial", *PORTS}
