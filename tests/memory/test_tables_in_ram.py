"""Where flash is slow, waiting for it counts, and tables that are read most lie in RAM."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from tests.corpus import models
from tinyforge.memory import search
from tinyforge.memory.choices import choices
from tinyforge.memory.plan import Plan
from tinyforge.memory.room import Room
from tinyforge.memory.search import Aim, Objective, plan, plan_cycles
from tinyforge.ops.base import Kernel, Table
from tinyforge.ops.costs import SlowFlash, stalls, table_bytes
from tinyforge.ops.target import target_of

M4 = target_of("cortex-m4")
GRAPH = models.residual(1)
FLASH = SlowFlash(wait_states=5, read_bytes=8, cached_bytes=256)
ROOMY = Room(ram=2**20, quick=2**20)


def waits(found: Plan) -> Mapping[int, int]:
    """Of each operator whose tables lie in flash, cycles an inference."""
    graph = found.graph
    return {
        i: stalls(graph, graph.operators[i], kernel, FLASH)
        for i, kernel in found.kernels.items()
        if i not in found.in_ram
    }


def in_ram_bytes(found: Plan) -> int:
    return sum(table_bytes(found.kernels[i]) for i in found.in_ram)


def kernel(nbytes: int, reads: int | None) -> Kernel:
    table = Table("int8_t", np.zeros(nbytes, np.int8))
    return Kernel("a.h", "a", "a", {"table": table}, (0,), reads=reads)


@pytest.mark.parametrize(
    ("nbytes", "reads", "uncounted", "cycles"),
    [
        (1024, 4096, 0, 4096 // 8 * 5 + 4096 // 16),
        (1024, 4097, 0, 513 * 5 + 256),  # a read that is begun is waited for
        (256, 4096, 0, 256 // 8 * 5 + 16),  # read once, it is in the cache
        (1024, None, 3000, 375 * 5),  # byte by byte
        (0, None, 3000, 0),  # no table
    ],
)
def test_each_read_of_flash_is_waited_for_unless_it_is_cached(
    nbytes: int, reads: int | None, uncounted: int, cycles: int
) -> None:
    assert FLASH.stalls(kernel(nbytes, reads), uncounted) == cycles


@pytest.mark.parametrize(
    ("room", "arena", "bytes_left"),
    [
        (Room(ram=100_000, quick=100_000), 20_000, 40_000),  # half
        (Room(ram=640_000, quick=192_000), 20_000, 172_000),  # all that is quick
        (Room(ram=640_000, quick=192_000), 200_000, 0),
        (Room(ram=640_000, quick=192_000, asked=300_000), 20_000, 300_000),  # as the user says
    ],
)
def test_room_is_half_of_what_is_left_and_quick(room: Room, arena: int, bytes_left: int) -> None:
    assert room.beside(arena) == bytes_left


def test_with_room_hardly_anything_waits() -> None:
    """What does would not pay for its RAM."""
    without = plan(GRAPH, Aim("speed", M4, FLASH))
    with_room = plan(GRAPH, Aim("speed", M4, FLASH, ROOMY))
    assert not without.in_ram
    assert sum(waits(without).values()) > 0
    assert with_room.in_ram
    for index, cycles in waits(with_room).items():
        assert cycles <= -(-table_bytes(with_room.kernels[index]) // search._BYTES_A_CYCLE)
    for index in with_room.in_ram:
        saved = stalls(GRAPH, GRAPH.operators[index], with_room.kernels[index], FLASH)
        assert saved > table_bytes(with_room.kernels[index]) / search._BYTES_A_CYCLE
    assert plan_cycles(with_room, FLASH) < plan_cycles(without, FLASH)


def test_limited_room_holds_what_saves_most() -> None:
    everything = in_ram_bytes(plan(GRAPH, Aim("speed", M4, FLASH, ROOMY)))
    cycles = []
    for asked in (everything // 8, everything // 3, everything):
        found = plan(GRAPH, Aim("speed", M4, FLASH, Room(2**20, 2**20, asked)))
        assert 0 < in_ram_bytes(found) <= asked
        cycles.append(plan_cycles(found, FLASH))
        # No table that waits longer would fit in the place of one that lies in RAM.
        spare, waiting = asked - in_ram_bytes(found), waits(found)
        for inside in found.in_ram:
            saved = stalls(GRAPH, GRAPH.operators[inside], found.kernels[inside], FLASH)
            fits = spare + table_bytes(found.kernels[inside])
            better = [i for i, w in waiting.items() if table_bytes(found.kernels[i]) <= fits]
            assert all(waiting[i] <= saved for i in better)
    assert cycles == sorted(cycles, reverse=True)


@pytest.mark.parametrize("objective", ["size", "balanced"])
def test_for_other_objectives_tables_stay_in_flash(objective: Objective) -> None:
    assert not plan(GRAPH, Aim(objective, M4, FLASH, ROOMY)).in_ram


def test_a_board_s_flash_turns_the_choice() -> None:
    """Half the bytes to read make up for more instructions where reading is dear."""
    dear = SlowFlash(wait_states=40, read_bytes=4)
    cheap, slow = plan(GRAPH, Aim("speed", M4)), plan(GRAPH, Aim("speed", M4, dear))
    assert plan_cycles(slow, dear) < plan_cycles(cheap, dear)
    assert plan_cycles(slow) > plan_cycles(cheap)


def test_choices_say_which_tables_lie_in_ram() -> None:
    aim = Aim("speed", M4, FLASH, ROOMY)
    found = plan(GRAPH, aim)
    rows = choices(found, aim)
    assert {row.layer for row in rows if row.taken.in_ram} == found.in_ram
    assert sum(row.taken.cycles for row in rows) == plan_cycles(found, FLASH)
