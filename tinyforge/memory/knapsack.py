"""Of several ways to do each of several things the best: least cost within a limit of weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_KEPT = 4096  # choices for the first so many things, none of them worse than another


@dataclass(frozen=True)
class Way:
    cost: int
    weight: int


@dataclass(frozen=True)
class Picks:
    """ways: the number of the one taken, for each thing. bound: no choice within the limit costs
    less; equal to cost where the choice is proved the best."""

    ways: tuple[int, ...]
    cost: int
    weight: int
    bound: int


# A choice for the first few things: its cost, its weight, its ways. A plain tuple, of which there
# are many, and which sorts by just these.
_Partial = tuple[int, int, tuple[int, ...]]


def pick(things: Sequence[Sequence[Way]], limit: int | None = None) -> Picks:
    """The least cost whose weight is within the limit, None for any; of equal costs the lightest.
    Where none is within it, the lightest.

    A multiple-choice knapsack, solved by dynamic programming over the choices that no other is
    better than in both.
    """
    rest = sum(min(way.weight for way in ways) for ways in things)
    if limit is None or limit < rest:
        limit = rest if limit is not None else sum(max(w.weight for w in ways) for ways in things)
    kept: list[_Partial] = [(0, 0, ())]
    exact = True
    for ways in things:
        rest -= min(way.weight for way in ways)
        options = [(way.cost, way.weight, (number,)) for number, way in enumerate(ways)]
        room = limit - rest
        kept = _best_of(
            (cost + more, weight + heavier, taken + way)
            for cost, weight, taken in kept
            for more, heavier, way in options
            if weight + heavier <= room
        )
        if len(kept) > _MOST_KEPT:
            kept, exact = kept[:: -(-len(kept) // _MOST_KEPT)], False
    cost, weight, taken = kept[0]
    cheapest = sum(min(way.cost for way in ways) for ways in things)
    return Picks(taken, cost, weight, cost if exact else cheapest)


def _best_of(partials: Iterable[_Partial]) -> list[_Partial]:
    """Those than which none is better, the cheapest first, the lightest last."""
    kept: list[_Partial] = []
    for partial in sorted(partials):
        if not kept or partial[1] < kept[-1][1]:
            kept.append(partial)
    return kept
