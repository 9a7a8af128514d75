"""A search's memory: every trial in Optuna's storage, so that a search that ended goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tinyforge.errors import ForgeError
from tinyforge.packages import TUNE, pip_install
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.limits import Limits
from tinyforge.tune.space import Space
from tinyforge.tune.trial import Outcome

if TYPE_CHECKING:
    import optuna

_STARTS = 8  # trials at random, before the others are drawn from what is known
_AGAIN = 2  # times that a candidate is tried again whose worker was lost
_SAME = 100  # proposals in a row of what was tried before, after which there is nothing new

# What is kept of a study, and of a trial, beside Optuna's own.
_SETTINGS, _OUTCOME, _RETRY, _TWIN = "settings", "outcome", "retry", "same as"


@dataclass(frozen=True)
class Trial:
    """One that is over. number: in the storage, from 0."""

    number: int
    candidate: Candidate
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class Asked:
    """One that is to be run."""

    candidate: Candidate
    trial: optuna.Trial

    @property
    def number(self) -> int:
        return int(self.trial.number)


class Study:
    """The trials of a search. What was begun before, and not finished, is to be tried again."""

    def __init__(self, study: optuna.Study, space: Space, limits: Limits, seed: int) -> None:
        self._study = study
        self._space = space
        self._limits = limits
        self._seed = seed
        self._first: dict[Candidate, int] = {}  # the trial that each was tried in
        self._finished: list[Trial] = []
        self._states = imported().trial.TrialState
        for trial in study.get_trials():
            self._take_up(trial)

    @property
    def finished(self) -> tuple[Trial, ...]:
        """All that are over, in the order of their numbers; not those that were lost."""
        return tuple(sorted(self._finished, key=lambda trial: trial.number))

    def ask(self) -> Asked | None:
        """A candidate that was not tried before; None where none is found."""
        for _ in range(_SAME):
            self._study.sampler = self._sampler()
            trial = self._study.ask()
            candidate = self._space.candidate(trial)
            first = self._first.setdefault(candidate, trial.number)
            if first == trial.number or _RETRY in trial.user_attrs:
                return Asked(candidate, trial)
            trial.set_user_attr(_TWIN, first)
            self._study.tell(trial, state=self._states.FAIL)
        return None

    def tell(self, asked: Asked, outcome: Outcome) -> Trial:
        """What came of it, for good."""
        trial = asked.trial
        trial.set_user_attr(_OUTCOME, msgspec.to_builtins(outcome))
        exceeded = outcome.failed or ({"refused": 1.0} if outcome.end == "refused" else {})
        for name, by in exceeded.items():
            trial.set_constraint(name, by)
        if outcome.end == "proved":
            self._study.tell(trial, _values(outcome, self._limits))
        else:
            self._study.tell(trial, state=self._states.PRUNED)
        self._finished.append(Trial(asked.number, asked.candidate, outcome))
        return self._finished[-1]

    def lost(self, asked: Asked) -> Trial | None:
        """Whoever ran it is gone: it is tried again, or, where that was often enough, refused."""
        times = asked.trial.user_attrs.get(_RETRY, 0) + 1
        if times > _AGAIN:
            return self.tell(
                asked, Outcome("refused", why=f"what ran it was killed, {times} times")
            )
        self._study.tell(asked.trial, state=self._states.FAIL)
        self._study.enqueue_trial(asked.trial.params, user_attrs={_RETRY: times})
        return None

    def _take_up(self, trial: optuna.trial.FrozenTrial) -> None:
        """A trial that is in the storage already."""
        if trial.state == self._states.RUNNING:
            retry = {_RETRY: trial.user_attrs.get(_RETRY, 0)}
            self._study.tell(trial.number, state=self._states.FAIL)
            self._study.enqueue_trial(trial.params, user_attrs=retry)
        elif _OUTCOME in trial.user_attrs:
            candidate = self._space.candidate(imported().trial.FixedTrial(trial.params))
            outcome = msgspec.convert(trial.user_attrs[_OUTCOME], Outcome)
            self._first.setdefault(candidate, trial.number)
            self._finished.append(Trial(trial.number, candidate, outcome))

    def _sampler(self) -> Any:
        """Drawn from the seed and from how many were proposed, so that a search that was
        interrupted goes on as if it had not been."""
        proposed = sum(
            trial.state != self._states.WAITING
            and (trial.state != self._states.FAIL or _TWIN in trial.user_attrs)
            for trial in self._study.get_trials(deepcopy=False)
        )
        return imported().samplers.TPESampler(
            n_startup_trials=_STARTS,
            multivariate=True,
            constant_liar=True,
            seed=(1000 * self._seed + proposed) % 2**32,
        )


def open_study(
    storage: str,
    name: str,
    space: Space,
    limits: Limits,
    *,
    seed: int,
    settings: Mapping[str, Any],
) -> Study:
    """A study by its name, made where there is none. storage: a file, of SQLite, or the URL of a
    database. settings: what its trials depend on. ForgeError where there is no such storage, or
    the study's trials are of other settings."""
    optuna = imported()
    url = storage if "://" in storage else f"sqlite:///{Path(storage).resolve()}"
    try:
        study = optuna.create_study(
            study_name=name,
            storage=url,
            load_if_exists=True,
            directions=["maximize", *["minimize"] * len(_objectives(limits))],
        )
    except Exception as error:  # what a database's driver raises is its own
        raise ForgeError(
            f"Optuna cannot use this storage: {str(error).splitlines()[0]:.200}",
            where=storage,
            fix="a file, or a URL that SQLAlchemy takes, with its driver installed",
        ) from error
    before = study.user_attrs.get(_SETTINGS)
    if before is None:
        for params in space.first():
            study.enqueue_trial(params)
        study.set_user_attr(_SETTINGS, dict(settings))
    elif other := [key for key in settings if before.get(key) != settings[key]]:
        raise ForgeError(
            f"its trials are of {_unlike(other[0], before.get(other[0]))}",
            where=f"study {name!r} in {storage}",
            fix="give the same settings to go on, or another --output for another search",
        )
    return Study(study, space, limits, seed)


def _unlike(name: str, value: Any) -> str:
    """What the trials of a study have of a setting that is another now."""
    if name == "model":
        return "another model"
    if isinstance(value, Mapping):
        value = ", ".join(f"{key}={part}" for key, part in value.items() if part is not None)
    return f"other settings: {name} was {value or 'none'}"


def imported() -> Any:
    """Optuna, whose log is quiet. ForgeError where it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise ForgeError("Optuna is not installed", fix=pip_install(*TUNE)) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _objectives(limits: Limits) -> tuple[str, ...]:
    """What is to be small, beside the score that is to be high: flash, and what is limited."""
    limited = tuple(name for name in limits.on_device if name != "flash")
    return ("flash", *(limited or ("ms",)))


def _values(outcome: Outcome, limits: Limits) -> list[float]:
    """ms that nobody knows are 0: they are unknown of all candidates on that board."""
    assert outcome.score is not None
    return [outcome.score, *(getattr(outcome.cost, name) or 0 for name in _objectives(limits))]
