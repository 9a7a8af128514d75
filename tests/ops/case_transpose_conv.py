"""Random transposed convolutions: kernels smaller and larger than their strides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.corpus.builder import Constant, single_op
from tests.ops.draw import SAME, VALID, Random
from tinyforge.graph import Graph


def _output_size(r: Random, size: int, kernel: int, stride: int, padding: int) -> int:
    """A size that a convolution with this window turns into the given one."""
    if padding == SAME:
        return r.integer((size - 1) * stride + 1, size * stride)
    return (size - 1) * stride + kernel + r.integer(0, stride - 1)


def transpose_conv(r: Random) -> Graph:
    height, width, channels, out = (
        r.integer(1, 6),
        r.integer(1, 6),
        r.integer(1, 9),
        r.integer(1, 9),
    )
    kernel, stride = (r.integer(1, 5), r.integer(1, 5)), (r.integer(1, 3), r.integer(1, 3))
    padding = r.pick(SAME, VALID)
    pictures = r.pick(1, 1, 1, 2, 3)
    source = r.spec(pictures, height, width, channels)
    weights = r.weights((out, *kernel, channels), 0)
    bias = r.bias(source, weights, out)
    shape = (
        pictures,
        _output_size(r, height, kernel[0], stride[0], padding),
        _output_size(r, width, kernel[1], stride[1], padding),
        out,
    )
    inputs = [Constant(np.array(shape, np.int32)), weights, source, bias]
    return single_op(
        "TRANSPOSE_CONV",
        inputs=inputs[:3] if bias is None and r.integer(0, 1) else inputs,
        output=r.spec(*shape),
        options={
            "padding": padding,
            "stride_h": stride[0],
            "stride_w": stride[1],
            "fused_activation_function": r.activation(),
        },
    )


CASES: dict[str, Callable[[Random], Graph]] = {"TRANSPOSE_CONV": transpose_conv}
