"""Which channels of a model can only go together, which must stay, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from tinyforge.training.channels.calls import Call, Network, Value
from tinyforge.training.channels.follow import Cut, Followed, Link, Numbers, each
from tinyforge.training.channels.rules import followed

Keep = npt.NDArray[np.bool_]  # by group: whether it stays


@dataclass(frozen=True, eq=False)
class Groups:
    """of: by value the group of each of its channels. held: by group why it must stay. families:
    by group which others lie in the same values: their number is what a layer's size becomes.
    followed: what is known of each call."""

    network: Network
    followed: tuple[Followed, ...]
    of: tuple[Numbers, ...]
    held: Mapping[int, str]
    families: Numbers

    @property
    def count(self) -> int:
        return len(self.families)

    @cached_property
    def free(self) -> Keep:
        """By group: whether it may go."""
        free = np.ones(self.count, np.bool_)
        free[list(self.held)] = False
        return free

    def alive(self, cut: Cut, keep: Keep) -> Keep:
        """Of a weight's axis: which entries stay."""
        return keep[self.of[cut.value.index][cut.numbers]]

    def all_kept(self) -> Keep:
        return np.ones(self.count, np.bool_)

    def left_alone(self) -> tuple[str, ...]:
        """Layers with weights that make channels none of which may go, and why: "conv (Conv2D):
        dense (EinsumDense) is not followed". Not those whose outputs are the model's."""
        said = {}
        for call, known in zip(self.network.calls, self.followed, strict=True):
            if not call.weighted or not (known.sizes or known.held):
                continue
            of = np.concatenate([self.of[value.index] for value in call.outputs])
            if not self.free[of].any() and (why := self.held[int(of[0])]) != _OUTPUT:
                said[str(call)] = why
        return tuple(f"{name}: {why}" if name not in why else why for name, why in said.items())


_INPUT = "its channels go with the model's inputs"
_OUTPUT = "its channels are the model's outputs"


def groups_of(network: Network) -> Groups:
    """The groups of all channels, in the order of the values that they are in first."""
    known = tuple(map(followed, network.calls))
    joined = _Joined(network.values)
    for links in (*(one.links for one in known), _of_one_layer(network, known)):
        for link in links:
            joined.join(link)
    of = joined.groups()
    held: dict[int, str] = {}
    reasons: list[tuple[Value, str]] = [(value, _OUTPUT) for value in network.outputs]
    reasons += [(value, _INPUT) for value in network.inputs]
    reasons += [reason for one in known for reason in one.held.items()]
    for value, why in reasons:
        for group in of[value.index].tolist():
            held.setdefault(group, why)
    return Groups(network, known, of, held, _families(of))


def _of_one_layer(network: Network, known: tuple[Followed, ...]) -> tuple[Link, ...]:
    """A layer that is called several times has its weights once, and one size for all calls."""
    first: dict[int, Call] = {}
    links: list[Link] = []
    for call, one in zip(network.calls, known, strict=True):
        before = first.setdefault(id(call.layer), call)
        if before is call or not (one.cuts or one.sizes or one.shapes or call.kind == "InputLayer"):
            continue
        links += map(each, (*before.inputs, *before.outputs), (*call.inputs, *call.outputs))
    return tuple(links)


class _Joined:
    """Channels of all values, numbered through, and which of them have been joined."""

    def __init__(self, values: tuple[Value, ...]) -> None:
        self._begin = [0, *accumulate(value.channels for value in values)]
        self._parent = list(range(self._begin[-1]))

    def join(self, link: Link) -> None:
        one, its, other, others = link
        pairs = np.stack([self._begin[one.index] + its, self._begin[other.index] + others], axis=1)
        for a, b in pairs.tolist():
            low, high = sorted((self._first(a), self._first(b)))
            self._parent[high] = low

    def groups(self) -> tuple[Numbers, ...]:
        """By value: the number of each channel's group."""
        first = [self._first(node) for node in range(len(self._parent))]
        numbers = np.unique(first, return_inverse=True)[1]
        return tuple(np.split(numbers, self._begin[1:-1]))

    def _first(self, node: int) -> int:
        """The channel that stands for all that are joined with one."""
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node


def _families(of: tuple[Numbers, ...]) -> Numbers:
    places: dict[int, list[int]] = {}
    for value, groups in enumerate(of):
        for group in set(groups.tolist()):
            places.setdefault(group, []).append(value)
    numbers: dict[tuple[int, ...], int] = {}
    found = (numbers.setdefault(tuple(places[g]), len(numbers)) for g in range(len(places)))
    return np.fromiter(found, np.int64, len(places))
