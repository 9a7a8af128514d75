"""Mirrors tinyforge/sim/memory_system.h: clocks over executed instructions."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tinyforge.boards.flash_reads import Cache, MemorySystem
from tinyforge.boards.memory import MemoryMap
from tinyforge.sim.machines.compiled import library

_U32 = ctypes.c_uint32
_NOWHERE = 0xFFFFFFFF


class _Shape(ctypes.Structure):
    """Mirrors cache_shape."""

    _fields_ = (("lines", _U32), ("ways", _U32), ("line_bytes", _U32))


class _System(ctypes.Structure):
    """Mirrors memory_system."""

    _fields_ = (
        ("flash_base", _U32),
        ("flash_bytes", _U32),
        ("wait_states", _U32),
        ("read_bytes", _U32),
        ("prefetch", _U32),
        ("instructions", _Shape),
        ("data", _Shape),
        ("slow_ram", _U32),
    )


def _shape(cache: Cache | None) -> _Shape:
    if cache is None:
        return _Shape(0, 1, 1)
    return _Shape(cache.lines, cache.ways or cache.lines, cache.line_bytes)


def _mirrored(system: MemorySystem, memory: MemoryMap) -> _System:
    reads = system.reads
    return _System(
        flash_base=memory.flash.base,
        flash_bytes=memory.flash.size,
        wait_states=system.wait_states,
        read_bytes=reads.read_bytes,
        prefetch=reads.prefetch,
        instructions=_shape(reads.instruction_cache),
        data=_shape(reads.data_cache),
        slow_ram=_NOWHERE if reads.slow_ram is None else memory.ram.base + reads.slow_ram,
    )


@contextmanager
def clocks(
    systems: Sequence[MemorySystem], memory: MemoryMap
) -> Iterator[ctypes.Array[ctypes.c_void_p]]:
    """One clock a memory system, as an array of pointers. memory: where firmware's parts lie."""
    opened = (ctypes.c_void_p * len(systems))()
    hooks = library()
    hooks.clock_open.restype = ctypes.c_void_p
    hooks.clock_close.argtypes = [ctypes.c_void_p]
    hooks.clock_close.restype = None
    try:
        for number, system in enumerate(systems):
            opened[number] = hooks.clock_open(ctypes.byref(_mirrored(system, memory)))
            if not opened[number]:
                raise MemoryError("no memory for a simulated clock")
        yield opened
    finally:
        for clock in opened:
            hooks.clock_close(clock)
