"""Which groups of channels go, of all layers at once: those that are missed least for what they
cost, until so many multiply-adds are gone."""

from __future__ import annotations

import numpy as np

from tinyforge.training.channels.costs import Real, cost, shares
from tinyforge.training.channels.groups import Groups, Keep

_MOST = 0.5  # of the groups of a family that go at once: what is left weighs more then
_TOGETHER = 4  # channels that kernels take at once: fewer cost as much


def chosen(groups: Groups, importance: Real, macs: float) -> Keep:
    """The groups that stay, so that an inference has at most so many multiply-adds; or as near as
    what may go at once lets it come."""
    costs = shares(groups)
    ratio = np.where(costs > 0, importance / np.maximum(costs, 1e-30), np.inf)
    order = np.argsort(ratio, kind="stable")
    order = order[groups.free[order]]
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        keep = _rounded(groups, order, middle, ratio)
        low, high = (low, middle) if cost(groups, keep).macs <= macs else (middle + 1, high)
    return _rounded(groups, order, low, ratio)


def _rounded(groups: Groups, order: np.ndarray, count: int, ratio: Real) -> Keep:
    """Without the first of the order, except those that make a family's number one that kernels
    like, the best of them."""
    keep = groups.all_kept()
    keep[order[:count]] = False
    for family in np.unique(groups.families[order[:count]]):
        members = np.flatnonzero(groups.families == family)
        wanted = _liked(len(members), int(keep[members].sum()))
        gone = members[~keep[members]]
        back = gone[np.argsort(-ratio[gone], kind="stable")]
        keep[back[: wanted - int(keep[members].sum())]] = True
    return keep


def _liked(members: int, left: int) -> int:
    """At least so many as are left and may be left, and by fours; of fewer than four all."""
    least = max(left, 1, int(np.ceil((1 - _MOST) * members)))
    return min(members, -(-least // _TOGETHER) * _TOGETHER)
