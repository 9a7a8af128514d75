"""Scores to answers, and TensorFlow Lite Micro's own answers."""

import numpy as np
import pytest

from tinyforge.datasets import Dataset
from tinyforge.training.accuracy import answers, balanced_accuracy


def test_one_output_means_the_second_class_from_one_half() -> None:
    floats = np.array([[0.0], [0.49], [0.5], [1.0]], np.float32)
    assert answers(floats).tolist() == [0, 0, 1, 1]
    assert answers(np.array([[-128], [-1], [0], [127]], np.int8)).tolist() == [0, 0, 1, 1]


def test_more_outputs_mean_the_largest_of_equals_the_first() -> None:
    assert answers(np.array([[1, 3, 2], [5, 5, 4]], np.int8)).tolist() == [1, 0]


def test_balanced_accuracy_counts_a_rare_class_fully() -> None:
    labels = np.array([0] * 98 + [1] * 2)
    assert balanced_accuracy(np.zeros(100, np.int64), labels) == 0.5
    found = labels.copy()
    found[-1] = 0
    assert balanced_accuracy(found, labels) == pytest.approx(0.75)


def test_an_empty_difference_is_perfect() -> None:
    data = Dataset(np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 1, 0]), ("a", "b"))
    assert balanced_accuracy(data.labels, data.labels) == 1
