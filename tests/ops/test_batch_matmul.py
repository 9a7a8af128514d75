"""What BATCH_MATMUL refuses, and the largest accumulators."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import harness
from tests.ops.refusals import accepted, refused
from tinyforge.graph import Graph


def batch_matmul(
    first: tuple[int, ...],
    second: tuple[int, ...],
    out: tuple[int, ...],
    *,
    adj_x: bool = False,
    adj_y: bool = False,
    scale: float = 1.0,
    zero_point: int = 0,
) -> Graph:
    return single_op(
        "BATCH_MATMUL",
        inputs=[TensorSpec(shape, scale, zero_point) for shape in (first, second)],
        output=TensorSpec(out, 2.0**25),
        options={"adj_x": adj_x, "adj_y": adj_y},
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    accepted(batch_matmul((1, 2, 3), (1, 3, 4), (1, 2, 4)))
    accepted(batch_matmul((1, 3, 2), (1, 4, 3), (1, 2, 4), adj_x=True, adj_y=True))
    accepted(batch_matmul((5, 2, 3), (3, 4), (5, 2, 4)))
    refused(batch_matmul((1, 2, 3), (1, 4, 3), (1, 2, 4)), "does not give")
    refused(batch_matmul((1, 2, 3), (1, 3, 4), (1, 4, 2)), "does not give")
    refused(batch_matmul((2, 2, 3), (3, 3, 4), (3, 2, 4)), "does not give")
    refused(batch_matmul((3,), (3, 4), (4,)), "needs 2 to 5 dimensions")
    refused(batch_matmul((1,) * 4 + (2, 3), (3, 4), (1,) * 4 + (2, 4)), "needs 2 to 5 dimensions")


def test_what_no_kernel_can_compute_is_refused() -> None:
    refused(batch_matmul((1, 2, 3), (1, 3, 4), (1, 2, 4), scale=2.0**28), "scale is too small")
    refused(batch_matmul((1, 33026), (33026, 1), (1, 1)), "overflow 32 bits")


def test_the_largest_accumulators_equal_tflm(tmp_path: Path) -> None:
    graphs = [batch_matmul((1, 33025), (33025, 1), (1, 1), zero_point=z) for z in (-128, 127)]
    cases = [
        (graph, [np.full(graph.tensors[t].shape, value, np.int8) for t in graph.inputs])
        for graph, value in zip(graphs, (127, -128), strict=True)
    ]
    for (found,) in harness.assert_equal_tflm(cases, tmp_path):
        assert found.tolist() == [[64]]  # nearly 2**31 / 2**25
