"""Of which elements of each layer's output the self-test sees that they are another value.

Of what a layer leaves in the arena every byte is in a digest. What is only there for a moment,
pixel by pixel within another layer, is seen through that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.memory.plan import Plan
from tinyforge.ops.base import option
from tinyforge.proof.margins import Sight, margins
from tinyforge.proof.oracle import reference
from tinyforge.proof.taps import taps_of

Array = npt.NDArray[Any]


def sights(graph: Graph, plan: Plan, values: Mapping[int, Array]) -> dict[int, Sight]:
    """By the layer's output tensor; of int8 ones. values: of all tensors."""
    found: dict[int, Sight] = {}
    for op in reversed(graph.operators):
        out = graph.tensors[op.outputs[0]]
        if out.dtype is not DType.INT8:
            continue
        if op.index in plan.within:
            (consumer,) = graph.consumers[out.index]
            behind = found.get(consumer.outputs[0])
            sight = behind and _through(graph, consumer, out.index, values, behind)
        else:
            sight = _digested(plan, op, out.size)
        if sight is not None:
            found[out.index] = replace(
                sight,
                rising=sight.rising.reshape(out.shape),
                falling=sight.falling.reshape(out.shape),
            )
    return found


def _digested(plan: Plan, op: Operator, size: int) -> Sight | None:
    """All that is made; rows that nobody needs are not."""
    if op.index not in plan.paces:
        return None
    place = plan.places[op.outputs[0]]
    made = np.arange(size) < place.made * place.row_bytes
    return Sight(made, made)


def _through(
    graph: Graph, op: Operator, tensor: int, values: Mapping[int, Array], behind: Sight
) -> Sight | None:
    """Of what a layer takes pixel by pixel; behind: of its own output. None of a layer of which
    nothing is known."""
    known = _THROUGH.get(op.op)
    return (
        known(graph, op, tensor, values, behind)
        if known and behind.together and behind.mixed
        else None
    )


def _through_convolution(
    graph: Graph, op: Operator, tensor: int, values: Mapping[int, Array], behind: Sight
) -> Sight | None:
    """A pixel's channel that changes moves all sums of that pixel, each by its weight."""
    taps = taps_of(graph, op, values)
    if taps is None or taps.depthwise or taps.weights.shape[1] != values[tensor].shape[-1]:
        return None
    if len(taps.values) * taps.weights.shape[1] != values[tensor].size:
        return None
    flat = Sight(taps.flat(behind.rising), taps.flat(behind.falling))
    found = margins(taps.requantization, taps.acc, flat)
    rising = np.zeros((len(taps.values), taps.weights.shape[1]), np.bool_)
    falling = np.zeros_like(rising)
    for channel, weights in enumerate(taps.weights):
        rise, fall = found.rise[:, channel, np.newaxis], found.fall[:, channel, np.newaxis]
        rising |= (weights >= rise) | (-weights >= fall)
        falling |= (-weights >= rise) | (weights >= fall)
    return Sight(rising, falling, together=False)


def _through_pool(
    graph: Graph, op: Operator, tensor: int, values: Mapping[int, Array], behind: Sight
) -> Sight | None:
    """The greatest of a window is seen to rise; to fall if it is alone, and if no other rises."""
    del graph
    x, y = values[tensor], values[op.outputs[0]]
    size = option(op, "filter_height"), option(op, "filter_width")
    covered = y.shape[1] * size[0], y.shape[2] * size[1]  # VALID may leave rows and columns out
    if size != (option(op, "stride_h"), option(op, "stride_w")) or any(
        n < m for n, m in zip(x.shape[1:3], covered, strict=True)
    ):
        return None

    def over(pooled: Array) -> Array:
        return np.repeat(np.repeat(pooled, size[0], axis=1), size[1], axis=2)

    rising, falling = np.zeros((2, *x.shape), np.bool_)
    greatest = x[:, : covered[0], : covered[1]] == over(y)
    windows = greatest.reshape(y.shape[0], y.shape[1], size[0], y.shape[2], size[1], y.shape[3])
    alone = over(windows.sum(axis=(2, 4)) == 1)
    rising[:, : covered[0], : covered[1]] = greatest & over(behind.rising)
    falling[:, : covered[0], : covered[1]] = greatest & alone & over(behind.falling)
    return Sight(rising, falling, mixed=False)


def _through_sum(
    graph: Graph, op: Operator, tensor: int, values: Mapping[int, Array], behind: Sight
) -> Sight | None:
    """Each element by itself."""
    operands = [values[t] for t in op.inputs]
    if (
        any(one.shape != values[op.outputs[0]].shape for one in operands)
        or operands[0] is operands[1]
    ):
        return None
    was = values[op.outputs[0]]
    found = []
    for step in (1, -1):
        moved = np.clip(values[tensor].astype(np.int16) + step, -128, 127).astype(np.int8)
        given = [moved if t == tensor else values[t] for t in op.inputs]
        (now,) = reference(graph, op, given)
        found.append(((now > was) & behind.rising) | ((now < was) & behind.falling))
    return Sight(found[0], found[1])


_THROUGH = {
    "CONV_2D": _through_convolution,
    "MAX_POOL_2D": _through_pool,
    "ADD": _through_sum,
}
