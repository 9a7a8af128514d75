"""Random operators between types: comparisons, truths, indices and conversions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.case_binary import pair, two_shapes
from tests.ops.case_movement import either_way, int32, random_shape
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def plain(shape: tuple[int, ...], dtype: DType) -> TensorSpec:
    """Without a scale."""
    return TensorSpec(shape, 0, dtype=dtype)


def comparison(name: str, *types: DType) -> Callable[[Random], Graph]:
    """Of values of one scale, or of two; one of them sometimes constant."""

    def case(r: Random) -> Graph:
        dtype = r.pick(*types)
        first, second = (r.spec(*shape) for shape in two_shapes(r))
        if r.pick(False, True):
            second = TensorSpec(second.shape, first.scale, first.zero_point)
        if dtype is not DType.INT8:
            first, second = (plain(t.shape, dtype) for t in (first, second))
        operands, shape = pair(r, first, second)
        if dtype is not DType.INT8:
            operands = [
                Constant(r.values(t.values.shape, dtype)) if isinstance(t, Constant) else t
                for t in operands
            ]
        return single_op(name, inputs=operands, output=plain(shape, DType.BOOL))

    return case


def logical_not(r: Random) -> Graph:
    spec = plain(random_shape(r, 5), DType.BOOL)
    return single_op("LOGICAL_NOT", inputs=[spec], output=spec)


def arg(name: str) -> Callable[[Random], Graph]:
    def case(r: Random) -> Graph:
        source = r.spec(*random_shape(r, 5))
        axis = r.integer(0, len(source.shape) - 1)
        shape = (*source.shape[:axis], *source.shape[axis + 1 :])
        index = either_way(r, axis, len(source.shape))
        return single_op(
            name,
            inputs=[source, int32(r.pick(index, [index]))],
            output=plain(shape, DType.INT32),
            options={"output_type": DType.INT32.value},
        )

    return case


def cast(r: Random) -> Graph:
    source = r.pick(DType.BOOL, DType.INT8, DType.INT16, DType.INT32)
    out = r.pick(DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
    shape = random_shape(r, 5)
    return single_op("CAST", inputs=[plain(shape, source)], output=plain(shape, out))


def select_v2(r: Random) -> Graph:
    """SELECT_V2, any operand repeated, one of the values sometimes constant."""
    dtype = r.pick(DType.INT8, DType.INT8, DType.INT16)
    shape = random_shape(r, 5)
    some = [tuple(r.pick(n, n, 1) for n in shape) for _ in range(3)]
    shapes = r.pick([shape] * 3, [shape, shape, ()], [shape, some[0], some[1]], some)
    whole = tuple(map(max, *([*(1 for _ in shape)], *(s or (1,) * len(shape) for s in shapes))))
    zero_point = 0 if dtype is DType.INT16 else r.zero_point()
    first, second = (TensorSpec(s, 0.1, zero_point, dtype) for s in shapes[1:])
    constant = Constant(r.values(second.shape, dtype), second.quant)
    return single_op(
        "SELECT_V2",
        inputs=[plain(shapes[0], DType.BOOL), first, r.pick(second, second, constant)],
        output=replace(first, shape=whole),
    )


def conversion(r: Random) -> Graph:
    """DEQUANTIZE, to float32."""
    dtype = r.pick(DType.INT8, DType.INT16)
    zero_point = r.zero_point() if dtype is DType.INT8 else 0
    source = TensorSpec(random_shape(r, 4), r.scale(1e-6, 10), zero_point, dtype)
    return single_op("DEQUANTIZE", inputs=[source], output=plain(source.shape, DType.FLOAT32))


def real(name: str) -> Callable[[Random], Graph]:
    def case(r: Random) -> Graph:
        spec = plain(random_shape(r, 5), DType.FLOAT32)
        return single_op(name, inputs=[spec], output=spec)

    return case


def _filled(r: Random) -> TensorSpec:
    dtype = r.pick(DType.INT8, DType.INT8, DType.INT32, DType.FLOAT32)
    shape = random_shape(r, 5)
    return r.spec(*shape) if dtype is DType.INT8 else plain(shape, dtype)


def fill(r: Random) -> Graph:
    out = _filled(r)
    return single_op("FILL", inputs=[int32(out.shape), replace(out, shape=())], output=out)


def zeros_like(r: Random) -> Graph:
    spec = _filled(r)
    return single_op("ZEROS_LIKE", inputs=[spec], output=spec)


_ORDERED = (DType.INT8, DType.INT8, DType.INT32)
_ANY = (*_ORDERED, DType.BOOL)

CASES: dict[str, Callable[[Random], Graph]] = {
    "ARG_MAX": arg("ARG_MAX"),
    "ARG_MIN": arg("ARG_MIN"),
    "CAST": cast,
    "DEQUANTIZE": conversion,
    "EQUAL": comparison("EQUAL", *_ANY),
    "FILL": fill,
    "GREATER": comparison("GREATER", *_ORDERED),
    "GREATER_EQUAL": comparison("GREATER_EQUAL", *_ORDERED),
    "LESS": comparison("LESS", *_ORDERED),
    "LESS_EQUAL": comparison("LESS_EQUAL", *_ORDERED),
    "LOGICAL_AND": comparison("LOGICAL_AND", DType.BOOL),
    "LOGICAL_NOT": logical_not,
    "LOGICAL_OR": comparison("LOGICAL_OR", DType.BOOL),
    "NOT_EQUAL": comparison("NOT_EQUAL", *_ANY),
    "NEG": real("NEG"),
    "SELECT_V2": select_v2,
    "SQUARE": real("SQUARE"),
    "ZEROS_LIKE": zeros_like,
}
