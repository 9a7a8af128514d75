"""Operators that keep a state, over sequences of inferences: NumPy and C against TFLM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ops.sequences import NAMES, Tflm, assert_equal_tflm, case

CASES = 60


@pytest.mark.parametrize("op", NAMES)
def test_sequences_equal_tflm(op: str, tmp_path: Path) -> None:
    assert_equal_tflm([case(op, seed) for seed in range(CASES)], tmp_path)


@pytest.mark.parametrize("op", NAMES)
def test_the_order_of_inferences_matters(op: str) -> None:
    """So a test of one inference at a time would not see the state."""
    graph, inputs = case(op, 5)
    forward, backward = Tflm(graph).run(inputs), Tflm(graph).run(inputs[::-1])
    assert not np.array_equal(np.stack(forward), np.stack(backward[::-1]))
