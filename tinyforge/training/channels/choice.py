"""Which groups of channels go, of all layers at once: those that are missed least for what they
cost, until so many multiply-adds are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyforge.training.channels.costs import Real, cost, shares
from tinyforge.training.channels.follow import Numbers
from tinyforge.training.channels.groups import Groups, Keep

_MOST = 0.5  # of the groups of a family that go at once: what is left weighs more then
_TOGETHER = 4  # channels that kernels take at once: fewer cost as much


@dataclass(frozen=True, eq=False)
class _Unit:
    """Groups of a family that go at once. missed: how much, all together. ratio: to what they
    cost."""

    family: int
    members: Numbers
    missed: float
    ratio: float


def chosen(groups: Groups, importance: Real, macs: float) -> Keep:
    """The groups that stay, so that an inference has at most so many multiply-adds; or as near as
    what may go at once lets it come. How many of a family stay is a multiple of four, where any go.
    """
    units = sorted(_units(groups, importance), key=lambda unit: unit.ratio)
    low, high = 0, len(units)
    while low < high:
        middle = (low + high) // 2
        enough = _macs(groups, units[:middle]) <= macs
        low, high = (low, middle) if enough else (middle + 1, high)
    if not low:
        return groups.all_kept()
    first = units[: low - 1]
    # What is still lacking then may be had for less than by the next in turn, which saves too much.
    for last in sorted(_next(units[len(first) :]), key=lambda unit: unit.missed):
        if _macs(groups, [*first, last]) <= macs:
            return _without(groups, [*first, last])
    return _without(groups, units[:low])


def _units(groups: Groups, importance: Real) -> Iterator[_Unit]:
    """What may go of each family, those that are missed least for their cost before others."""
    costs = np.maximum(shares(groups), 1e-30)
    for family in np.unique(groups.families[groups.free]):
        members = np.flatnonzero(groups.families == family)
        least = _TOGETHER * -(-np.ceil((1 - _MOST) * len(members)) // _TOGETHER)
        members = members[np.argsort(importance[members] / costs[members], kind="stable")]
        begin, end = 0, len(members) % _TOGETHER or _TOGETHER
        while len(members) - end >= least:
            unit = members[begin:end]
            missed = float(importance[unit].sum())
            yield _Unit(int(family), unit, missed, missed / float(costs[unit].sum()))
            begin, end = end, end + _TOGETHER


def _next(units: Sequence[_Unit]) -> list[_Unit]:
    """The first of each family."""
    found: dict[int, _Unit] = {}
    for unit in units:
        found.setdefault(unit.family, unit)
    return [*found.values()]


def _without(groups: Groups, units: Sequence[_Unit]) -> Keep:
    keep = groups.all_kept()
    for unit in units:
        keep[unit.members] = False
    return keep


def _macs(groups: Groups, units: Sequence[_Unit]) -> int:
    return cost(groups, _without(groups, units)).macs
