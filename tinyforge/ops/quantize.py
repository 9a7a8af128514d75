"""QUANTIZE between int8 and int16, or within either: another scale for the same values; and of
float32 between layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Values, output, tensor
from tinyforge.ops.elementwise import unary
from tinyforge.ops.fixed_point import Int, requantize
from tinyforge.ops.quantization import saturated, scale_factor
from tinyforge.ops.real import check_conversion, conversion_kernel, is_real, quantized
from tinyforge.ops.rescaling import rescaling


def function(graph: Graph, op: Operator, x: Int) -> Values:
    """Source: reference_ops::Requantize."""
    source, out = tensor(graph, op, 0), output(graph, op)
    value = requantize(x - source.zero_point, *scale_factor(graph, op)) + out.zero_point
    return saturated(value, out)


def _wide(graph: Graph, op: Operator) -> Kernel:
    return rescaling(graph, op, scale_factor(graph, op))


_RESCALES = unary("QUANTIZE", function, _wide, retypes=True)


def check(graph: Graph, op: Operator) -> None:
    if op.inputs and is_real(tensor(graph, op, 0)):
        check_conversion(graph, op)
    else:
        _RESCALES.check(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    if is_real(tensor(graph, op, 0)):
        return quantized(inputs[0], output(graph, op))
    (found,) = _RESCALES.outputs(graph, op, inputs)
    return found


def lower(graph: Graph, op: Operator) -> Kernel:
    if is_real(tensor(graph, op, 0)):
        return conversion_kernel(graph, op, "quantize", output(graph, op))
    assert _RESCALES.lower is not None
    return _RESCALES.lower(graph, op)


OP = replace(_RESCALES, check=check, reference=reference, lower=lower, typed=True)
