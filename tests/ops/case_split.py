"""Random operators with several outputs: parts of their input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.corpus.builder import TensorSpec, single_op
from tests.ops.case_movement import either_way, int32, random_shape
from tests.ops.draw import Random
from tinyforge.graph import Graph


def _with(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _like(spec: TensorSpec, shape: tuple[int, ...]) -> TensorSpec:
    return replace(spec, shape=shape)


def split(r: Random) -> Graph:
    """SPLIT: its axis is the first operand."""
    part = random_shape(r, 5)
    axis, count = r.integer(0, len(part) - 1), r.pick(1, 2, 2, 3, 16, 17)
    source = r.spec(*_with(part, axis, part[axis] * count))
    return single_op(
        "SPLIT",
        inputs=[int32(either_way(r, axis, len(part))), source],
        output=[_like(source, part)] * count,
        options={"num_splits": count},
    )


def split_v(r: Random) -> Graph:
    shape = random_shape(r, 5)
    axis, count = r.integer(0, len(shape) - 1), r.pick(1, 2, 2, 3, 16)
    sizes = [r.integer(1, 5) for _ in range(count)]
    source = r.spec(*_with(shape, axis, sum(sizes)))
    return single_op(
        "SPLIT_V",
        inputs=[source, int32(sizes), int32([either_way(r, axis, len(shape))])],
        output=[_like(source, _with(shape, axis, size)) for size in sizes],
        options={"num_splits": count},
    )


def unpack(r: Random) -> Graph:
    shape = random_shape(r, 5)
    axis = r.integer(0, len(shape) - 1)
    shape = _with(shape, axis, r.pick(shape[axis], shape[axis], 40))
    source = r.spec(*shape)
    return single_op(
        "UNPACK",
        inputs=[source],
        output=[_like(source, (*shape[:axis], *shape[axis + 1 :]))] * shape[axis],
        options={"axis": either_way(r, axis, len(shape)), "num": shape[axis]},
    )


CASES: dict[str, Callable[[Random], Graph]] = {"SPLIT": split, "SPLIT_V": split_v, "UNPACK": unpack}
