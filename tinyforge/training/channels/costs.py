"""What a model takes with some of its channels gone, and what each channel adds to that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.training.channels.calls import Value
from tinyforge.training.channels.follow import Cut
from tinyforge.training.channels.groups import Groups, Keep

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """weights: all numbers of the file, biases and normalizations too. macs: multiply-adds of
    layers with kernels, in one inference. activations: numbers that these layers make."""

    weights: int
    macs: int
    activations: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.weights + other.weights,
            self.macs + other.macs,
            self.activations + other.activations,
        )


@dataclass(frozen=True, eq=False)
class _Weight:
    """One weight in one call. fixed: the product of the sizes that no channel changes. positions:
    at how many it is multiplied; 0 where it is added or scales."""

    cuts: tuple[Cut, ...]
    fixed: int
    positions: int
    first: bool

    def size(self, groups: Groups, keep: Keep) -> int:
        size = self.fixed
        for cut in self.cuts:
            size *= int(groups.alive(cut, keep).sum())
        return size


def cost(groups: Groups, keep: Keep) -> Cost:
    """Of the model with the groups that stay."""
    total = Cost(0, 0, 0)
    for weight in _weights(groups):
        size = weight.size(groups, keep)
        total += Cost(size * weight.first, size * weight.positions, 0)
    for value in _made(groups):
        alive = int(keep[groups.of[value.index]].sum())
        total += Cost(0, 0, alive * value.positions)
    return total


def shares(groups: Groups) -> Real:
    """By group, what the model would save without it, all others there: the mean of its shares of
    weights, multiply-adds and activations."""
    whole = cost(groups, groups.all_kept())
    weights, macs, activations = (np.zeros(groups.count) for _ in range(3))
    keep = groups.all_kept()
    for weight in _weights(groups):
        size = weight.size(groups, keep)
        for cut in weight.cuts:
            of = groups.of[cut.value.index][cut.numbers]
            np.add.at(weights, of, weight.first * size / len(of))
            np.add.at(macs, of, weight.positions * size / len(of))
    for value in _made(groups):
        np.add.at(activations, groups.of[value.index], value.positions)
    parts = zip(
        (weights, macs, activations), (whole.weights, whole.macs, whole.activations), strict=True
    )
    return np.asarray(np.mean([part / max(total, 1) for part, total in parts], axis=0))


def _weights(groups: Groups) -> Iterator[_Weight]:
    seen: set[int] = set()
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        first = id(call.layer) not in seen
        seen.add(id(call.layer))
        for index, weight in enumerate(getattr(call.layer, "weights", ())):
            cuts = tuple(cut for cut in known.cuts if cut.weight == index)
            shape = list(weight.shape)
            for cut in cuts:
                shape[cut.axis] = 1
            positions = known.positions if index in known.kernels else 0
            yield _Weight(cuts, int(np.prod(shape)), positions, first)


def _made(groups: Groups) -> Iterator[Value]:
    """What layers with kernels make: the rest runs within them, or takes no memory of its own."""
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        if known.kernels:
            yield from call.outputs
