"""`tinyforge tune` from settings to report: what is searched, where it is kept, what is found."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from tinyforge import boards, interrupts, pipeline
from tinyforge.errors import ForgeError
from tinyforge.files import write_files
from tinyforge.report.json_report import json_text
from tinyforge.report.tuning import Tuning, progress, tuning_json
from tinyforge.report.tuning_html import tuning_html
from tinyforge.report.wording import plural
from tinyforge.source import open_model, with_examples
from tinyforge.spec import ExecutorChoice, Spec
from tinyforge.stages import Stages
from tinyforge.training.process import apart
from tinyforge.training.settings import CHECKED, Loading
from tinyforge.tune.candidate import groups
from tinyforge.tune.executors import opened
from tinyforge.tune.found import found
from tinyforge.tune.limits import Limits
from tinyforge.tune.search import search
from tinyforge.tune.space import Space
from tinyforge.tune.study import Trial, open_study
from tinyforge.tune.survey import Survey, survey
from tinyforge.tune.trial import INPUTS as INPUT_COUNT
from tinyforge.tune.trial import Task

_REFUSED = 4  # trials in a row, the first ones, after which nothing else is to be expected
STUDY, INPUTS, LOCK = "study.db", "inputs.npz", "tune.lock"


@dataclass(frozen=True)
class Plan:
    """storage: None is a file in the folder. executor, address: as executors.opened() has them."""

    trials: int
    jobs: int
    limits: Limits
    storage: str | None = None
    executor: ExecutorChoice = "local"
    address: str | None = None


def tuned_folder(settings: Spec) -> Path:
    """Where a search is kept: what was asked for, else <the model's name>-tuned here."""
    return Path(settings.output or f"{Path(settings.model or '').stem}-tuned")


def tune(
    settings: Spec, plan: Plan, stages: Stages, *, how: Loading, quick: bool
) -> tuple[Tuning, Path]:
    """Searches, or goes on with a search; what it found, and the folder with its report and models.

    ForgeError where no candidate could be tried; what goes wrong with one is a trial that failed.
    """
    assert settings.model is not None and settings.data is not None
    model, folder = Path(settings.model), tuned_folder(settings)
    with own_folder(folder):
        seen = apart(
            survey, model, settings.data,
            how=how, seed=settings.seed, quick=quick, range_text=settings.range,
            inputs=INPUT_COUNT, stages=stages,
        )  # fmt: skip
        write_files({folder / INPUTS: seen.inputs}, asked_for=False)
        task = Task(
            model.resolve(), _absolute(settings.data), how, quick, seen.range, settings, plan.limits
        )
        study = open_study(
            plan.storage or str(folder / STUDY),
            folder.resolve().name,
            Space(groups(seen.layers), seen.channels),
            plan.limits,
            seed=settings.seed,
            settings=_settings(task),
        )
        if study.finished:
            stages.note(f"going on after {plural(len(study.finished), 'trial')}")

        def keep(number: int, content: bytes) -> None:
            place = model_place(folder, number, model.stem)
            place.parent.mkdir(parents=True, exist_ok=True)
            write_files({place: content}, asked_for=False)

        def told(trial: Trial) -> None:
            stages.note(progress(trial, found(study.finished), seen.measure, plan.trials))
            tell(len(study.finished))
            require_some(study.finished)

        with (
            resumable(folder, stages),
            opened(plan.executor, plan.jobs, plan.address) as executor,
            stages.stage("Try candidates", plan.trials) as tell,
        ):
            search(study, task, executor, trials=plan.trials, jobs=plan.jobs, keep=keep, told=told)
        result = _result(settings, task, seen, study.finished)
        document = json_text(tuning_json(result))
        write_files({folder / "report.json": document, folder / "report.html": tuning_html(result)})
    return result, folder


def export(
    settings: Spec, result: Tuning, folder: Path, project: str, stages: Stages, *, overwrite: bool
) -> Path:
    """The chosen candidate's project, as `build` makes it of the model and the inputs in the
    folder. ForgeError where none was chosen."""
    chosen = result.found.chosen
    if chosen is None:
        raise ForgeError(
            "no candidate is within the budget and accurate enough: there is nothing to export",
            where=str(folder / "report.html"),
            fix="try more candidates with --trials, or allow more",
        )
    place = model_place(folder, chosen.number, result.model)
    if not place.is_file():
        raise ForgeError(
            "the model of the chosen trial is not there",
            where=str(place),
            fix="search anew, with another --storage",
        )
    spec = msgspec.structs.replace(
        settings,
        model=str(place),
        data=None,
        range=None,
        optimize=chosen.candidate.optimize,
        output=project,
    )
    source = open_model(spec, stages, CHECKED)
    source, examples = with_examples(source, spec, stages, inputs=folder / INPUTS)
    return pipeline.build(source, examples, spec, stages, overwrite=overwrite)[1]


def model_place(folder: Path, number: int, name: str) -> Path:
    """The .tflite file of a trial."""
    return folder / "models" / f"{number:04}" / f"{name}.tflite"


def _absolute(data: str) -> str:
    """Its name, or where it lies: workers may be in another folder."""
    return str(Path(data).resolve()) if Path(data).exists() else data


def require_some(trials: Sequence[Trial]) -> None:
    """ForgeError where the first trials have all been refused for the same reason: so will the
    others be."""
    reasons = {trial.outcome.why for trial in trials if trial.outcome.end == "refused"}
    if len(reasons) == 1 and _REFUSED <= len(trials) == sum(
        trial.outcome.end == "refused" for trial in trials
    ):
        raise ForgeError(f"candidates are refused: {reasons.pop()}")


@contextmanager
def resumable(folder: Path, stages: Stages) -> Iterator[None]:
    """Whoever interrupts a search is told that nothing is lost. folder: that it is kept in."""
    try:
        yield
    except KeyboardInterrupt:
        interrupts.left(folder)
        stages.note("trials that are over are kept: the same command goes on")
        raise


def _settings(task: Task) -> dict[str, Any]:
    """What the trials of a study depend on, by name, as JSON has it."""
    own = msgspec.to_builtins(task.spec)
    for name in ("model", "output", "optimize"):
        own.pop(name, None)
    return {
        "model": hashlib.sha256(task.model.read_bytes()).hexdigest(),
        **own,
        "data": task.data,
        "range": task.range,
        "quick": task.quick,
        "limits": asdict(task.limits),
    }


def _result(settings: Spec, task: Task, seen: Survey, trials: tuple[Trial, ...]) -> Tuning:
    board = boards.load(settings.board)
    return Tuning(
        model=task.name,
        board=board.id,
        core=board.core,
        data=task.data,
        range=seen.range,
        measure=seen.measure,
        held_out=seen.held_out,
        score=seen.score,
        limits=task.limits,
        found=found(trials),
    )


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """The folder, made where there is none, for this search alone. ForgeError where another runs
    there, or it holds something else. What was made before anything came of it goes again."""
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / LOCK).exists():
            raise ForgeError(
                "the folder holds something that is no search", where=str(folder),
                fix="choose another with --output",
            )  # fmt: skip
        with closing(sqlite3.connect(folder / LOCK, timeout=0)) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")  # until this process ends, however it does
            except sqlite3.OperationalError as error:
                new = False
                raise ForgeError(
                    "another search runs in this folder",
                    where=str(folder),
                    fix="wait for it, or choose another with --output",
                ) from error
            yield
        new = False
    except OSError as error:
        raise ForgeError(
            f"cannot use this folder: {error.strerror}", where=str(folder),
            fix="choose another with --output",
        ) from error  # fmt: skip
    finally:
        if new and folder.is_dir() and [p.name for p in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()
