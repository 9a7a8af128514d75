"""Every operator against TensorFlow Lite Micro: NumPy model and C kernel, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ops import harness
from tests.ops.cases import CASES, NAMES, random_case
from tests.ops.sequences import SEQUENCES
from tinyforge.ops import OPS

COUNT = 60


def test_every_operator_has_cases() -> None:
    """Those with a state are tested by sequences: test_sequences.py; variables, which several
    operators have together, in models: tests/proof/test_streaming.py."""
    variables = {"ASSIGN_VARIABLE", "READ_VARIABLE"}
    assert set(CASES) | set(SEQUENCES) | variables == set(OPS)
    assert set(SEQUENCES) | variables == {op for op, known in OPS.items() if known.states}


WITHOUT_CODE = [name for name in NAMES if OPS[name.partition("/")[0]].lower is None]


@pytest.mark.parametrize("op", [name for name in NAMES if name not in WITHOUT_CODE])
def test_reference_and_kernel_equal_tflm(op: str, tmp_path: Path) -> None:
    harness.assert_equal_tflm([random_case(op, seed) for seed in range(COUNT)], tmp_path)


@pytest.mark.parametrize("op", WITHOUT_CODE)
def test_operators_without_code_leave_the_bytes_as_they_are(op: str) -> None:
    for seed in range(COUNT):
        graph, inputs = random_case(op, seed)
        (expected,) = harness.tflm(graph, inputs)
        (modelled,) = harness.reference(graph, inputs)
        label = f"{op}, seed {seed}"
        np.testing.assert_array_equal(inputs[0].reshape(expected.shape), expected, label)
        np.testing.assert_array_equal(modelled, expected, label)
