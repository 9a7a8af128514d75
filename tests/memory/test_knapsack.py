"""The best choice within a limit, against all choices."""

from __future__ import annotations

import random
from itertools import product

import pytest

from tinyforge.memory import knapsack
from tinyforge.memory.knapsack import Way, pick


def drawn(rng: random.Random) -> list[list[Way]]:
    return [
        [Way(rng.randint(0, 50), rng.randint(0, 20)) for _ in range(rng.randint(1, 4))]
        for _ in range(rng.randint(1, 6))
    ]


def least(things: list[list[Way]], limit: int) -> tuple[int, int]:
    """Cost and weight of the best of all choices; of the lightest where none is within."""
    every = [(sum(w.cost for w in ways), sum(w.weight for w in ways)) for ways in product(*things)]
    within = [found for found in every if found[1] <= limit]
    return min(within) if within else min(every, key=lambda found: (found[1], found[0]))


@pytest.mark.parametrize("seed", range(200))
def test_it_is_the_best_of_all(seed: int) -> None:
    rng = random.Random(seed)
    things, limit = drawn(rng), rng.randint(0, 70)
    found = pick(things, limit)
    assert (found.cost, found.weight) == least(things, limit)
    assert found.bound == found.cost
    taken = [ways[number] for ways, number in zip(things, found.ways, strict=True)]
    assert (sum(w.cost for w in taken), sum(w.weight for w in taken)) == (found.cost, found.weight)


@pytest.mark.parametrize("seed", range(20))
def test_without_a_limit_it_is_the_cheapest(seed: int) -> None:
    things = drawn(random.Random(seed))
    assert pick(things).cost == sum(min(way.cost for way in ways) for ways in things)


def test_nothing_costs_nothing() -> None:
    assert pick([], 5) == knapsack.Picks((), 0, 0, 0)


def test_where_some_choices_are_dropped_the_bound_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knapsack, "_MOST_KEPT", 3)
    for seed in range(50):
        rng = random.Random(seed)
        things, limit = drawn(rng), 25
        found, (cost, _) = pick(things, limit), least(things, limit)
        assert found.bound <= cost
        assert found.cost >= cost
        assert found.weight <= limit or found.weight == sum(
            min(w.weight for w in t) for t in things
        )
