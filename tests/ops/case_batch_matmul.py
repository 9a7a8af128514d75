"""Random products of matrices: batches that broadcast, operands transposed or constant."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.draw import Random
from tinyforge.graph import Graph


def _batches(r: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Leading dimensions of both operands, some repeated, some left out."""
    full = tuple(r.integer(1, 3) for _ in range(r.integer(0, 3)))
    first, second = (tuple(n if r.integer(0, 2) else 1 for n in full) for _ in range(2))
    return first[r.integer(0, len(first)) :] if r.integer(0, 1) else first, second


def batch_matmul(r: Random) -> Graph:
    rows, depth, columns = r.integer(1, 7), r.integer(1, 12), r.integer(1, 7)
    adj_x, adj_y = bool(r.integer(0, 1)), bool(r.integer(0, 1))
    batches = _batches(r) if r.integer(0, 1) else _batches(r)[::-1]
    first = r.spec(*batches[0], *((depth, rows) if adj_x else (rows, depth)))
    second = r.spec(*batches[1], *((columns, depth) if adj_y else (depth, columns)))
    unit = first.scale * second.scale
    constant = r.integer(0, 3)
    operands: list[TensorSpec | Constant] = [first, second]
    if constant < 2:
        spec = (first, second)[constant]
        operands[constant] = Constant(r.values(spec.shape), spec.quant)
    shape = (*np.broadcast_shapes(*batches), rows, columns)
    full = r.scale(unit * 2**8, unit * 2**18) if r.wide else r.scale()
    return single_op(
        "BATCH_MATMUL",
        inputs=operands,
        output=r.spec(*shape, scale=r.pick(full, r.tie_scale(unit))),
        options={"adj_x": adj_x, "adj_y": adj_y},
    )


CASES: dict[str, Callable[[Random], Graph]] = {"BATCH_MATMUL": batch_matmul}
