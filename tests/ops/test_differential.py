"""Every operator against TensorFlow Lite Micro: NumPy model and C kernel, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ops import harness
from tests.ops.cases import CASES, random_case
from tinyforge.ops import OPS

COUNT = 60


def test_every_operator_has_cases() -> None:
    assert set(CASES) | {"RESHAPE"} == set(OPS)


@pytest.mark.parametrize("op", CASES)
def test_reference_and_kernel_equal_tflm(op: str, tmp_path: Path) -> None:
    cases = [random_case(op, seed) for seed in range(COUNT)]
    library = harness.compiled([graph for graph, _ in cases], tmp_path)
    for seed, (graph, inputs) in enumerate(cases):
        expected = harness.tflm(graph, inputs)
        shape = graph.tensors[graph.outputs[0]].shape
        label = f"{op}, seed {seed}"
        np.testing.assert_array_equal(
            harness.reference(graph, inputs), expected.reshape(shape), label
        )
        actual = harness.run_compiled(library, seed, graph, inputs)
        np.testing.assert_array_equal(actual, expected.reshape(shape), label)
