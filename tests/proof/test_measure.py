"""What is told of data about which a model is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus import models
from tinyforge.datasets import Samples
from tinyforge.proof.measure import warnings
from tinyforge.proof.score import Goal, Task

GRAPH = models.classifier(1)
NAMES = ("blue", "green", "red")
# What the model says of as many examples: red, green and blue were 0, 1 and 2 in its training.
SAID = np.tile([2, 1, 0], 20)


def told(labels: list[int], said: np.ndarray = SAID) -> list[str]:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(len(said), *GRAPH.input_tensors[0].shape[1:])).astype(np.float32)
    samples = Samples("x", inputs, labels=np.array(labels), classes=NAMES)
    scores = np.eye(3)[said]
    goal = Goal(Task.CLASSES)
    return [w for w in warnings(goal, samples, inputs, scores, GRAPH) if "order of classes" in w]


def test_classes_in_another_order_than_in_training_are_told() -> None:
    (warning,) = told([0, 1, 2] * 20)
    assert "As red, green, blue it would be right for 100% of the examples" in warning


@pytest.mark.parametrize("labels", [[2, 1, 0] * 20, [2, 1, 1] * 20, [0] * 20 + [1] * 20 + [2] * 20])
def test_one_that_is_right_or_wrong_without_order_is_not(labels: list[int]) -> None:
    """Right; wrong about one class, of which nothing is answered; and by chance."""
    assert told(labels) == []
