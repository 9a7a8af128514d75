"""The simulated flash interface on traces written by hand: when each instruction is done.

The figures are worked out by hand from the rules that memory_system.c states. At the start nothing
is held: the first instruction's read of the flash is asked for at 0, is there after the wait states
and 1, and is executed a cycle later.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import pytest

from tinyforge.boards.flash_reads import Cache, FlashReads, MemorySystem
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.sim.cycles.code import INSTRUCTION
from tinyforge.sim.machines.compiled import library
from tinyforge.sim.machines.memory_system import clocks

FLASH, RAM = 0x08000000, 0x20000000
MEMORY = MemoryMap(flash=Region(FLASH, 0x10000), ram=Region(RAM, 0x1000))
NO_DATA = 0xFFFFFFFF


class _Row(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint8) for name in INSTRUCTION.names]


@dataclass(frozen=True)
class Step:
    """An instruction at an offset in flash. data: where it moves words, by address."""

    at: int
    size: int = 2
    cycles: int = 1
    paired: int | None = None
    words: int = 0
    word_bytes: int = 4
    loads: bool = True
    data: int = NO_DATA

    def row(self) -> _Row:
        behind = self.cycles if self.paired is None else self.paired
        return _Row(self.size, behind, self.cycles, self.words, self.word_bytes, self.loads, 0)


def wide(at: int) -> Step:
    return Step(at, size=4)


def load(at: int, data: int, **more: int) -> Step:
    return replace(Step(at, cycles=2, words=1, data=data), **more)


def store(at: int, data: int) -> Step:
    return Step(at, words=1, loads=False, data=data)


CACHE = Cache(lines=4, line_bytes=16)
READS = FlashReads(read_bytes=16, instruction_cache=CACHE, data_cache=CACHE, source="this test")


def done(trace: Sequence[Step], *, waits: int = 5, **reads: object) -> list[int]:
    """The time after each instruction."""
    system = MemorySystem(wait_states=waits, reads=msgspec.structs.replace(READS, **reads))
    hooks = library()
    hooks.clock_now.restype = ctypes.c_uint64
    times = []
    with clocks([system], MEMORY) as (clock,):
        for step in trace:
            hooks.clock_step(
                ctypes.c_void_p(clock), FLASH + step.at, ctypes.byref(step.row()),
                ctypes.c_uint32(step.data),
            )  # fmt: skip
            times.append(hooks.clock_now(ctypes.c_void_p(clock)))
    return times


def straight(count: int, size: int, at: int = 0) -> list[Step]:
    return [Step(at + size * number, size=size) for number in range(count)]


FETCHES = {
    # Asked for at 0, there at 1, executed from 2 to 3: a branch costs 2.
    "without wait states": ([Step(0), Step(2), Step(0x40)], {"waits": 0}, [3, 4, 7]),
    "a read is waited for": ([Step(0)], {}, [8]),
    "words of one read follow at one a cycle": (straight(4, 4), {}, [8, 9, 10, 11]),
    # The word behind is asked for at 9, when the one before it is there, and comes at 15.
    "the next read, which wide code needs at once": (straight(5, 4), {}, [8, 9, 10, 11, 17]),
    # Asked for at 9 as well, because the queue has room; executed from 16 on in place of 15.
    "the next read, which narrow code needs late": (straight(9, 2), {}, [*range(8, 16), 17]),
    # Asked for at 7, behind two words, and again at 14.
    "half as wide a read, twice as often": (
        straight(5, 4),
        {"read_bytes": 8},
        [8, 9, 15, 16, 22],
    ),
    # 8 is there at 7; 0x40 is asked for at 8, there at 14. 0 is there again a cycle later.
    "code that was fetched before is in the cache": (
        [Step(0), Step(0x40), Step(0)],
        {},
        [8, 16, 19],
    ),
    "without a cache it is read again": (
        [Step(0), Step(0x40), Step(0)],
        {"instruction_cache": None},
        [8, 16, 24],
    ),
    "but for the read that is held": (
        [Step(0), Step(2), Step(0)],
        {"instruction_cache": None},
        [8, 9, 12],
    ),
    # Behind 0xC the core has asked for 0x10 at 6; the branch waits for that, until 12.
    "a branch waits for a fetch under way": ([Step(0xC), Step(0x40)], {}, [8, 20]),
    # 0x10 was asked for at 14, which holds up even what is in the cache, until 20.
    "a branch to what is in the cache does, too": (
        [Step(0x40), Step(0xC), Step(0x40)],
        {},
        [8, 16, 23],
    ),
    # Five words are there by 36; 0x18 is asked for when 4 leaves the queue, at 46.
    "while an instruction takes long, the queue is filled and no more": (
        [replace(wide(0), cycles=40), *straight(6, 4, 4)],
        {"read_bytes": 4},
        [47, 48, 49, 50, 51, 52, 54],
    ),
    # Lines of two reads, of which the other one was never asked for.
    "a line of the cache is filled a read at a time": (
        [Step(0), Step(0x40), Step(0x10)],
        {"instruction_cache": Cache(lines=4, line_bytes=32)},
        [8, 16, 24],
    ),
    "what was not used for longest gives way": (
        [Step(0), Step(0x40), Step(0), Step(0x80), Step(0), Step(0x40)],
        {"instruction_cache": Cache(lines=2, line_bytes=16)},
        [8, 16, 19, 27, 30, 38],
    ),
    "in its own set": (
        [Step(0), Step(0x20), Step(0), Step(0x10), Step(0x20)],
        {"instruction_cache": Cache(lines=2, line_bytes=16, ways=1)},
        [8, 16, 24, 32, 40],
    ),
    "not in another one": (
        [Step(0), Step(0x10), Step(0), Step(0x10)],
        {"instruction_cache": Cache(lines=2, line_bytes=16, ways=1)},
        [8, 16, 19, 22],
    ),
    # The read behind begins when the first is there, at 6, and is there at 12.
    "prefetch reads on": (straight(5, 4), {"prefetch": True}, [8, 9, 10, 11, 14]),
    # What the branch comes to is asked for when the flash is free: at 12.
    "and a branch waits for it": ([Step(0), Step(0x40)], {"prefetch": True}, [8, 20]),
    # 0x10 was prefetched and used, so it is in the cache; 0x20 was prefetched, from 12 to 18.
    "prefetched code that ran is in the cache": (
        [*straight(5, 4), Step(0), Step(0x10)],
        {"prefetch": True},
        [8, 9, 10, 11, 14, 17, 20],
    ),
    # 0x10 was prefetched until 12, and 0x20 until 18; 0x10 not again: the data is read until 23.
    "what is in the cache is not prefetched": (
        [Step(0), Step(0x10), Step(0), load(2, FLASH + 0x1000)],
        {"prefetch": True},
        [8, 14, 17, 25],
    ),
}


@pytest.mark.parametrize("what", FETCHES)
def test_fetches(what: str) -> None:
    trace, options, expected = FETCHES[what]
    assert done(trace, **options) == expected


# Reads as wide as the whole trace, so that fetches do not come between.
WIDE = Cache(lines=4, line_bytes=64)
WIDELY = {"read_bytes": 64, "instruction_cache": WIDE, "data_cache": WIDE}
DATA = FLASH + 0x1000
LOADS = {
    "from RAM": ([load(0, RAM)], {}, [9]),
    "from flash: the core waits": ([load(0, DATA)], {}, [14]),
    "from flash without wait states": ([load(0, DATA)], {"waits": 0}, [4]),
    "the same read once": ([load(0, DATA), load(2, DATA + 60)], {}, [14, 16]),
    "held beside the cache": (
        [load(0, DATA), load(2, DATA + 60)],
        {"data_cache": None},
        [14, 16],
    ),
    "the next read": ([load(0, DATA), load(2, DATA + 64)], {}, [14, 21]),
    "a store in RAM forgets nothing": (
        [load(0, DATA), store(2, RAM), load(4, DATA + 4)],
        {},
        [14, 15, 17],
    ),
    "what is in the cache": (
        [load(0, DATA), load(2, DATA + 64), load(4, DATA)],
        {},
        [14, 21, 23],
    ),
    "without a cache": (
        [load(0, DATA), load(2, DATA + 64), load(4, DATA)],
        {"data_cache": None},
        [14, 21, 28],
    ),
    "more than the cache holds": (
        [load(2 * n, DATA + 64 * (n % 3)) for n in range(4)],
        {"data_cache": Cache(lines=2, line_bytes=64)},
        [14, 21, 28, 35],
    ),
    "code and data have caches of their own": ([load(0, FLASH + 64), Step(64)], {}, [14, 22]),
    # The core has asked for the code at 64 at 6: the flash is busy until 12, then until 17.
    "behind a fetch under way": ([load(60, DATA)], {}, [19]),
    # The data is read from 7 to 12, then the code at 64, which was asked for at 8, until 18.
    "and a fetch behind it": (
        [load(52, DATA, size=4, cycles=1), *straight(3, 4, 56)],
        {},
        [13, 14, 15, 20],
    ),
    "and one that the core went on to meanwhile holds up a branch": (
        [load(52, DATA, size=4, cycles=1), Step(0)],
        {},
        [13, 21],
    ),
    "words of a multiple load, in two reads": (
        [Step(0, cycles=5, words=4, data=DATA + 56)],
        {},
        [7 + 5 + 5 + 5],
    ),
    "from slow RAM": ([load(0, RAM + 0x100)], {"slow_ram": 0x100}, [10]),
    "from below it": ([load(0, RAM + 0xFC)], {"slow_ram": 0x100}, [9]),
    "a store there": ([store(0, RAM + 0x100)], {"slow_ram": 0x100}, [8]),
    "two loads overlap": ([load(0, RAM), load(2, RAM, paired=1)], {}, [9, 10]),
    "also from flash": ([load(0, DATA), load(2, DATA, paired=1)], {}, [14, 15]),
    "but not flash and RAM": ([load(0, DATA), load(2, RAM, paired=1)], {}, [14, 16]),
    "nor RAM and flash": (
        [load(0, DATA), Step(2), load(4, RAM), load(6, DATA, paired=1)],
        {},
        [14, 15, 17, 19],
    ),
    "only neighbours do": ([load(0, DATA), Step(2), load(4, RAM, paired=1)], {}, [14, 15, 16]),
    "its condition failed": ([Step(0, cycles=2, words=1)], {}, [8]),
    "a word between halfwords": ([load(0, RAM + 2)], {}, [10]),
    "a word at an odd address": ([load(0, RAM + 1)], {}, [11]),
    "a halfword at an odd address": ([load(0, RAM + 1, word_bytes=2)], {}, [10]),
}


@pytest.mark.parametrize("what", LOADS)
def test_loads(what: str) -> None:
    trace, options, expected = LOADS[what]
    assert done(trace, **{**WIDELY, **options}) == expected


# Of three lines, and the fourth that is fetched behind the last branch. Of five: each read is asked
# for two cycles before the one before it is used up, and takes 6; and it is waited for behind the
# branch.
@pytest.mark.parametrize(("lines", "cycles"), [(3, 3 * 4 + 2), (5, 4 * 9 + 4 + 4 + 5 + 2)])
def test_a_loop_longer_than_the_cache_never_finds_itself_there(lines: int, cycles: int) -> None:
    loop = straight(4 * lines, 4)
    times = done(loop * 5)
    assert times[-1] - times[-1 - len(loop)] == cycles
