"""A model, and the data that its variants are tuned on, calibrated with and measured on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.datasets.ranges import Range
from tinyforge.datasets.samples import Samples, spread
from tinyforge.proof.measure import real_outputs
from tinyforge.proof.score import Task, chosen, score
from tinyforge.training.model import Lesson, Model, outputs
from tinyforge.training.quantize import Calibration
from tinyforge.training.runtime import quiet
from tinyforge.training.settings import Settings
from tinyforge.training.subject import Subject

_LOST = 0.01  # of the score on what is trained on, with which tuning is done

Classes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Result:
    """How right a model is about what is held out. answers: its classes (n,); None where it does
    not tell classes apart."""

    score: float
    answers: Classes | None


@dataclass(frozen=True, eq=False)
class Lab:
    """subject: the model, and what the data can tell of it. range: of its inputs. training,
    held_out: samples; the second are never tuned on. settings: of tuning."""

    subject: Subject
    range: Range
    training: Samples
    held_out: Samples
    settings: Settings
    seed: int = 0

    @cached_property
    def lesson(self) -> Lesson:
        """What to tune on. ForgeError where there is nothing to learn."""
        self.subject.require_lesson()
        return self.subject.lesson(self.training, self.training.real(self.range))

    def loss(self, model: Model) -> Any:
        """What to tune a model with that was made of the subject's, of that model's library."""
        return replace(self.subject, model=model).learned()[0]

    @property
    def calibration(self) -> Calibration:
        """Some of the training samples, as the model takes them."""
        few = spread(self.training, self.settings.calibration, self.seed)
        return few.real(self.range)

    @cached_property
    def inputs(self) -> Calibration:
        """What is held out, as the model takes it."""
        return self.held_out.real(self.range)

    @cached_property
    def _wanted(self) -> float:
        return self.subject.score(self.training, self.lesson.inputs) - _LOST

    def settled(self, model: Model) -> bool:
        """Whether a tuned model is as good on what it is tuned on as the one it was made of."""
        found = replace(self.subject, model=model).score(self.training, self.lesson.inputs)
        return found >= self._wanted

    def of_float(self, model: Model) -> Result | None:
        """How right a Keras model is. None where the data does not say what is right."""
        if self.subject.goal is None:
            return None
        with quiet():
            return self._result(outputs(model, self.inputs, self.subject.head))

    def of_int8(self, model: bytes) -> Result | None:
        """How right an int8 .tflite model is, by TensorFlow Lite Micro itself; likewise."""
        if self.subject.goal is None:
            return None
        graph = tflite.read(model)
        return self._result(real_outputs(model, graph, self.inputs, self.subject.head))

    def _result(self, found: npt.NDArray[np.floating]) -> Result:
        goal = self.subject.goal
        assert goal is not None
        rows = found.reshape(len(found), -1)
        answers = chosen(goal, rows) if goal.task is Task.CLASSES else None
        return Result(score(goal, rows, self.held_out, self.inputs), answers)
