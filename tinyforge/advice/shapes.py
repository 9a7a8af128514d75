"""The same model with fewer channels or weights, to plan what that would save: what is computed
means nothing, what it costs does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.graph.channels import Lost
from tinyforge.graph.channels.links import Group, channels, groups
from tinyforge.graph.channels.rewriting import without
from tinyforge.graph.types import DType
from tinyforge.ops.sparse import BLOCK
from tinyforge.proof.measure import macs

EVEN = 4  # channels that kernels take at once at best
_LEAST = 4  # channels that a tensor keeps
_STEPS = 32  # of the share of channels that is looked for
_WEIGHTED = ("CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True, eq=False)
class Family:
    """Channels of the same tensors, each of which can go without the others. makers: the layers
    with weights that make them."""

    members: tuple[Group, ...]
    makers: tuple[Operator, ...]

    def __len__(self) -> int:
        return len(self.members)


def families(graph: Graph) -> list[Family]:
    """Of all channels that can go."""
    alike: dict[frozenset[int], list[Group]] = {}
    for group in groups(graph):
        alike.setdefault(frozenset(group), []).append(group)
    found = []
    for tensors, members in alike.items():
        makers = [graph.producers[t] for t in sorted(tensors) if t in graph.producers]
        weighted = tuple(op for op in makers if op.op in _WEIGHTED)
        if weighted:
            found.append(Family(tuple(members), weighted))
    return found


def narrower(graph: Graph, going: Sequence[tuple[Family, int]]) -> Graph:
    """The graph without so many channels of each family: the last ones."""
    kept: dict[int, npt.NDArray[np.bool_]] = {}
    for family, count in going:
        for group in family.members[len(family) - count :]:
            for t, numbers in group.items():
                mask = kept.setdefault(t, np.ones(channels(graph.tensors[t]), np.bool_))
                mask[numbers] = False
    return without(graph, {t: _lost(graph, t, mask) for t, mask in kept.items()})


def _lost(graph: Graph, t: int, kept: npt.NDArray[np.bool_]) -> Lost:
    """As if its channels were 0: nothing goes into a bias."""
    zero_point = graph.tensors[t].zero_point
    return Lost(kept, np.zeros_like(kept), np.full(len(kept), zero_point, np.int64))


def pruned(graph: Graph, share: float) -> Graph:
    """Without so many channels that about that share of the multiply-accumulates goes: the same
    share of each family, as far as what is left is a multiple of four, and at least four."""
    every, whole = families(graph), macs(graph)
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        found = narrower(graph, _evenly(every, middle / _STEPS))
        low, high = (middle, high) if macs(found) > (1 - share) * whole else (low, middle)
    return narrower(graph, _evenly(every, high / _STEPS))


def _evenly(every: Sequence[Family], share: float) -> list[tuple[Family, int]]:
    """How many channels of each family go."""
    going = []
    for family in every:
        left = max(_LEAST, round(len(family) * (1 - share) / EVEN) * EVEN)
        if left < len(family):
            going.append((family, len(family) - left))
    return going


def uneven(graph: Graph) -> Iterator[Family]:
    """Families whose number of channels is no multiple of four, with more than one such left."""
    return (one for one in families(graph) if len(one) % EVEN and len(one) > 2 * EVEN)


def in_blocks(graph: Graph, share: float) -> Graph:
    """With that share of the weights of each layer zero, in the blocks that sparse kernels skip:
    those of least size."""
    return _with_weights(graph, lambda weights: _zeroed(weights, share, BLOCK))


def singly(graph: Graph, share: float) -> Graph:
    """With that share of the weights of each layer zero: the least."""
    return _with_weights(graph, lambda weights: _zeroed(weights, share, (1, 1)))


def _with_weights(graph: Graph, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Graph:
    tensors = list(graph.tensors)
    for op in graph.operators:
        t = tensors[op.inputs[1]] if op.op in _WEIGHTED else None
        if t is not None and t.data is not None and t.dtype is DType.INT8:
            tensors[t.index] = replace(t, data=change(t.data))
    return replace(graph, tensors=tuple(tensors))


def _zeroed(weights: npt.NDArray[Any], share: float, block: tuple[int, int]) -> npt.NDArray[Any]:
    """weights: (outputs, ..., inputs), int8. block: of so many outputs and inputs."""
    outputs, inputs = block
    flat = weights.reshape(len(weights), -1).astype(np.int64)
    rows = np.add.reduceat(np.abs(flat), np.arange(0, flat.shape[0], outputs), axis=0)
    sizes = np.add.reduceat(rows, np.arange(0, flat.shape[1], inputs), axis=1)
    going = np.argsort(sizes, axis=None, kind="stable")[: round(share * sizes.size)]
    mask = np.ones(sizes.size, np.int64)
    mask[going] = 0
    whole = mask.reshape(sizes.shape).repeat(outputs, axis=0).repeat(inputs, axis=1)
    kept = flat * whole[: flat.shape[0], : flat.shape[1]]
    return kept.astype(weights.dtype).reshape(weights.shape)
