"""Random operators on pairs of values: shapes that broadcast, either operand constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.corpus.builder import Constant, OptionValue, TensorSpec, single_op
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def two_shapes(r: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes of up to five dimensions, the second of them mostly the one that is repeated."""
    rank = r.pick(5, 4, 4, 4, 3, 2, 1)
    shape = [1, r.integer(1, 3), r.integer(1, 5), r.integer(1, 5), r.integer(1, 9)][-rank:]
    if rank == 4:
        shape[0] = 1
    first, second = list(shape), list(shape)
    match r.integer(0, 4):
        case 0:  # a value a channel
            second = [1] * r.integer(0, rank - 1) + shape[-1:]
        case 1:  # one value
            second = [1] * r.integer(1, rank)
        case 2:  # a value a row and column
            second = [*shape[:-1], 1]
        case 3:  # any dimension of either
            first, second = ([r.pick(n, n, 1) for n in shape] for _ in range(2))
        case _:  # nothing
            pass
    return tuple(first), tuple(second)


def pair(
    r: Random, first: TensorSpec, second: TensorSpec
) -> tuple[list[TensorSpec | Constant], tuple[int, ...]]:
    """Both in either order, the second sometimes constant; the shape that they broadcast to."""
    rank = max(len(first.shape), len(second.shape))
    padded = ((1,) * (rank - len(s.shape)) + s.shape for s in (first, second))
    shape = tuple(max(sizes) for sizes in zip(*padded, strict=True))
    operand = Constant(r.values(second.shape), second.quant) if r.integer(0, 2) == 0 else second
    return [first, operand] if r.integer(0, 1) else [operand, first], shape


def rescaling(
    name: str,
    unit: Callable[[float, float], float],
    reach: int,
    options: Callable[[Random], dict[str, OptionValue]],
) -> Callable[[Random], Graph]:
    """Three tensors of any quantization, two of them sometimes of the same scale.

    unit: of two input scales, that at which results are whole numbers; reach: the output's usual
    scale in units, for which results just fill int8.
    """

    def case(r: Random) -> Graph:
        shapes = two_shapes(r)
        first = r.spec(*shapes[0])
        second = r.spec(*shapes[1], scale=r.pick(None, first.scale))
        operands, shape = pair(r, first, second)
        one = unit(first.scale, second.scale)
        full = reach if unit is max else r.reach(reach)
        scale = r.scale(one * full / 4, one * full * 4)
        if not r.wide or unit is max:  # else products would overflow
            scale = r.pick(None, scale, r.tie_scale(one))
        return single_op(
            name, inputs=operands, output=r.spec(*shape, scale=scale), options=options(r)
        )

    return case


def product(first: float, second: float) -> float:
    return first * second


def square(first: float, second: float) -> float:
    return max(first, second) ** 2


def activation(r: Random) -> dict[str, OptionValue]:
    return {"fused_activation_function": r.activation()}


def activation_and_int16(r: Random) -> dict[str, OptionValue]:
    """As the converter writes it; the second only matters to int16."""
    return activation(r) | {"pot_scale_int16": False}


def no_options(r: Random) -> dict[str, OptionValue]:
    return {}


def comparing(name: str) -> Callable[[Random], Graph]:
    """Three tensors of one quantization."""

    def case(r: Random) -> Graph:
        scale, zero_point = r.scale(), r.zero_point()
        first, second = (TensorSpec(shape, scale, zero_point, r.dtype) for shape in two_shapes(r))
        operands, shape = pair(r, first, second)
        return single_op(name, inputs=operands, output=replace(first, shape=shape))

    return case


def prelu(r: Random) -> Graph:
    """The slope does not lead: it is repeated, a constant as a rule."""
    source = r.spec(1, r.integer(1, 5), r.integer(1, 5), r.integer(1, 9))
    channels = source.shape[3:]
    narrow = replace(r, dtype=DType.INT8)
    slope = narrow.spec(*r.pick((1, 1, *channels), channels, source.shape, (1,)))
    constant = Constant(narrow.values(slope.shape), slope.quant)
    unit = source.scale * r.pick(1, slope.scale)
    output = r.spec(*source.shape, scale=r.pick(None, r.tie_scale(unit)))
    return single_op("PRELU", inputs=[source, r.pick(constant, constant, slope)], output=output)


CASES: dict[str, Callable[[Random], Graph]] = {
    "ADD": rescaling("ADD", max, 2, activation_and_int16),
    "MAXIMUM": comparing("MAXIMUM"),
    "MINIMUM": comparing("MINIMUM"),
    "MUL": rescaling("MUL", product, 128, activation),
    "PRELU": prelu,
    "SQUARED_DIFFERENCE": rescaling("SQUARED_DIFFERENCE", square, 255, no_options),
    "SUB": rescaling("SUB", max, 2, activation_and_int16),
}
