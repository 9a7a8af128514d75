"""Watching an application on its board: what it says and when, and whether it is right of inputs
that are sent to it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tinyforge import boards
from tinyforge.boards import Board
from tinyforge.device import port as ports
from tinyforge.device.answers import Console, Said
from tinyforge.device.flash import project_settings
from tinyforge.device.link import Line
from tinyforge.errors import ForgeError
from tinyforge.project.model_files import class_scores
from tinyforge.project.sensors import SENSED
from tinyforge.proof.examples import Examples
from tinyforge.sim.firmware import build_on_serial
from tinyforge.sim.machines.qemu_serial import serial_line
from tinyforge.sim.toolchains import toolchain
from tinyforge.simulate import golden_examples
from tinyforge.source import model_path, open_tflite, with_examples
from tinyforge.spec import Spec
from tinyforge.stages import Stages

# A board that boots is not asked before it has been quiet for so long.
_QUIET_SECONDS = 0.5


@dataclass(frozen=True)
class Event:
    """A line that the board has said. at: seconds since watching began. took: seconds from sending
    an input to its answer, where one was sent. expected: the class that is right, where known."""

    at: float
    said: Said
    took: float | None = None
    expected: str | None = None

    @property
    def right(self) -> bool | None:
        """None where nobody knows."""
        return None if self.expected is None else self.said.answer == self.expected


@dataclass(frozen=True)
class Sent:
    """One input for the board: its raw bytes, and the class that it is of, where that is known."""

    data: bytes
    expected: str | None = None


@dataclass(frozen=True)
class Application:
    """What runs on the board. project: its folder, with these settings. model: its name. labels:
    its classes' names, perhaps none. inputs: to send, if any."""

    project: Path
    settings: Spec
    model: str
    labels: tuple[str, ...]
    inputs: tuple[Sent, ...]

    @property
    def board(self) -> Board:
        return boards.load(self.settings.board)


def application(
    project: Path, stages: Stages, *, inputs: Path | None, golden: bool = False
) -> Application:
    """The application of a project. inputs: examples, or data, as a proof takes them; golden:
    without any, the project's golden vectors.

    ForgeError for a model that is no classifier, and for inputs that do not fit it.
    """
    settings = project_settings(project, None)
    source = open_tflite(model_path(settings), stages)
    if class_scores(source.graph, source.labels) is None:
        raise ForgeError(
            "the model is no classifier: its application answers in raw bytes, not in words",
            where=str(project),
            fix="read them with a program of yours: each answer is its outputs, one after another",
        )
    if settings.app in SENSED and (golden or inputs is not None):
        raise ForgeError(
            f"the application {settings.app} takes a sensor's samples, not inputs",
            where=str(project),
            fix="watch a board without --inputs; the project's environment sim reads samples.bin",
        )
    examples = None
    if inputs is not None:
        source, examples = with_examples(source, settings, stages, inputs=inputs)
    elif golden:
        examples = golden_examples(project)
    sent: tuple[Sent, ...] = ()
    if examples is not None:
        _require_order(settings, len(source.graph.input_tensors))
        sent = tuple(_sent(source.labels, examples))
    return Application(project, settings, source.graph.name, source.labels, sent)


def _require_order(settings: Spec, count: int) -> None:
    """Fed by rows, an application takes the others first: that order is not sent."""
    if settings.feed == "rows" and count > 1:
        raise ForgeError(
            "inputs are not sent to a model of several that is fed by rows",
            fix="watch it without --inputs, or write the project with --feed frame",
        )


def _sent(labels: Sequence[str], examples: Examples) -> Iterator[Sent]:
    names: Sequence[str | None] = [None] * len(examples)
    if examples.labels is not None:
        names = [labels[n] if labels else f"class {n}" for n in examples.labels]
    for row, name in zip(examples.inputs, names, strict=True):
        yield Sent(row.tobytes(), name)


@contextmanager
def board_line(found: Application, port: str | None) -> Iterator[Line]:
    """The serial port of the board. port: None: the only one there is. ForgeError without one."""
    name = port or ports.find(appear_seconds=0)
    with ports.SerialPort(name, found.board.platformio.monitor_speed, appear_seconds=0) as line:
        yield line


@contextmanager
def emulated_line(found: Application, stages: Stages) -> Iterator[Line]:
    """That of a board in QEMU, with the application that is built from the project's sources;
    nothing is written. ForgeError where they do not build, or QEMU is missing."""
    settings, board = found.settings, found.board
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        folder = Path(name).resolve() / "project"
        shutil.copytree(found.project, folder, ignore=shutil.ignore_patterns(".pio"))
        compiler = toolchain(settings.toolchain, settings.optimize)
        with stages.stage(f"Build the application with {compiler.name}"):
            firmware = build_on_serial(folder, "aot", board, compiler=compiler)
        with serial_line(firmware) as line:
            yield line


def watch(
    line: Line, labels: Sequence[str], inputs: Sequence[Sent], *, seconds: float
) -> Iterator[Event]:
    """What the board says while inputs are sent, each when the one before has its answer; without
    inputs all it says, for ever.

    ForgeError when the line is gone, or an answer to an input takes longer than so many seconds.
    """
    heard = _heard(line, Console(labels))
    events = _answered(line, heard, inputs, seconds) if inputs else heard
    return (event for event in events if event is not None)


def _heard(line: Line, console: Console) -> Iterator[Event | None]:
    """None when the board has said nothing for a moment."""
    begun = time.monotonic()
    while True:
        lines = list(console.feed(line.read()))
        at = time.monotonic() - begun
        yield from (Event(at, said) for said in lines)
        if not lines:
            yield None


def _answered(
    line: Line, heard: Iterator[Event | None], inputs: Sequence[Sent], seconds: float
) -> Iterator[Event | None]:
    yield from _until_quiet(heard)
    for number, sent in enumerate(inputs):
        begun = time.monotonic()
        line.write(sent.data)
        for event in heard:
            took = time.monotonic() - begun
            if event is not None and event.said.answer is not None:
                yield replace(event, took=took, expected=sent.expected)
                break
            yield event
            if took > seconds:
                raise ForgeError(
                    f"no answer to input {number} within {seconds:g} s",
                    where=line.name,
                    fix="reset the board, which may be waiting for the rest of an input; is the "
                    "application on it this project's? tinyforge flash puts it there",
                )


def _until_quiet(heard: Iterator[Event | None]) -> Iterator[Event | None]:
    last = time.monotonic()
    for event in heard:
        yield event
        now = time.monotonic()
        if event is not None:
            last = now
        elif now - last > _QUIET_SECONDS:
            return
