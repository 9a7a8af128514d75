"""Buffers are placed as well as any order places them, in a number of looks that a plan shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pytest

from tests.memory import graphs
from tinyforge.memory import placement
from tinyforge.memory.liveness import Buffer, Rows
from tinyforge.memory.lowered import smallest
from tinyforge.memory.placement import forbidden, place
from tinyforge.memory.planner import plan_of
from tinyforge.memory.progress import ignored


def whole(nbytes: int, first: int, last: int) -> Buffer:
    return Buffer((), Rows(nbytes, np.array([first]), np.array([last])))


def random_buffers(seed: int, count: int) -> list[Buffer]:
    """Whole ones, and some of three rows that are made and die one after the other."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        first, life = rng.integers(0, 8), rng.integers(0, 4)
        rows = np.arange(3 if rng.random() < 0.4 else 1) + first
        made.append(Buffer((), Rows(int(rng.integers(1, 9)) * 4, rows, rows + life)))
    return made


def on_each_other(a: Buffer, begin_a: int, b: Buffer, begin_b: int) -> bool:
    """Whether a byte of one lies on one of the other, both alive in some step; row by row."""
    for i in range(len(a.rows.first)):
        for j in range(len(b.rows.first)):
            begin, other = begin_a + i * a.rows.nbytes, begin_b + j * b.rows.nbytes
            apart = begin + a.rows.nbytes <= other or other + b.rows.nbytes <= begin
            early = a.rows.last[i] < b.rows.first[j] or b.rows.last[j] < a.rows.first[i]
            if not (apart or early):
                return True
    return False


@pytest.mark.parametrize("seed", range(40))
def test_forbidden_distances_are_those_at_which_rows_lie_on_each_other(seed: int) -> None:
    for first, second in permutations([*random_buffers(seed, 2), whole(12, 2, 5)], 2):
        distances = forbidden(first, second)
        for begin in range(-second.nbytes - 4, first.nbytes + 5):
            inside = any(low < begin < high for low, high in distances)
            assert inside == on_each_other(first, 0, second, begin), begin


@pytest.mark.parametrize("seed", range(10))
def test_many_rows_are_forbidden_no_less(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring's rows are not read last in order; where there are many they count as if they were."""
    rng = np.random.default_rng(seed)
    first = np.arange(4)
    rings = [Buffer((), Rows(4, first, first + rng.integers(0, 5, 4))) for _ in range(2)]
    exact = forbidden(*rings)
    monkeypatch.setattr(placement, "_MOST_PAIRS", 0)
    wide = forbidden(*rings)
    for low, high in exact:
        assert any(begin <= low and high <= end for begin, end in wide)


def total_of(buffers: Sequence[Buffer], order: Sequence[int]) -> int:
    """Each in turn at the lowest multiple of four where it lies on no other."""
    offsets: dict[int, int] = {}
    for i in order:
        offset = 0
        while any(on_each_other(buffers[i], offset, buffers[j], o) for j, o in offsets.items()):
            offset += 4
        offsets[i] = offset
    return max(o + buffers[i].nbytes for i, o in offsets.items())


@pytest.mark.parametrize("seed", range(25))
def test_no_order_beats_the_search(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which finds the best one even where it starts from nothing, and leaves most of them out."""
    monkeypatch.setattr(placement, "_ROUNDS", 0)
    buffers = random_buffers(seed, 5)
    found = place([buffers], [0])
    assert found.total == min(total_of(buffers, order) for order in permutations(range(5)))
    for i, j in permutations(range(5), 2):
        assert not on_each_other(buffers[i], found.offsets[i], buffers[j], found.offsets[j])


def test_of_several_choices_the_best_is_placed() -> None:
    large, small = [whole(8, 0, 2), whole(8, 1, 3)], [whole(8, 0, 1), whole(4, 1, 3)]
    found = place([large, small], [16, 12])
    assert (found.choice, found.total) == (1, 12)


@pytest.mark.parametrize("seed", [2, 3, 7, 9])
def test_a_plan_has_so_many_looks_for_all_of_its_choices(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Irregular networks whose bounds no placement meets, so that nothing else ends the search."""
    looks = 0
    lowest_free = placement._Search.lowest_free

    def counted(self: placement._Search, i: int, offsets: Mapping[int, int]) -> int:
        nonlocal looks
        looks += 1 + len(self.rivals[i])
        return lowest_free(self, i, offsets)

    monkeypatch.setattr(placement._Search, "lowest_free", counted)
    monkeypatch.setattr(placement, "_MAX_LOOKS", 8_000)
    lowered = smallest(graphs.random_blocks(seed, 2 + seed % 5))
    found = plan_of(lowered, by_rows=False, progress=ignored)
    assert not found.optimal
    assert 8_000 <= looks < 8_000 + (1 + len(found.slots)) ** 2
