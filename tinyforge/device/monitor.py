"""Watching an application on its board: what it says and when, and whether it is right of inputs
that are sent to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinyforge import boards
from tinyforge.boards import Board
from tinyforge.device.answers import Console, Said
from tinyforge.device.flash import project_settings
from tinyforge.device.link import Line
from tinyforge.errors import ForgeError
from tinyforge.project.model_files import class_scores
from tinyforge.proof.examples import Examples
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
    """What runs on the board. labels: its classes' names, perhaps none. inputs: to send, if any."""

    model: str
    board: Board
    labels: tuple[str, ...]
    inputs: tuple[Sent, ...]


def application(project: Path, stages: Stages, *, inputs: Path | None) -> Application:
    """The application of a project. inputs: examples, or data, as a proof takes them.

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
    sent: tuple[Sent, ...] = ()
    if inputs is not None:
        source, examples = with_examples(source, settings, stages, inputs=inputs)
        _require_order(settings, len(source.graph.input_tensors))
        sent = tuple(_sent(source.labels, examples))
    return Application(source.graph.name, boards.load(settings.board), source.labels, sent)


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


def listen(line: Line, console: Console) -> Iterator[Event | None]:
    """What the board says, without end; None when it has said nothing for a moment. ForgeError
    when the line is gone."""
    begun = time.monotonic()
    while True:
        lines = list(console.feed(line.read()))
        at = time.monotonic() - begun
        yield from (Event(at, said) for said in lines)
        if not lines:
            yield None


def ask(
    line: Line, console: Console, inputs: Sequence[Sent], *, seconds: float
) -> Iterator[Event | None]:
    """The same while inputs are sent, each when the one before has its answer, until all have one.

    ForgeError when an answer takes longer than so many seconds.
    """
    heard = listen(line, console)
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
