"""What a smaller model learns from the larger one: its answers, beside the right ones.

Cross-entropy is linear in its targets, so half of each loss is the loss of half of each target;
for squared errors the gradients are the same too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.training.model import Lesson, Model, gives_logits, outputs
from tinyforge.training.runtime import library_of, quiet

_TEACHER = 0.5  # the share of its answers


def taught(teacher: Model, training: Lesson, loss: Any) -> tuple[Lesson, Any]:
    """The lesson with targets half of the teacher's, and the loss for these.

    loss: what the teacher's own targets are measured with; class numbers become one-hot.
    """
    kind = type(loss).__name__
    with quiet():
        answers = outputs(teacher, training.inputs)
    if "Crossentropy" in kind and gives_logits(teacher):
        answers = _probabilities(answers)
    targets = training.targets
    if kind == "SparseCategoricalCrossentropy":
        targets = np.eye(answers.shape[-1], dtype=np.float32)[targets]
        loss = library_of(teacher).losses.CategoricalCrossentropy(from_logits=gives_logits(teacher))
    targets = targets.reshape(answers.shape).astype(np.float32)
    return Lesson(training.inputs, (1 - _TEACHER) * targets + _TEACHER * answers), loss


def _probabilities(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of one number, or of a class each."""
    if logits.shape[-1] == 1:
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
