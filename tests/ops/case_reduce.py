"""Random reductions: any rank, axes from either end, some twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def _axes(r: Random, rank: int) -> Constant:
    """One axis as a scalar, or any number of them in a vector."""
    if r.integer(0, 4) == 0:
        return Constant(np.array(r.integer(-rank, rank - 1), np.int32))
    chosen = [r.integer(-rank, rank - 1) for _ in range(r.integer(1, rank))]
    return Constant(np.array(r.pick(chosen, [-1], [*range(rank)], chosen), np.int32))


def _picture_axes(r: Random) -> Constant:
    return Constant(np.array(r.pick([1, 2], [2, 1], [-3, -2]), np.int32))


def reduce(name: str, rescales: bool) -> Callable[[Random], Graph]:
    def case(r: Random) -> Graph:
        rank = r.integer(1, 4)
        shape = tuple(r.integer(1, 7) for _ in range(rank))
        axes = _picture_axes(r) if rank == 4 and r.integer(0, 1) else _axes(r, rank)
        reduced = {int(axis) % rank for axis in axes.values.reshape(-1)}
        keep_dims = bool(r.integer(0, 1))
        kept = [1 if i in reduced else n for i, n in enumerate(shape)]
        if not keep_dims:
            kept = [n for i, n in enumerate(kept) if i not in reduced]
        source = r.spec(*shape)
        output = TensorSpec(tuple(kept), source.scale, source.zero_point)
        return single_op(
            name,
            inputs=[source, axes],
            output=r.spec(*kept) if rescales else output,
            options={"keep_dims": keep_dims},
        )

    return case


def truths(r: Random) -> Graph:
    """REDUCE_ALL."""
    graph = reduce("REDUCE_ALL", rescales=False)(r)
    plain = tuple(
        t if t.data is not None else replace(t, dtype=DType.BOOL, quant=None) for t in graph.tensors
    )
    return replace(graph, tensors=plain)


CASES: dict[str, Callable[[Random], Graph]] = {
    "MEAN": reduce("MEAN", rescales=True),
    "REDUCE_ALL": truths,
    "REDUCE_MAX": reduce("REDUCE_MAX", rescales=False),
    "REDUCE_MIN": reduce("REDUCE_MIN", rescales=False),
    "SUM": reduce("SUM", rescales=True),
}
