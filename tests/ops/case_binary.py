"""Random operators on pairs of values: shapes that broadcast, either operand constant."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus.builder import Constant, OptionValue, TensorSpec, single_op
from tests.ops.draw import Random
from tinyforge.graph import Graph


def _shapes(r: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes of up to four dimensions, the second of them mostly the one that is repeated."""
    rank = r.pick(4, 4, 4, 3, 2, 1)
    shape = [1, r.integer(1, 5), r.integer(1, 5), r.integer(1, 9)][-rank:]
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


def _pair(
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
    natural: Callable[[float, float], float],
    options: Callable[[Random], dict[str, OptionValue]],
) -> Callable[[Random], Graph]:
    """Three tensors of any quantization; the output's scale is often near its natural one."""

    def case(r: Random) -> Graph:
        first, second = (r.spec(*shape) for shape in _shapes(r))
        operands, shape = _pair(r, first, second)
        usual = natural(first.scale, second.scale)
        scale = r.pick(r.scale(), r.scale(usual / 4, usual * 4))
        return single_op(
            name, inputs=operands, output=r.spec(*shape, scale=scale), options=options(r)
        )

    return case


def sum_scale(first: float, second: float) -> float:
    return first + second


def product_scale(first: float, second: float) -> float:
    return 128 * first * second


def square_scale(first: float, second: float) -> float:
    return 255 * max(first, second) ** 2


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
        first, second = (TensorSpec(shape, scale, zero_point) for shape in _shapes(r))
        operands, shape = _pair(r, first, second)
        return single_op(name, inputs=operands, output=TensorSpec(shape, scale, zero_point))

    return case


def prelu(r: Random) -> Graph:
    """The slope does not lead: it is repeated, a constant as a rule."""
    source = r.spec(1, r.integer(1, 5), r.integer(1, 5), r.integer(1, 9))
    channels = source.shape[3:]
    slope = r.spec(*r.pick((1, 1, *channels), channels, source.shape, (1,)))
    constant = Constant(r.values(slope.shape), slope.quant)
    inputs = [source, r.pick(constant, constant, slope)]
    return single_op("PRELU", inputs=inputs, output=r.spec(*source.shape))


CASES: dict[str, Callable[[Random], Graph]] = {
    "ADD": rescaling("ADD", sum_scale, activation_and_int16),
    "MAXIMUM": comparing("MAXIMUM"),
    "MINIMUM": comparing("MINIMUM"),
    "MUL": rescaling("MUL", product_scale, activation),
    "PRELU": prelu,
    "SQUARED_DIFFERENCE": rescaling("SQUARED_DIFFERENCE", square_scale, no_options),
    "SUB": rescaling("SUB", sum_scale, activation_and_int16),
}
