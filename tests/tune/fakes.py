"""Trials that cost nothing: figures that follow from the candidate alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from tinyforge.spec import Spec
from tinyforge.training.settings import CHECKED
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.executors import Executor
from tinyforge.tune.limits import Cost, Limits
from tinyforge.tune.search import search
from tinyforge.tune.space import Space
from tinyforge.tune.study import Study, Trial, open_study
from tinyforge.tune.trial import Job, Outcome, Task, Tried

LIMITS = Limits(flash=14_000, accuracy=0.95)
SPACE = Space((("conv",), ("dense",)), channels=True)
TASK = Task(Path("model.keras"), "data", CHECKED, True, "0..1", Spec(), LIMITS)


def outcome(candidate: Candidate) -> Outcome:
    """The more is taken away the smaller, and from some point on the worse."""
    channels = candidate.amounts.channels or 0.0
    pruned = sum(share for _, share in candidate.amounts.by_layer)
    flash = int(20_000 * (1 - 0.5 * channels) - 1_000 * pruned)
    score = 0.99 - 0.1 * max(0.0, channels - 0.6) - 0.02 * pruned
    cost = Cost(flash, 2_000, 1_000, 1_000, 5.0 if candidate.optimize == "speed" else 9.0)
    if channels > 0.9:
        return Outcome("refused", why="nothing is left")
    if lacking := LIMITS.lacking(score):
        return Outcome("stopped", score, cost, {"accuracy": lacking})
    return Outcome("proved", score, cost, LIMITS.over(cost))


def work(job: Job) -> Tried:
    """Done at once."""
    found = outcome(job.candidate)
    return Tried(found, str(job.candidate).encode() if found.end == "proved" else None)


def slow(job: Job) -> Tried:
    """Leaves a file that says that it was begun and by whom, and takes a while."""
    _begin(job)
    time.sleep(0.5)
    return work(job)


def one_hangs(job: Job) -> Tried:
    """Leaves such a file. One run, the third or so, never ends: its process is in the file victim,
    beside the folder."""
    if _begin(job) > 1:
        with suppress(FileExistsError), (_begun().parent / "victim").open("x") as victim:
            print(os.getpid(), file=victim, flush=True)
            time.sleep(600)
    return work(job)


def _begin(job: Job) -> int:
    """How many were begun before."""
    before = len(list(_begun().iterdir()))
    (_begun() / f"{time.monotonic_ns()} {os.getpid()}").write_text(str(job.candidate))
    return before


def _begun() -> Path:
    return Path(os.environ["TINYFORGE_TEST_FOLDER"])


def study(path: Path, seed: int = 0, name: str = "study", **settings: object) -> Study:
    return open_study(str(path), name, SPACE, LIMITS, seed=seed, settings=settings)


def at_once(work: Callable[[Job], Tried], lost: type[BaseException] = KeyError) -> Executor:
    """Runs each job before it is waited for."""

    def submit(job: Job) -> Future[Tried]:
        future: Future[Tried] = Future()
        try:
            future.set_result(work(job))
        except Exception as error:
            future.set_exception(error)
        return future

    return Executor(submit, (lost,))


def searched(
    study: Study,
    executor: Executor,
    trials: int,
    jobs: int = 1,
    kept: dict[int, bytes] | None = None,
    told: list[Trial] | None = None,
) -> list[Trial]:
    """Fills kept and told where they are given."""
    told = [] if told is None else told
    keep = (kept if kept is not None else {}).__setitem__
    search(study, TASK, executor, trials=trials, jobs=jobs, keep=keep, told=told.append)
    return told
