"""Candidates tried, some at once, until as many are over as were asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait

from tinyforge.tune.executors import Executor
from tinyforge.tune.study import Asked, Study, Trial
from tinyforge.tune.trial import Job, Task, Tried


def search(
    study: Study,
    task: Task,
    executor: Executor,
    *,
    trials: int,
    jobs: int,
    keep: Callable[[int, bytes], None],
    told: Callable[[Trial], None],
) -> None:
    """trials: how many shall be over in the study, those of before included. jobs: at once. keep:
    is given each proved model, before the study says that it is there. told: of each trial that is
    over."""
    running: dict[Future[Tried], Asked] = {}
    new = True
    while True:
        while new and len(running) < jobs and len(study.finished) + len(running) < trials:
            asked = study.ask()
            if asked is None:
                new = False
            else:
                running[executor.submit(Job(task, asked.candidate))] = asked
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            asked = running.pop(future)
            try:
                tried = future.result()
            except executor.lost:
                trial, new = study.lost(asked), True
            else:
                if tried.model is not None:
                    keep(asked.number, tried.model)
                trial = study.tell(asked, tried.outcome)
            if trial is not None:
                told(trial)
