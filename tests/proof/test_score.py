"""How right and how sure: by hand."""

import numpy as np
import pytest

from tinyforge.datasets import Samples
from tinyforge.proof.score import Goal, Task, goal_of, score, seen

X = np.zeros((4, 2, 3), np.float32)
LABELS = np.array([0, 1, 2, 1])
LABELLED = Samples("x", X, labels=LABELS, targets=LABELS.astype(np.float32))
SCORES = np.array([[8, 1, 1], [1, 8, 1], [1, 8, 1], [1, 8, 1]]) / 10
CLASSES = Goal(Task.CLASSES)


def test_classes_are_counted() -> None:
    assert goal_of(LABELLED, (3,)) == CLASSES
    assert score(CLASSES, SCORES, LABELLED, X) == 0.75
    one = np.array([[0.2], [0.6], [0.7], [0.1]])
    assert score(CLASSES, one, Samples("x", X, labels=np.array([0, 1, 1, 1])), X) == 0.75
    logits = Goal(Task.CLASSES, 0.0)
    assert score(logits, one - 0.5, Samples("x", X, labels=np.array([0, 1, 1, 1])), X) == 0.75


def test_values_are_compared_with_their_spread() -> None:
    assert goal_of(LABELLED, (1,), logit=True) == Goal(Task.VALUES)
    assert goal_of(LABELLED, (3,), regression=True) == CLASSES  # one target, three outputs
    goal = Goal(Task.VALUES)
    truth = LABELS.astype(float)[:, None]
    assert score(goal, truth, LABELLED, X) == 1
    assert score(goal, np.full((4, 1), 1.0), LABELLED, X) == 0  # the mean
    assert score(goal, truth + 1, LABELLED, X) == 1 - 4 / 2


def test_an_autoencoder_is_compared_with_its_input() -> None:
    bare = Samples("x", X)
    assert goal_of(bare, (2, 3)) == Goal(Task.INPUTS)
    assert goal_of(bare, (3,)) is None
    inputs = np.arange(24.0).reshape(4, 2, 3)
    assert score(Goal(Task.INPUTS), inputs, bare, inputs) == 1


@pytest.mark.parametrize(
    ("outputs", "sure"),
    [
        (SCORES, True),
        (np.array([[0.34, 0.33, 0.33]] * 4), True),  # right in one of four: it says so
        (np.eye(3)[LABELS] * 0.02 + 0.98 / 3, False),
        (np.eye(3)[LABELS] * 0.05, False),  # logits
        (np.eye(3)[LABELS] * 9, True),
    ],
)
def test_a_model_is_as_sure_as_it_is_right(outputs: np.ndarray, sure: bool) -> None:
    assert seen(CLASSES, outputs, LABELLED, X).sure is sure


def test_one_output_is_sure_far_from_one_half() -> None:
    labelled = Samples("x", X, labels=np.array([0, 1, 1, 0]))
    answers = np.array([[-1], [1], [1], [-1]])
    assert seen(CLASSES, 0.5 + answers * 0.4, labelled, X).sure
    assert not seen(CLASSES, 0.5 + answers * 0.02, labelled, X).sure
    assert seen(Goal(Task.CLASSES, 0.0), answers * 6.0, labelled, X).sure
