"""MIRROR_PAD, int8: a border of what lies inside, the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, option, require, tensor
from tinyforge.ops.copying import check_copied, check_shape
from tinyforge.ops.operands import integers
from tinyforge.ops.picking import check_places, lowering, take_indices

_REFLECT = 0  # without the border's own row; SYMMETRIC repeats it


def _amounts(graph: Graph, op: Operator) -> list[tuple[int, int]]:
    """Before and after, for each dimension."""
    rank = len(tensor(graph, op, 0).shape)
    values = integers(graph, op, 1, "paddings")
    require(len(values) == 2 * rank, f"{len(values)} paddings for {rank} dimensions", graph, op)
    return list(zip(values[::2], values[1::2], strict=True))


def _mode(op: Operator) -> str:
    return "reflect" if option(op, "mode") == _REFLECT else "symmetric"


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2)
    amounts = _amounts(graph, op)
    for size, pair in zip(source.shape, amounts, strict=True):
        most = size - 1 if _mode(op) == "reflect" else size
        require(
            min(pair) >= 0 and max(pair) <= most,
            f"a border of {max(pair)} from {size} is not {_mode(op)}",
            graph,
            op,
        )
    check_shape(
        graph, op, tuple(n + sum(pair) for n, pair in zip(source.shape, amounts, strict=True))
    )
    check_places(graph, op, _kernel(graph, op))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """Source: MirrorPad of micro/kernels/mirror_pad.cc."""
    mode: Any = _mode(op)
    return np.asarray(np.pad(inputs[0], _amounts(graph, op), mode=mode), np.int8)


def _kernel(graph: Graph, op: Operator) -> Kernel | None:
    source, mode = tensor(graph, op, 0), _mode(op)
    indices = [
        np.pad(np.arange(n), pair, mode=mode)  # type: ignore[call-overload]
        for n, pair in zip(source.shape, _amounts(graph, op), strict=True)
    ]
    return take_indices(source, indices)


def summary(graph: Graph, op: Operator) -> str:
    pairs = ", ".join(f"{before}+{after}" for before, after in _amounts(graph, op))
    return f"{_mode(op)}, {pairs}"


OP = Op("MIRROR_PAD", check, reference, lowering(_kernel), summary=summary)
