"""What comes of a search: the best trade-offs, the one that is wanted, and why not the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tinyforge.tune.study import Trial


@dataclass(frozen=True, eq=False)
class Found:
    """trials: all that are over. front: of those proved, each that none other is at least as good
    as in accuracy, flash, RAM and time, and better in one; smallest first. chosen: the one of the
    least flash, of these the least RAM, that is within all limits; None where none is. failed: of
    how many each limit was exceeded, and how many were refused; one that exceeds two counts twice.
    """

    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]
    chosen: Trial | None
    failed: Mapping[str, int]


def found(trials: Iterable[Trial]) -> Found:
    trials = tuple(trials)
    proved = [trial for trial in trials if trial.outcome.end == "proved"]
    front = [one for one in proved if not any(_better(other, one) for other in proved)]
    good = [trial for trial in proved if not trial.outcome.failed]
    failed = Counter(name for trial in trials for name in _why(trial))
    return Found(
        trials,
        tuple(sorted(front, key=_size)),
        min(good, key=_size, default=None),
        dict(failed.most_common()),
    )


def _why(trial: Trial) -> Iterable[str]:
    return ("refused",) if trial.outcome.end == "refused" else trial.outcome.failed


def _size(trial: Trial) -> tuple[float, ...]:
    """Smallest first; of equal ones the quicker, then the more accurate, then the earlier."""
    cost, score = trial.outcome.cost, trial.outcome.score
    assert cost is not None and score is not None
    return cost.flash, cost.ram, cost.ms or 0.0, -score, trial.number


def _better(one: Trial, other: Trial) -> bool:
    """Of equal ones the earlier counts as better."""
    mine, its = _figures(one), _figures(other)
    return all(a <= b for a, b in zip(mine, its, strict=True)) and (
        mine != its or one.number < other.number
    )


def _figures(trial: Trial) -> tuple[float, ...]:
    cost, score = trial.outcome.cost, trial.outcome.score
    assert cost is not None and score is not None
    return -score, cost.flash, cost.ram, cost.ms or 0.0
