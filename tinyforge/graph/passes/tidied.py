"""What converters write in another way than the interpreter reads it: sizes and axes as int64, and
the same conversion of one tensor several times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinyforge.graph.passes.pruned import pruned
from tinyforge.graph.passes.values import CONVERTS
from tinyforge.graph.types import DType, Graph, Operator, Quant

# Positions of sizes, axes and the like.
_PARAMETERS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "CUMSUM"), (1,)),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN", "REVERSE_V2", "GATHER", "EXPAND_DIMS"), (1,)),
    **dict.fromkeys(("RESHAPE", "TRANSPOSE", "TILE", "BROADCAST_TO"), (1,)),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), (1,)),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), (1,)),
    **dict.fromkeys(("SPLIT", "TRANSPOSE_CONV"), (0,)),
    **dict.fromkeys(("SLICE", "SPLIT_V", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"), (1, 2)),
    "STRIDED_SLICE": (1, 2, 3),
}


def tidied(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Such constants become int32, and of equal conversions the first stays."""
    return _converted_once(_narrowed(graph)), ()


def _narrowed(graph: Graph) -> Graph:
    """Parameters are int32 to the interpreter, which does not look at their type."""
    wide: set[int] = set()
    others: set[int] = set()
    for op in graph.operators:
        for position, t in enumerate(op.inputs):
            (wide if position in _PARAMETERS.get(op.op, ()) else others).add(t)
    wide = {t for t in wide - others if t >= 0 and _is_wide(graph, t)}
    if not wide:
        return graph
    tensors = [
        replace(t, dtype=DType.INT32, data=t.data.astype(np.int32))
        if t.index in wide and t.data is not None
        else t
        for t in graph.tensors
    ]
    return replace(graph, tensors=tuple(tensors))


def _is_wide(graph: Graph, index: int) -> bool:
    """An int64 constant without a scale, whose values int32 holds."""
    t = graph.tensors[index]
    if t.dtype is not DType.INT64 or t.quant is not None or t.data is None:
        return False
    limits = np.iinfo(np.int32)
    return bool(((t.data >= limits.min) & (t.data <= limits.max)).all())


def _converted_once(graph: Graph) -> Graph:
    first: dict[tuple[str, int, DType, Quant | None], int] = {}
    renamed: dict[int, int] = {}
    kept: list[Operator] = []
    for op in graph.operators:
        op = replace(op, inputs=tuple(renamed.get(t, t) for t in op.inputs))  # noqa: PLW2901
        if op.op in CONVERTS and len(op.inputs) == len(op.outputs) == 1:
            out = graph.tensors[op.outputs[0]]
            same = first.setdefault((op.op, op.inputs[0], out.dtype, out.quant), out.index)
            if same != out.index and out.index not in graph.outputs:
                renamed[out.index] = same
                continue
        kept.append(op)
    return pruned(replace(graph, operators=tuple(kept))) if renamed else graph
