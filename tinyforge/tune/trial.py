"""One candidate, from settings to numbers. Whatever runs it needs the model's file and the data at
the same paths, and nothing else of the machine that the search runs on."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from tinyforge import boards, pipeline
from tinyforge.errors import ForgeError
from tinyforge.proof.data import of_samples
from tinyforge.source import of_converted
from tinyforge.spec import Spec
from tinyforge.stages import Silent, Stages
from tinyforge.training.compared import lab_of_file
from tinyforge.training.lab import Lab
from tinyforge.training.process import KilledError, apart
from tinyforge.training.settings import Loading
from tinyforge.training.variants import Unmade, make_variants
from tinyforge.training.watched import HopelessError, Watched
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.estimate import cost_of, estimated
from tinyforge.tune.limits import Cost, Limits

INPUTS = 64  # that each candidate's firmware is proved on
# What is over a limit by more than that before training stays so: training changes which channels
# can be removed exactly, and with them some of the size.
_ROOM = 1.1

End = Literal["proved", "stopped", "refused"]


@dataclass(frozen=True)
class Task:
    """What all trials of a search have in common. model, data, how, quick, range: as `compare` has
    them. spec: of the project that a candidate becomes, but for what its kernels are chosen for."""

    model: Path
    data: str
    how: Loading
    quick: bool
    range: str
    spec: Spec
    limits: Limits

    @property
    def name(self) -> str:
        return self.model.stem


@dataclass(frozen=True)
class Job:
    task: Task
    candidate: Candidate


class Outcome(msgspec.Struct, frozen=True):
    """What came of a candidate.

    end: proved, whatever it takes; or stopped before, where it could not be what is wanted; or
    refused, as why says. score: on what is held out. cost: measured; of what was stopped, before it
    was trained. failed: by how much which limits are exceeded, "accuracy" among them. seconds: of
    wall time.
    """

    end: End
    score: float | None = None
    cost: Cost | None = None
    failed: dict[str, float] = {}
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Tried:
    """outcome: of a candidate. model: its .tflite file, where it is proved."""

    outcome: Outcome
    model: bytes | None = None


def run(job: Job) -> Tried:
    """Makes, trains, measures and proves a candidate. KilledError where something ended its process
    from outside; all other trouble is an outcome."""
    began = time.monotonic()
    try:
        tried = apart(tried_here, job, stages=Silent())
    except KilledError:
        raise
    except ForgeError as error:
        why = f"{error.what} ({error.where})" if error.where else error.what
        tried = Tried(Outcome("refused", why=why))
    seconds = round(time.monotonic() - began, 2)
    return Tried(msgspec.structs.replace(tried.outcome, seconds=seconds), tried.model)


def tried_here(job: Job, *, stages: Stages) -> Tried:
    """The same in this process, which TensorFlow is loaded into. ForgeError for what is refused.

    What it takes is known first: only what can meet the limits is trained, and only what is
    accurate enough is proved.
    """
    task, candidate = job.task, job.candidate
    spec = msgspec.structs.replace(task.spec, engine="aot", optimize=candidate.optimize)
    lab = lab_of_file(
        task.model, task.data,
        how=task.how, seed=spec.seed, quick=task.quick, range_text=task.range, stages=stages,
    )  # fmt: skip
    cost = None
    if candidate.recipe.steps:
        cost = estimated(lab, candidate, spec, task.name)
        if over := _on_board(task, spec).over(cost, _ROOM):
            return Tried(Outcome("stopped", None, cost, over))
    watched = Watched.of(lab, task.limits.accuracy)
    (made,) = make_variants(watched, (candidate.recipe,), candidate.amounts, stages)
    if isinstance(made, Unmade):
        if isinstance(made.error, HopelessError):
            return _inaccurate(task, made.error.score, cost)
        raise made.error
    assert made.result is not None  # the search wants data that says what is right
    if task.limits.lacking(made.result.score):
        return _inaccurate(task, made.result.score, cost)
    cost = _proved(lab, made.model, spec, task.name)
    over = task.limits.over(cost)
    return Tried(Outcome("proved", made.result.score, cost, over), made.model)


def _inaccurate(task: Task, score: float, cost: Cost | None) -> Tried:
    failed = {"accuracy": task.limits.lacking(score)}
    return Tried(Outcome("stopped", score, cost, failed))


def _on_board(task: Task, spec: Spec) -> Limits:
    """The limits, and the board's own."""
    board = boards.load(spec.board)
    ram, flash = task.limits.ram or board.ram_limit, task.limits.flash or board.flash_limit
    return Limits(
        min(ram, board.ram_limit),
        min(flash, board.flash_limit),
        task.limits.ms,
        task.limits.accuracy,
    )


def _proved(lab: Lab, model: bytes, spec: Spec, name: str) -> Cost:
    """What its firmware takes, every layer of it bit-exact. ForgeError where it is not, or does not
    fit the board."""
    source = of_converted(model, name, lab.held_out.classes, Silent())
    inputs = lab.held_out.real(lab.range)[:INPUTS]
    examples = of_samples(source.graph, lab.held_out, inputs, INPUTS)
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        spec = msgspec.structs.replace(spec, output=str(Path(folder) / "project"))
        _, proof = pipeline.proved(source, examples, spec, Silent())
    return cost_of(proof)
