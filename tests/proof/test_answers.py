"""From outputs to answers and shares of right ones, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tinyforge.graph import DType, Quant, Tensor
from tinyforge.proof.answers import accuracy, answers, balanced_accuracy


def output(size: int, scale: float = 1 / 256, zero_point: int = -128) -> Tensor:
    return Tensor(0, "out", (1, size), DType.INT8, Quant((scale,), (zero_point,)))


def test_the_largest_output_is_the_class_and_the_first_of_equals() -> None:
    outputs = np.array([[1, 2, 3], [127, -128, 127], [-128, -128, -128], [0, 5, 5]], np.int8)
    assert answers(outputs, output(3)).tolist() == [2, 0, 0, 1]


def test_one_output_is_a_probability() -> None:
    # 1/256 * (0 + 128) is one half.
    outputs = np.array([[-128], [-1], [0], [127]], np.int8)
    assert answers(outputs, output(1)).tolist() == [0, 0, 1, 1]
    assert answers(outputs, output(1, 0.25, -2)).tolist() == [0, 0, 1, 1]
    assert answers(outputs, output(1, 0.25, -3)).tolist() == [0, 1, 1, 1]


def test_accuracy_is_the_share_of_right_answers() -> None:
    outputs = np.array([[1, 2], [2, 1], [3, 1], [0, 9]], np.int8)
    assert accuracy(outputs, output(2), np.array([1, 0, 1, 1])) == 0.75
    assert accuracy(outputs, output(2), np.array([0, 1, 1, 0])) == 0.0


def test_balanced_accuracy_counts_every_class_alike() -> None:
    found = np.array([0] * 9 + [1])
    labels = np.array([0] * 8 + [1, 1])
    assert balanced_accuracy(found, labels) == pytest.approx((8 / 8 + 1 / 2) / 2)


def test_real_scores_follow_the_same_rule() -> None:
    scores = np.array([[0.0], [0.49], [0.5], [1.0]], np.float32)
    assert answers(scores).tolist() == [0, 0, 1, 1]
    assert answers(np.array([[0.2, 0.4, 0.4]], np.float32)).tolist() == [1]
