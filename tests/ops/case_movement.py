"""Random operators that move values and do not change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.draw import Random
from tinyforge.graph import Graph


def int32(values: object) -> Constant:
    return Constant(np.asarray(values, np.int32))


def random_shape(r: Random, most_rank: int) -> tuple[int, ...]:
    """One to so many dimensions; often an image."""
    if r.integer(0, 1) and most_rank >= 4:
        return (1, *(r.integer(1, 7) for _ in range(3)))
    rank = r.integer(1, most_rank)
    return tuple(r.integer(1, 7 if rank < 4 else 4) for _ in range(rank))


def either_way(r: Random, axis: int, rank: int) -> int:
    """An axis, counted from the front or from the back."""
    return int(r.pick(axis, axis - rank))


def pad(r: Random) -> Graph:
    """PAD; few dimensions are padded, as in models, or all of them."""
    source = r.spec(*random_shape(r, 5))
    often = r.pick(0, 1, 3)
    amounts = [[r.pick(*[0] * often, r.integer(0, 3)) for _ in range(2)] for _ in source.shape]
    shape = tuple(n + sum(pair) for n, pair in zip(source.shape, amounts, strict=True))
    out = replace(source, shape=shape)
    return single_op("PAD", inputs=[source, int32(amounts)], output=out)


def padv2(r: Random) -> Graph:
    """PADV2: as PAD, with a value for the padding, a scalar or of one dimension."""
    without = pad(r)
    source, amounts, out = without.tensors
    value = Constant(r.values(r.pick((), (1,))), out.quant)
    return single_op(
        "PADV2",
        inputs=[
            TensorSpec(source.shape, source.scale, source.zero_point, source.dtype),
            int32(amounts.data),
            value,
        ],
        output=TensorSpec(out.shape, out.scale, out.zero_point, out.dtype),
    )


def transpose(r: Random) -> Graph:
    source = r.spec(*random_shape(r, 5))
    permutation = r.rng.permutation(len(source.shape))
    shape = tuple(source.shape[d] for d in permutation)
    return single_op(
        "TRANSPOSE",
        inputs=[source, int32(permutation)],
        output=replace(source, shape=shape),
    )


def slice_(r: Random) -> Graph:
    """SLICE, some of its sizes -1: all that follows."""
    source = r.spec(*random_shape(r, 5))
    begin = [r.integer(0, n - 1) for n in source.shape]
    shape = [r.integer(1, n - b) for n, b in zip(source.shape, begin, strict=True)]
    size = [
        r.pick(s, -1) if b + s == n else s
        for n, b, s in zip(source.shape, begin, shape, strict=True)
    ]
    return single_op(
        "SLICE",
        inputs=[source, int32(begin), int32(size)],
        output=replace(source, shape=tuple(shape)),
    )


def _one_dimension(r: Random, size: int) -> tuple[int, int, int, range]:
    """begin, end, stride, and the indices they take: at least one. Ends may lie outside."""
    while True:
        begin, end = r.integer(-size - 2, size + 2), r.integer(-size - 2, size + 2)
        stride = r.pick(1, 1, 2, 3, -1, -2)
        taken = range(*slice(begin, end, stride).indices(size))
        if taken:
            return begin, end, stride, taken


def strided_slice(r: Random) -> Graph:
    """STRIDED_SLICE: open ends by mask, strides of either sign, dimensions that vanish."""
    source = r.spec(*random_shape(r, 4))
    begins, ends, strides, shape = [], [], [], []
    masks = {"begin_mask": 0, "end_mask": 0, "shrink_axis_mask": 0}
    for d, size in enumerate(source.shape):
        begin, end, stride, taken = _one_dimension(r, size)
        kind = r.integer(0, 4)
        if kind == 0:
            begin, stride = r.integer(-size, size - 1), r.pick(1, 2)
            masks["shrink_axis_mask"] |= 1 << d
        else:
            if kind == 1:
                masks["begin_mask"] |= 1 << d
                end = size if stride > 0 else -size - 1
            if kind == 2:
                masks["end_mask"] |= 1 << d
                begin = taken[0]
            first, last = None if kind == 1 else begin, None if kind == 2 else end
            shape.append(len(range(*slice(first, last, stride).indices(size))))
        begins.append(begin)
        ends.append(end)
        strides.append(stride)
    return single_op(
        "STRIDED_SLICE",
        inputs=[source, int32(begins), int32(ends), int32(strides)],
        output=replace(source, shape=tuple(shape)),
        options=masks,
    )


def blocks(name: str) -> Callable[[Random], Graph]:
    """SPACE_TO_DEPTH or DEPTH_TO_SPACE."""

    def case(r: Random) -> Graph:
        block, batch = r.integer(1, 3), r.integer(1, 2)
        height, width, channels = (r.integer(1, 4) for _ in range(3))
        wide = (batch, height * block, width * block, channels)
        deep = (batch, height, width, channels * block * block)
        source, out = (wide, deep) if name == "SPACE_TO_DEPTH" else (deep, wide)
        spec = r.spec(*source)
        return single_op(
            name,
            inputs=[spec],
            output=replace(spec, shape=out),
            options={"block_size": block},
        )

    return case


def resize_nearest_neighbor(r: Random) -> Graph:
    source = r.spec(r.pick(1, 1, 1, 2, 3), r.integer(1, 9), r.integer(1, 9), r.integer(1, 9))
    size = r.integer(1, 24), r.integer(1, 24)
    shape = (source.shape[0], *size, source.shape[3])
    return single_op(
        "RESIZE_NEAREST_NEIGHBOR",
        inputs=[source, int32(size)],
        output=replace(source, shape=shape),
        options={"align_corners": r.pick(False, True), "half_pixel_centers": r.pick(False, True)},
    )


def _parts(
    r: Random, shapes: list[tuple[int, ...]], spec: TensorSpec
) -> list[TensorSpec | Constant]:
    """Operands of one quantization, the last of several perhaps constant."""
    found: list[TensorSpec | Constant] = [replace(spec, shape=shape) for shape in shapes]
    if len(found) > 1 and r.integer(0, 3) == 0:
        found[-1] = Constant(r.values(shapes[-1]), spec.quant)
    return found


def concatenation(r: Random) -> Graph:
    shape = list(random_shape(r, 5))
    axis, count = r.integer(0, len(shape) - 1), r.pick(1, 2, 2, 3, 10)
    sizes = [r.integer(1, 9) for _ in range(count)]
    out = r.spec(*shape[:axis], sum(sizes), *shape[axis + 1 :])
    shapes = [(*shape[:axis], n, *shape[axis + 1 :]) for n in sizes]
    return single_op(
        "CONCATENATION",
        inputs=_parts(r, shapes, out),
        output=out,
        options={"axis": either_way(r, axis, len(shape))},
    )


def pack(r: Random) -> Graph:
    shape = random_shape(r, 4)
    axis, count = r.integer(0, len(shape)), r.pick(1, 2, 3, 16, 40)
    out = r.spec(*shape[:axis], count, *shape[axis:])
    return single_op(
        "PACK",
        inputs=_parts(r, [shape] * count, out),
        output=out,
        options={"axis": either_way(r, axis, len(shape) + 1), "values_count": count},
    )


def squeeze(r: Random) -> Graph:
    """SQUEEZE of some dimensions, or, without a list, of every 1."""
    shape = tuple(r.pick(1, r.integer(2, 4)) for _ in range(r.integer(1, 6)))
    ones = [d for d, n in enumerate(shape) if n == 1]
    gone = [d for d in ones if r.integer(0, 1)]
    listed = tuple(either_way(r, d, len(shape)) for d in gone)
    source = r.spec(*shape)
    left = tuple(n for d, n in enumerate(shape) if d not in (gone or ones))
    return single_op(
        "SQUEEZE",
        inputs=[source],
        output=replace(source, shape=left),
        options={"squeeze_dims": listed},
    )


def expand_dims(r: Random) -> Graph:
    source = r.spec(*random_shape(r, 5))
    axis = r.integer(0, len(source.shape))
    shape = (*source.shape[:axis], 1, *source.shape[axis:])
    index = either_way(r, axis, len(shape))
    return single_op(
        "EXPAND_DIMS",
        inputs=[source, int32(r.pick(index, [index]))],
        output=replace(source, shape=shape),
    )


def reshape(r: Random) -> Graph:
    """RESHAPE, its shape in an operand or in the options alone."""
    shape = random_shape(r, 4)
    source = r.spec(*r.rng.permutation(shape).tolist())
    operands = [int32(shape)] if r.integer(0, 1) else []
    return single_op(
        "RESHAPE",
        inputs=[source, *operands],
        output=replace(source, shape=shape),
        options={"new_shape": shape},
    )


CASES: dict[str, Callable[[Random], Graph]] = {
    "CONCATENATION": concatenation,
    "DEPTH_TO_SPACE": blocks("DEPTH_TO_SPACE"),
    "EXPAND_DIMS": expand_dims,
    "PACK": pack,
    "PAD": pad,
    "PADV2": padv2,
    "RESHAPE": reshape,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest_neighbor,
    "SLICE": slice_,
    "SPACE_TO_DEPTH": blocks("SPACE_TO_DEPTH"),
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "TRANSPOSE": transpose,
}
