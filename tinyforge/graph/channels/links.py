"""Which channels can only go together, and which must stay.

A channel is an index of a tensor's last dimension. Most operators hand each channel on by itself,
perhaps under another number: where one goes, the other goes. Convolutions and dense layers make
each channel from all of their input's: what they read, and what they make, go each by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from tinyforge.graph.channels.intervals import is_int8
from tinyforge.graph.types import Graph, Operator, Tensor
from tinyforge.ops.base import option
from tinyforge.ops.operands import axis_index, integers
from tinyforge.ops.reduction import axes

Numbers = npt.NDArray[np.int64]
# A tensor's channels and as many of another: each goes with its counterpart.
Link = tuple[int, Numbers, int, Numbers]
# Channels that go together: numbers by tensor.
Group = Mapping[int, Numbers]
# (graph, operator) to its links; None where no channel may go.
Rule = Callable[[Graph, Operator], list[Link] | None]


def channels(t: Tensor) -> int:
    return t.shape[-1] if t.shape else 1


class _Joined:
    """Channels of all tensors, numbered through, and which of them have been joined."""

    def __init__(self, graph: Graph) -> None:
        counts = [channels(t) if t.data is None else 0 for t in graph.tensors]
        self.begin = [0, *accumulate(counts)]
        self._parent = list(range(self.begin[-1]))

    def first(self, node: int) -> int:
        """The channel that stands for all that are joined with one."""
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def join(self, link: Link) -> None:
        one, its, other, others = link
        pairs = np.stack([self.begin[one] + its, self.begin[other] + others], axis=1)
        for a, b in pairs.tolist():
            low, high = sorted((self.first(a), self.first(b)))
            self._parent[high] = low


def groups(graph: Graph) -> list[Group]:
    """Of all channels that may go at all, in the order of their tensors."""
    joined, fixed = _Joined(graph), {*graph.inputs, *graph.outputs, *graph.states}
    for op in graph.operators:
        found = links(graph, op)
        if found is None:
            fixed |= {t for t in (*op.inputs, *op.outputs) if t >= 0}
        for link in found or ():
            joined.join(link)
    members: dict[int, dict[int, list[int]]] = {}
    for t in graph.tensors:
        for c in range(joined.begin[t.index + 1] - joined.begin[t.index]):
            first = joined.first(joined.begin[t.index] + c)
            members.setdefault(first, {}).setdefault(t.index, []).append(c)
    return [
        {t: np.array(numbers) for t, numbers in found.items()}
        for found in members.values()
        if fixed.isdisjoint(found)
    ]


def links(graph: Graph, op: Operator) -> list[Link] | None:
    """None where no channel of the operator's tensors may go."""
    rule = _RULES.get(op.op)
    return rule(graph, op) if rule is not None and is_int8(graph, op) else None


def _computed(graph: Graph, op: Operator) -> list[Tensor]:
    return [t for t in (graph.tensors[i] for i in op.inputs if i >= 0) if t.data is None]


def _each(graph: Graph, op: Operator) -> list[Link]:
    """Each channel is made from those of the same number; an operand of one channel is for all."""
    (out,) = op.outputs
    count = np.arange(channels(graph.tensors[out]))
    return [(t.index, count, out, count) for t in _computed(graph, op) if channels(t) == len(count)]


def _padded(graph: Graph, op: Operator) -> list[Link] | None:
    """Unless there are channels beside them that are padding."""
    return None if any(integers(graph, op, 1, "paddings")[-2:]) else _each(graph, op)


def _reduced(graph: Graph, op: Operator) -> list[Link] | None:
    rank = len(graph.tensors[op.inputs[0]].shape)
    return None if rank - 1 in axes(graph, op) else _each(graph, op)


def _mixed(graph: Graph, op: Operator) -> list[Link] | None:
    """Convolutions without groups, and dense layers whose rows are whole pixels."""
    source, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    return None if weights.shape[-1] % channels(source) else []


def _depthwise(graph: Graph, op: Operator) -> list[Link]:
    (out,) = op.outputs
    made = np.arange(channels(graph.tensors[out]))
    return [(op.inputs[0], made // option(op, "depth_multiplier"), out, made)]


def _reshaped(graph: Graph, op: Operator) -> list[Link] | None:
    """Where pixels become longer or shorter by whole pixels, elements keep their channels."""
    (out,) = op.outputs
    before, after = (channels(graph.tensors[t]) for t in (op.inputs[0], out))
    if max(before, after) % min(before, after):
        return None
    numbers = np.arange(max(before, after))
    return [(op.inputs[0], numbers % before, out, numbers % after)]


def _concatenated(graph: Graph, op: Operator) -> list[Link] | None:
    (out,) = op.outputs
    rank = len(graph.tensors[out].shape)
    parts = [graph.tensors[t] for t in op.inputs]
    if any(t.data is not None for t in parts):
        return None
    if axis_index(graph, op, option(op, "axis"), rank) < rank - 1:
        return _each(graph, op)
    begins = accumulate(map(channels, parts[:-1]), initial=0)
    numbers = (np.arange(channels(t)) for t in parts)
    return [
        (t.index, its, out, begin + its)
        for t, its, begin in zip(parts, numbers, begins, strict=True)
    ]


_RULES: Mapping[str, Rule] = {
    "CONCATENATION": _concatenated,
    "CONV_2D": _mixed,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _mixed,
    **dict.fromkeys(("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"), _reduced),
    **dict.fromkeys(("PAD", "PADV2"), _padded),
    **dict.fromkeys(("EXPAND_DIMS", "RESHAPE", "SQUEEZE"), _reshaped),
    **dict.fromkeys(
        (
            "ABS",
            "ADD",
            "ADD_N",
            "AVERAGE_POOL_2D",
            "ELU",
            "HARD_SWISH",
            "LEAKY_RELU",
            "LOGISTIC",
            "MAXIMUM",
            "MAX_POOL_2D",
            "MINIMUM",
            "MUL",
            "PRELU",
            "QUANTIZE",
            "RELU",
            "RELU6",
            "RESIZE_BILINEAR",
            "RESIZE_NEAREST_NEIGHBOR",
            "SUB",
            "TANH",
        ),
        _each,
    ),
}
