"""How right a model is: what its outputs are to be compared with, and the one number of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.decide import Seen
from tinyforge.datasets.samples import Samples

Floats = npt.NDArray[np.floating[Any]]


class Task(Enum):
    """What a model does with an input; the value is what its score is called."""

    CLASSES = "accuracy"
    VALUES = "R2"
    INPUTS = "R2 of the input"


@dataclass(frozen=True)
class Goal:
    """A task; of two classes told apart by one output, the second's begins at threshold."""

    task: Task
    threshold: float = 0.5

    @property
    def measure(self) -> str:
        return self.task.value


def goal_of(
    samples: Samples,
    outputs: tuple[int, ...],
    *,
    regression: bool | None = None,
    logit: bool = False,
) -> Goal | None:
    """What the samples can tell of a model; None if they have no answers that it could give.

    outputs: shape of one output. regression: whether it was trained to come near to values, None
    if that is not known. logit: one output is no probability, so it tells two classes at 0.
    """
    scores = int(np.prod(outputs))
    values = samples.targets is not None and samples.targets[0].size == scores
    classes = samples.labels is not None and len([d for d in outputs if d != 1]) <= 1
    if outputs == samples.shape and not samples.several and not (values and scores > 1):
        return Goal(Task.INPUTS)
    if scores == 1 and regression is None and samples.labels is not None:
        regression = logit and int(samples.labels.max()) > 1
    if values and (regression or not classes):
        return Goal(Task.VALUES)
    if classes and not (regression and scores == 1):
        return Goal(Task.CLASSES, 0.0 if logit else 0.5)
    return None


def head_for(samples: Samples, outputs: Sequence[tuple[int, ...]]) -> int | None:
    """The output, by position, that the samples tell of: the only one; of several the one with as
    many scores as there are classes. None where none or several have. outputs: their shapes."""
    if len(outputs) == 1:
        return 0
    if samples.labels is None:
        return None
    count = max(len(samples.classes), int(samples.labels.max()) + 1)
    scores = [int(np.prod(o)) if len([d for d in o if d != 1]) <= 1 else 0 for o in outputs]
    fitting = [i for i, n in enumerate(scores) if (2 if n == 1 else n) == count]
    return fitting[0] if len(fitting) == 1 else None


def score(goal: Goal, outputs: Floats, samples: Samples, inputs: Floats) -> float:
    """How right outputs (n, ...), in real values, are about samples that were given as inputs.

    Classes: the share of right answers. Values: R squared, the share of the variance that is
    explained; 0 is no better than their mean, and far off is below.
    """
    rows = outputs.reshape(len(outputs), -1)
    if goal.task is Task.CLASSES:
        assert samples.labels is not None
        return float((chosen(goal, rows) == samples.labels).mean())
    wanted = samples.targets if goal.task is Task.VALUES else inputs
    assert wanted is not None
    truth = wanted.reshape(len(rows), -1).astype(np.float64)
    spread = float(((truth - truth.mean(axis=0)) ** 2).sum())
    off = float(((rows - truth) ** 2).sum())
    return 1 - off / spread if spread else float(off == 0)


def chosen(goal: Goal, rows: Floats) -> npt.NDArray[np.int64]:
    """The class of each row of scores: the largest, of equals the first; of one, by threshold."""
    if rows.shape[1] > 1:
        return np.asarray(rows.argmax(axis=1), np.int64)
    return np.asarray(rows[:, 0] >= goal.threshold, np.int64)


def seen(goal: Goal, outputs: Floats, samples: Samples, inputs: Floats) -> Seen:
    """score(), and whether the model is about as sure of its answers as they are right.

    Halfway from chance to its accuracy is sure enough: what is trained in one range is near chance
    about inputs that are a hundred times smaller, however right.
    """
    found = score(goal, outputs, samples, inputs)
    if goal.task is not Task.CLASSES:
        return Seen(found)
    rows = outputs.reshape(len(outputs), -1).astype(np.float64)
    chance = 1 / max(2, rows.shape[1])
    return Seen(found, bool(_confidence(rows) >= (found + chance) / 2))


def _confidence(rows: npt.NDArray[np.float64]) -> float:
    """The mean probability of the answers given, of probabilities or of logits."""
    if rows.shape[1] == 1:
        rows = np.hstack([-rows, rows]) / 2 if _logits(rows) else np.hstack([1 - rows, rows])
    if _logits(rows):
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        rows = powers / powers.sum(axis=1, keepdims=True)
    return float(rows.max(axis=1).mean())


def _logits(rows: npt.NDArray[np.float64]) -> bool:
    """Whether scores cannot be probabilities; int8 ones may be a little off 1 in sum."""
    off = np.abs(rows.sum(axis=1) - 1).max() > 0.1 if rows.shape[1] > 1 else False
    return bool(off or rows.min() < -0.01 or rows.max() > 1.01)
