"""float32 values between integer layers, where rounding and range are odd; what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import harness
from tests.ops.case_plain import plain
from tests.ops.refusals import accepted, refused
from tinyforge.graph import DType, Graph

ODD = np.array(
    [0.5, -0.5, 1.5, -1.5, 0.49999997, -0.49999997, 8388607.5, -8388608.0, 2147483520.0,
     2147483648.0, -2147483648.0, -2147483904.0, 1e30, -1e30, np.inf, -np.inf, np.nan, -0.0,
     1e-40, 126.5],
    np.float32,
)  # fmt: skip


def quantize(scale: float, zero_point: int, dtype: DType = DType.INT8) -> Graph:
    out = TensorSpec(ODD.shape, scale, zero_point, dtype)
    return single_op("QUANTIZE", inputs=[plain(ODD.shape, DType.FLOAT32)], output=out)


@pytest.mark.parametrize("scale", [1.0, 0.1, 3e-5])
def test_odd_values_are_quantized_as_in_tflm(scale: float, tmp_path: Path) -> None:
    """Halves, the ends of 32 bits and beyond: they wrap, as on the interpreter's x86-64."""
    graphs = [quantize(scale, z) for z in (-128, 0, 127)] + [quantize(scale, 0, DType.INT16)]
    harness.assert_equal_tflm([(graph, [ODD * np.float32(scale)]) for graph in graphs], tmp_path)


def test_every_value_is_dequantized_as_in_tflm(tmp_path: Path) -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    cases = []
    for scale in (0.1, 1e-7, 3.3e5):
        for dtype, values in ((DType.INT8, every[-128:].astype(np.int8)), (DType.INT16, every)):
            zero_point = 0 if dtype is DType.INT16 else -7
            source = TensorSpec(values.shape, scale, zero_point, dtype)
            out = plain(values.shape, DType.FLOAT32)
            cases.append((single_op("DEQUANTIZE", inputs=[source], output=out), [values]))
    harness.assert_equal_tflm(cases, tmp_path)


def test_other_types_are_refused() -> None:
    x, real = TensorSpec((4,), 0.1), plain((4,), DType.FLOAT32)
    accepted(single_op("DEQUANTIZE", inputs=[x], output=real))
    refused(single_op("DEQUANTIZE", inputs=[x], output=x), "needs float32")
    refused(single_op("DEQUANTIZE", inputs=[real], output=real), "needs int8 or int16")
    refused(single_op("QUANTIZE", inputs=[real], output=real), "needs int8 or int16")
    refused(single_op("DEQUANTIZE", inputs=[x], output=replace(real, shape=(2, 2))), "output is")
    accepted(single_op("NEG", inputs=[real], output=real))
    refused(single_op("NEG", inputs=[x], output=x), "needs float32")
