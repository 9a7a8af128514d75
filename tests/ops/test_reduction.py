"""What the reductions refuse, and the sums at the ends of their range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness
from tests.ops.draw import Random
from tests.ops.refusals import accepted, refused
from tinyforge.graph import DType, Graph
from tinyforge.ops.base import INT8_OR_INT16

SUMS = ("MEAN", "SUM")
EXTREMES = ("REDUCE_MAX", "REDUCE_MIN")


def reduction(
    name: str,
    shape: tuple[int, ...],
    axes: list[int] | TensorSpec,
    out: tuple[int, ...],
    *,
    scales: tuple[float, float] = (0.1, 0.1),
    keep_dims: bool = False,
    dtype: type = np.int32,
    of: DType = DType.INT8,
) -> Graph:
    zero_point = 3 if of is DType.INT8 else 0
    return single_op(
        name,
        inputs=[
            TensorSpec(shape, scales[0], zero_point, of),
            axes if isinstance(axes, TensorSpec) else Constant(np.array(axes, dtype)),
        ],
        output=TensorSpec(out, scales[1], zero_point, of),
        options={"keep_dims": keep_dims},
    )


@pytest.mark.parametrize("name", SUMS + EXTREMES)
def test_geometry_that_no_kernel_has_is_refused(name: str) -> None:
    shape = (1, 4, 5, 6)
    accepted(reduction(name, shape, [1, 2], (1, 6)))
    accepted(reduction(name, shape, [-3, -2, 1], (1, 1, 1, 6), keep_dims=True))
    refused(reduction(name, shape, [1, 4], (1, 6)), "outside 4 dimensions")
    refused(reduction(name, shape, [1, -5], (1, 6)), "outside 4 dimensions")
    refused(reduction(name, shape, [1, 2], (1, 6), keep_dims=True), "does not give")
    refused(reduction(name, shape, [1, 2], (6, 1)), "does not give")
    refused(reduction(name, shape, [1, 2], (1, 6), dtype=np.int64), "int64")
    refused(reduction(name, shape, TensorSpec((2,), 1.0), (1, 6)), "constant axes")
    refused(reduction(name, (2, 3, 2, 3, 2), [0, 2, 4], (3, 3)), "more than 2 separate runs")


@pytest.mark.parametrize("name", SUMS)
def test_sums_that_overflow_are_refused(name: str) -> None:
    accepted(reduction(name, (1, 4096, 2056), [1, 2], (1,)))
    refused(reduction(name, (1, 4096, 2057), [1, 2], (1,)), "overflow 32 bits")
    refused(reduction(name, (1, 2), [1], (1,), scales=(2.0**31, 1.0)), "scale is too small")
    accepted(reduction(name, (1, 65535), [1], (1,), of=DType.INT16))
    refused(reduction(name, (1, 65536), [1], (1,), of=DType.INT16), "overflow 32 bits")


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_that_rescale_are_refused(name: str) -> None:
    refused(reduction(name, (1, 4), [1], (1,), scales=(0.1, 0.2)), "cannot rescale")


@pytest.mark.parametrize("of", INT8_OR_INT16)
@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("ratio", [2.0**-33, 2.0**-31, 2.0**-30, 2.0**-3, 1.0, 2.0**20])
def test_every_magnitude_equals_tflm(name: str, ratio: float, of: DType, tmp_path: Path) -> None:
    """Where the interpreter limits the shift of a MEAN, and where the factor rounds to nothing."""
    graphs = [
        reduction(name, (1, n), [1], (1,), scales=(1.0, 1 / ratio), of=of)
        for n in (1, 2, 3, 1000, 4097)
    ]
    info = np.iinfo(of.numpy)
    cases = [
        (graph, [np.full(graph.tensors[graph.inputs[0]].shape, value, info.dtype)])
        for graph in graphs
        for value in (info.min, info.max)
    ]
    harness.assert_equal_tflm(cases, tmp_path)


@pytest.mark.parametrize("of", INT8_OR_INT16)
@pytest.mark.parametrize("name", SUMS)
def test_sums_of_rows_as_they_come_equal_tflm(name: str, of: DType, tmp_path: Path) -> None:
    r = Random(np.random.default_rng([2, *name.encode()]), of)
    cases = []
    for _ in range(40):
        shape = (1, r.integer(2, 9), r.integer(1, 9), r.integer(1, 9))
        keep = bool(r.integer(0, 1))
        out = (1, 1, 1, shape[3]) if keep else (1, shape[3])
        scales = (r.scale(), r.scale())
        axes = r.pick([1, 2], [-2, 1])
        graph = reduction(name, shape, axes, out, scales=scales, keep_dims=keep, of=of)
        cases.append((graph, shape[1], r.values(shape)))
    harness.assert_rows_equal_tflm(cases, tmp_path)


def test_other_sums_do_not_take_rows() -> None:
    image = reduction("MEAN", (1, 4, 5, 6), [1, 2], (1, 6))
    assert harness.by_rows(image, 4) is not None
    for rows in (1, 2, 5):
        assert harness.by_rows(image, rows) is None
    for axes, out in (([1], (1, 5, 6)), ([2], (1, 4, 6)), ([1, 2, 3], (1,)), ([3], (1, 4, 5))):
        assert harness.by_rows(reduction("MEAN", (1, 4, 5, 6), axes, out), 4) is None
    assert harness.by_rows(reduction("MEAN", (1, 4, 5), [1, 2], (1,)), 4) is None
