"""Random operators that take values from places that constants tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import Constant, OptionValue, TensorSpec, single_op
from tests.ops.case_movement import either_way, int32, random_shape
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def _moved(
    op: str,
    source: TensorSpec,
    operands: Sequence[Constant],
    shape: Sequence[int],
    **options: OptionValue,
) -> Graph:
    """An operator that keeps its input's quantization."""
    out = replace(source, shape=tuple(shape))
    return single_op(op, inputs=[source, *operands], output=out, options=options)


def gather(r: Random) -> Graph:
    """GATHER, of any number of indices; a batch of 1 sometimes goes with one of theirs."""
    source = r.spec(*random_shape(r, 5))
    axis = r.integer(0, len(source.shape) - 1)
    batched = axis > 0 and source.shape[0] == 1 and r.pick(False, True)
    shape = r.pick((r.integer(1, 9),), (r.integer(1, 3), r.integer(1, 3)), ())
    if len(source.shape) - 1 + len(shape) > 5:
        shape = (r.integer(1, 9),)
    indices = int32(r.rng.integers(0, source.shape[axis], (1,) * batched + shape))
    return _moved(
        "GATHER",
        source,
        [indices],
        (*source.shape[:axis], *shape, *source.shape[axis + 1 :]),
        axis=either_way(r, axis, len(source.shape)),
        batch_dims=r.pick(1, 1 - indices.values.ndim or 1) if batched else 0,
    )


def lookup(r: Random) -> Graph:
    """GATHER of indices that an inference computes, of what is constant or not."""
    source = r.spec(*random_shape(r, 4))
    axis = r.integer(0, len(source.shape) - 1)
    shape = r.pick((r.integer(1, 9),), (1, r.integer(1, 5)))
    of = r.pick(source, Constant(r.values(source.shape), source.quant))
    taken = (*source.shape[:axis], *shape, *source.shape[axis + 1 :])
    return single_op(
        "GATHER",
        inputs=[of, TensorSpec(shape, 0, dtype=DType.INT32)],
        output=TensorSpec(taken, source.scale, source.zero_point),
        options={"axis": axis},
    )


def embedding_lookup(r: Random) -> Graph:
    table = r.spec(r.integer(1, 20), r.integer(1, 9), *r.pick((), (r.integer(1, 4),)))
    count = r.integer(1, 9)
    return single_op(
        "EMBEDDING_LOOKUP",
        inputs=[
            TensorSpec((count,), 0, dtype=DType.INT32),
            Constant(r.values(table.shape), table.quant),
        ],
        output=r.spec(count, *table.shape[1:]),
    )


def gather_nd(r: Random) -> Graph:
    source = r.spec(*random_shape(r, 5))
    named = r.integer(1, len(source.shape))
    shape = r.pick((r.integer(1, 9),), (r.integer(1, 3), r.integer(1, 3)))
    if len(shape) + len(source.shape) - named > 5:
        shape = (r.integer(1, 9),)
    indices = np.stack([r.rng.integers(0, n, shape) for n in source.shape[:named]], axis=-1)
    return _moved("GATHER_ND", source, [int32(indices)], (*shape, *source.shape[named:]))


def dynamic_update_slice(r: Random) -> Graph:
    """DYNAMIC_UPDATE_SLICE, of any type; the part or its place sometimes constant."""
    dtype = r.pick(r.dtype, DType.INT32, DType.FLOAT32)
    shape = random_shape(r, 5)
    part = tuple(r.pick(n, r.integer(1, n)) for n in shape)
    scale = 0.1 if dtype is r.dtype else 0
    whole, smaller = (TensorSpec(s, scale, 0, dtype) for s in (shape, part))
    known = Constant(r.values(part, dtype), smaller.quant)
    place = TensorSpec((len(shape),), 0, dtype=DType.INT32)
    begin = int32([r.integer(-2, n + 1) for n in shape])
    operands = [whole, r.pick(smaller, smaller, known), r.pick(place, place, begin)]
    return single_op("DYNAMIC_UPDATE_SLICE", inputs=operands, output=whole)


def near(r: Random, graph: Graph) -> list[npt.NDArray[Any]]:
    """Indices that are inside the tensor, or not far from it."""
    (op,) = graph.operators
    place = {op.inputs[2]: r.rng.integers(-2, 10, graph.tensors[op.inputs[2]].shape)}
    return [
        place[t.index].astype(np.int32) if t.index in place else r.values(t.shape, t.dtype)
        for t in graph.input_tensors
    ]


def broadcast_to(r: Random) -> Graph:
    """BROADCAST_TO, sometimes to more dimensions than there are."""
    shape = random_shape(r, 5)
    repeated = tuple(r.pick(1, n) for n in shape)
    given = repeated[r.pick(0, 0, r.integer(0, len(shape) - 1)) :]
    return _moved("BROADCAST_TO", r.spec(*given), [int32(shape)], shape)


def reverse_v2(r: Random) -> Graph:
    source = r.spec(*random_shape(r, 5))
    rank = len(source.shape)
    first = r.integer(0, rank - 1)
    axes = [either_way(r, axis, rank) for axis in range(first, r.integer(first, rank - 1) + 1)]
    return _moved("REVERSE_V2", source, [int32(r.rng.permutation(axes))], source.shape)


def mirror_pad(r: Random) -> Graph:
    source = r.spec(*random_shape(r, 4))
    mode = r.integer(0, 1)
    often = r.pick(0, 1, 3)
    amounts = [
        [r.pick(*[0] * often, r.integer(0, min(3, n - 1 + mode))) for _ in range(2)]
        for n in source.shape
    ]
    shape = [n + sum(pair) for n, pair in zip(source.shape, amounts, strict=True)]
    return _moved("MIRROR_PAD", source, [int32(amounts)], shape, mode=mode)


def batch_to_space_nd(r: Random) -> Graph:
    spatial, batch = r.integer(1, 2), r.integer(1, 2)
    block = [r.integer(1, 3) for _ in range(spatial)]
    sizes = [r.integer(1, 5) for _ in range(spatial)]
    crops = [
        [r.integer(0, (n * k - 1) // 2) for _ in range(2)]
        for n, k in zip(sizes, block, strict=True)
    ]
    channels = r.integer(1, 5)
    sides = [n * k - sum(pair) for n, k, pair in zip(sizes, block, crops, strict=True)]
    source = r.spec(batch * int(np.prod(block)), *sizes, channels)
    operands = [int32(block), int32(crops)]
    return _moved("BATCH_TO_SPACE_ND", source, operands, (batch, *sides, channels))


def space_to_batch_nd(r: Random) -> Graph:
    """SPACE_TO_BATCH_ND without a border: what the interpreter puts there is chance."""
    spatial, batch = r.integer(1, 2), r.integer(1, 2)
    block = [r.integer(1, 3) for _ in range(spatial)]
    sizes = [r.integer(1, 5) for _ in range(spatial)]
    channels = r.integer(1, 5)
    source = r.spec(batch, *(n * k for n, k in zip(sizes, block, strict=True)), channels)
    operands = [int32(block), int32(np.zeros((spatial, 2)))]
    return _moved(
        "SPACE_TO_BATCH_ND", source, operands, (batch * int(np.prod(block)), *sizes, channels)
    )


def resize_bilinear(r: Random) -> Graph:
    source = r.spec(r.pick(1, 1, 1, 2, 3), r.integer(1, 9), r.integer(1, 9), r.integer(1, 9))
    size = r.integer(1, 24), r.integer(1, 24)
    corners = r.pick(False, True)
    return _moved(
        "RESIZE_BILINEAR",
        source,
        [int32(size)],
        (source.shape[0], *size, source.shape[3]),
        align_corners=corners,
        half_pixel_centers=not corners and r.pick(False, True),
    )


CASES: dict[str, Callable[[Random], Graph]] = {
    "BATCH_TO_SPACE_ND": batch_to_space_nd,
    "BROADCAST_TO": broadcast_to,
    "DYNAMIC_UPDATE_SLICE": dynamic_update_slice,
    "EMBEDDING_LOOKUP": embedding_lookup,
    "GATHER": lambda r: r.pick(gather, lookup)(r),
    "GATHER_ND": gather_nd,
    "MIRROR_PAD": mirror_pad,
    "RESIZE_BILINEAR": resize_bilinear,
    "REVERSE_V2": reverse_v2,
    "SPACE_TO_BATCH_ND": space_to_batch_nd,
}

VALUES = {"DYNAMIC_UPDATE_SLICE": near}
