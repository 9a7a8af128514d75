"""Random operators on one value at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.corpus.builder import OptionValue, TensorSpec, single_op
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def _shape(r: Random) -> tuple[int, ...]:
    """256 values, most of them different ones, in any number of dimensions."""
    shape: tuple[int, ...] = r.pick((1, 256), (1, 8, 8, 4), (1, 4, 64), (256,))
    return shape


def rescaling(
    name: str, options: Callable[[Random], dict[str, OptionValue]] = lambda r: {}
) -> Callable[[Random], Graph]:
    """Two tensors of any quantization, sometimes of the same scale."""

    def case(r: Random) -> Graph:
        source = r.spec(*_shape(r))
        near = source.scale * r.scale(0.3, 3)
        scale = r.pick(None, source.scale, near, r.tie_scale(source.scale))
        output = r.spec(*source.shape, scale=scale)
        return single_op(name, inputs=[source], output=output, options=options(r))

    return case


def _curve_scale(r: Random) -> float:
    """Of int16 sometimes a power of two, or near one."""
    if not r.wide:
        return r.scale(1e-4, 1)
    power = 2.0 ** r.integer(-14, -9) * r.pick(1, 1, 1 + 6e-4, 1 + 8e-4)
    return float(np.float32(r.pick(power, r.scale(1e-7, 2.5), r.scale(1e-5, 1e-3))))


def fixed_output(name: str, scale: float, zero_point: int) -> Callable[[Random], Graph]:
    """An output whose quantization the operator prescribes."""

    def case(r: Random) -> Graph:
        source = r.spec(*_shape(r), scale=_curve_scale(r))
        wide = replace(source, scale=2**-15)
        output = wide if r.wide else TensorSpec(source.shape, scale, zero_point)
        return single_op(name, inputs=[source], output=output)

    return case


def relu6(r: Random) -> Graph:
    source = r.spec(*_shape(r))
    return single_op("RELU6", inputs=[source], output=source)


def quantize(r: Random) -> Graph:
    """Of int16 also from or to int8; and of float32."""
    if r.integer(0, 3) == 0:
        out = r.spec(*_shape(r), scale=r.scale(1e-4, 1))
        source = TensorSpec(out.shape, 0, dtype=DType.FLOAT32)
        return single_op("QUANTIZE", inputs=[source], output=out)
    if not r.wide:
        return rescaling("QUANTIZE")(r)
    types = r.pick((DType.INT16, DType.INT16), (DType.INT8, DType.INT16), (DType.INT16, DType.INT8))
    first, second = (replace(r, dtype=dtype) for dtype in types)
    source = first.spec(*_shape(r))
    output = second.spec(*source.shape)
    if r.integer(0, 1):
        same = source.scale * 2.0 ** (8 * (source.dtype.itemsize - output.dtype.itemsize))
        output = replace(output, scale=same * r.pick(1, r.scale(0.3, 3)))
    return single_op("QUANTIZE", inputs=[source], output=output)


def hard_swish(r: Random) -> Graph:
    """The output's scale is at least 1/128 of the input's."""
    source = r.spec(*_shape(r), scale=r.scale(1e-5, 5))
    scale = source.scale * r.pick(r.scale(0.0079, 400), r.scale(0.3, 3))
    output = r.spec(*source.shape, scale=scale)
    return single_op("HARD_SWISH", inputs=[source], output=output)


def alpha(r: Random) -> dict[str, OptionValue]:
    return {"alpha": r.pick(0.0, 0.1, 0.3, 1.0, -0.5, float(r.rng.uniform(-2, 2)))}


CASES: dict[str, Callable[[Random], Graph]] = {
    "ABS": rescaling("ABS"),
    "ELU": rescaling("ELU"),
    "HARD_SWISH": hard_swish,
    "LEAKY_RELU": rescaling("LEAKY_RELU", alpha),
    "LOGISTIC": fixed_output("LOGISTIC", 1 / 256, -128),
    "QUANTIZE": quantize,
    "RELU": rescaling("RELU"),
    "RELU6": relu6,
    "TANH": fixed_output("TANH", 1 / 128, 0),
}
