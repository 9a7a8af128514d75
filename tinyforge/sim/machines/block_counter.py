"""Drives tinyforge/sim/block_counter.c, which counts executed instructions and
watches data accesses."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.sim.base import Job, Probe
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.compiled import library
from tinyforge.sim.machines.memory import Memory
from tinyforge.sim.machines.outcome import zeros
from tinyforge.sim.profile import BlockCount, Grants, Span, Stray

_U32 = ctypes.c_uint32
_POINTER = ctypes.c_void_p
_LAST_BLOCK = 0x3FFFFFFF  # PATH_VALUE in path.h: larger entries of a path are none


class _Probe(ctypes.Structure):
    """Mirrors probe in block_counter.c."""

    _fields_ = (
        ("address", _U32),
        ("layer", ctypes.c_int32),
        ("piece_count", _U32),
        ("row_bytes", _U32),
        ("pieces", _POINTER),
        ("rows", _POINTER),
        ("hits", _U32),
    )


class _Block(ctypes.Structure):
    """Mirrors block."""

    _fields_ = (
        ("address", _U32),
        ("bytes", _U32),
        ("instructions", _U32),
        ("next", _U32),
    )


class _Tally(ctypes.Structure):
    """Mirrors tally."""

    _fields_ = (("entries", ctypes.c_uint64), ("fell_through", ctypes.c_uint64))


class _Grant(ctypes.Structure):
    """Mirrors grant."""

    _fields_ = (("spans", _POINTER), ("count", _U32))


class _Stray(ctypes.Structure):
    """Mirrors stray."""

    _fields_ = (
        ("step", _U32),
        ("layer", ctypes.c_int32),
        ("address", _U32),
        ("bytes", _U32),
        ("written", _U32),
        ("code", _U32),
    )


class _Counter(ctypes.Structure):
    """Mirrors counter."""

    _fields_ = (
        ("flash", _POINTER),
        ("flash_base", _U32),
        ("flash_bytes", _U32),
        ("init_address", _U32),
        ("invoke_address", _U32),
        ("calls", _U32),
        ("arena", _POINTER),
        ("arena_bytes", _U32),
        ("paint", _U32),
        ("read_register", _POINTER),
        ("write_register", _POINTER),
        ("link_register", ctypes.c_int32),
        ("state_register", ctypes.c_int32),
        ("program_counter", ctypes.c_int32),
        ("no_it_block", _U32),
        ("recording", _U32),
        ("frames", _U32),
        ("probe_count", _U32),
        ("probes", ctypes.POINTER(_Probe)),
        ("step_grants", ctypes.POINTER(_Grant)),
        ("layer_grants", ctypes.POINTER(_Grant)),
        ("layer_count", _U32),
        ("instructions", _POINTER),
        ("layer_instructions", _POINTER),
        ("executed", ctypes.c_uint64),
        ("arena_touched", _U32),
        ("block_count", _U32),
        ("blocks", ctypes.POINTER(_Block)),
        ("tallies", ctypes.POINTER(_Tally)),
        ("path", _POINTER),
        ("path_length", ctypes.c_uint64),
        ("checked", ctypes.c_uint64),
        ("first_stray", _Stray),
        ("block_capacity", _U32),
        ("path_capacity", ctypes.c_uint64),
        ("path_block", _U32),
        ("path_part", _U32),
        ("index", _POINTER),
        ("watched", _POINTER),
        ("return_address", _U32),
        ("counting", _U32),
        ("call", _U32),
        ("next_probe", _U32),
        ("layer", ctypes.c_int32),
        ("layer_return", _U32),
        ("granted", _U32),
        ("last_end", _U32),
        ("last_tally", ctypes.c_uint64),
        ("invoke_start", ctypes.c_uint64),
        ("layer_start", ctypes.c_uint64),
        ("failed", ctypes.c_int32),
    )


@dataclass(frozen=True, eq=False)
class Path:
    """The way that execution took from the first frame on, as path.h says.

    entries: uint32 (n,). blocks: uint32 (numbers, 2), address and bytes of each. parts: how many
    there are; 0 is outside of inferences, part k + 2 is layer k.
    """

    entries: npt.NDArray[np.uint32]
    blocks: npt.NDArray[np.uint32]
    parts: int

    def code(self) -> list[tuple[int, int]]:
        """Address and bytes of each block that it comes to."""
        numbers = np.unique(self.entries[self.entries <= _LAST_BLOCK])
        return [(int(address), int(size)) for address, size in self.blocks[numbers]]


class BlockCounter:
    """One boot's counts. Close it, or use it as a context manager.

    instructions: int64 (n,). layer_instructions: int64 (n, layers). captured: one int8
    (n, bytes) array a probe.
    """

    def __init__(
        self,
        job: Job,
        *,
        memory: Memory,
        paint: int,
        read_register: ctypes.c_void_p,
        write_register: ctypes.c_void_p,
        link_register: int,
        state_register: int,
        program_counter: int,
        no_it_block: int,
        grants: Grants | None = None,
        recording: bool = False,
    ) -> None:
        """memory: what the emulator works on. paint: what fills the arena before forge_init.

        read_register, write_register: addresses of the emulator's uc_reg_read and uc_reg_write.
        link_register, state_register, program_counter: their ids of LR, EPSR and PC. no_it_block:
        what EPSR holds outside of IT blocks. grants: what accesses are held against, where they
        are seen. recording: whether to write down the path. ForgeError when the firmware lacks a
        symbol that is to be watched.
        """
        firmware, probes = job.firmware, job.probes
        self.instructions, self.layer_instructions, self.captured = zeros(job)
        layers = self.layer_instructions.shape[1]
        self._kept: list[object] = [memory]
        self._state = _Counter(
            flash=memory.flash.ctypes.data,
            flash_base=firmware.memory.flash.base,
            flash_bytes=memory.flash.size,
            init_address=firmware.symbol("forge_init").address,
            invoke_address=firmware.symbol(job.entry.symbol).address,
            calls=job.entry.calls,
            paint=paint,
            read_register=read_register,
            write_register=write_register,
            link_register=link_register,
            state_register=state_register,
            program_counter=program_counter,
            no_it_block=no_it_block,
            recording=recording,
            probe_count=len(probes),
            layer_count=layers,
            instructions=self.instructions.ctypes.data,
            layer_instructions=self.layer_instructions.ctypes.data,
        )
        self._set_arena(firmware, memory)
        self._set_probes(firmware, probes)
        if grants is not None:
            assert len(grants.steps) == len(probes)
            self._state.step_grants = self._grants(grants.steps)
            self._state.layer_grants = self._grants(
                [grants.layers.get(layer, ()) for layer in range(-1, layers)]
            )
        self._library = library()
        self._library.counter_open.argtypes = [ctypes.POINTER(_Counter)]
        self._library.counter_close.argtypes = [ctypes.POINTER(_Counter)]
        self._library.counter_close.restype = None
        if not self._library.counter_open(ctypes.byref(self._state)):
            raise MemoryError("no memory for the block counter")

    def _set_arena(self, firmware: Firmware, memory: Memory) -> None:
        arena = firmware.symbols.get("forge_arena")
        if arena is not None:
            self._state.arena = memory.view(arena.address, arena.size).ctypes.data
            self._state.arena_bytes = arena.size

    def _set_probes(self, firmware: Firmware, probes: Sequence[Probe]) -> None:
        rows = (_Probe * len(probes))()
        for row, probe, captured in zip(rows, probes, self.captured, strict=True):
            for offset, size in probe.reads:
                if offset < 0 or size < 0 or offset + size > self._state.arena_bytes:
                    raise ValueError(f"probe {probe.symbol!r} reads outside the arena")
            pieces = np.array(probe.reads, np.uint32).reshape(-1)
            self._kept.append(pieces)
            row.address = firmware.symbol(probe.symbol).address if probe.symbol else 0
            row.layer = probe.layer
            row.piece_count = len(probe.reads)
            row.row_bytes = captured.shape[1]
            row.pieces = pieces.ctypes.data
            row.rows = captured.ctypes.data
        self._probe_rows = rows
        self._state.probes = rows

    def _grants(self, every: Sequence[Sequence[Span]]) -> ctypes.Array[_Grant]:
        rows = (_Grant * len(every))()
        for row, spans in zip(rows, every, strict=True):
            numbers = np.array(spans, np.uint32).reshape(-1)
            self._kept.append(numbers)
            row.spans = numbers.ctypes.data
            row.count = len(spans)
        self._kept.append(rows)
        return rows

    @property
    def hook(self) -> ctypes.c_void_p:
        """The block hook."""
        return ctypes.cast(self._library.count_block, ctypes.c_void_p)

    @property
    def access_hook(self) -> ctypes.c_void_p:
        """The hook of data accesses; a profile without it shows none."""
        return ctypes.cast(self._library.count_access, ctypes.c_void_p)

    @property
    def user(self) -> ctypes.c_void_p:
        """What the hook wants as user data."""
        return ctypes.c_void_p(ctypes.addressof(self._state))

    @property
    def frames(self) -> int:
        """Frames the firmware has read: what it computes belongs to the last of them."""
        return int(self._state.frames)

    @frames.setter
    def frames(self, number: int) -> None:
        self._state.frames = number

    @property
    def executed(self) -> int:
        """Instructions since reset."""
        return int(self._state.executed)

    @property
    def arena_touched(self) -> int | None:
        """Highest byte of the arena found changed when an inference's function returned, + 1.

        None for firmware without an arena of that name.
        """
        return int(self._state.arena_touched) if self._state.arena else None

    @property
    def hits(self) -> list[int]:
        """How often each probe was reached during inferences."""
        if self._state.failed:
            raise MemoryError("no memory for the block counter")
        return [int(row.hits) for row in self._probe_rows]

    def blocks(self) -> tuple[BlockCount, ...]:
        """Every block that an inference entered, by address, size and layer."""
        state = self._state
        layers = range(-1, state.layer_count)
        blocks = [
            BlockCount(b.address, b.bytes, b.instructions, layer, t.entries, t.fell_through)
            for number, b in enumerate(state.blocks[: state.block_count])
            for layer, t in zip(layers, self._tallies(number), strict=True)
            if t.entries
        ]
        return tuple(sorted(blocks, key=lambda b: (b.address, b.size, b.layer)))

    def path(self) -> Path:
        """What was recorded. It outlives the counter."""
        state = self._state
        entries = np.empty(state.path_length, np.uint32)
        if state.path_length:
            ctypes.memmove(entries.ctypes.data, state.path, entries.nbytes)
        blocks = [(b.address, b.bytes) for b in state.blocks[: state.block_count]]
        return Path(entries, np.array(blocks, np.uint32), state.layer_count + 2)

    @property
    def checked(self) -> int:
        """Accesses that were held against grants."""
        return int(self._state.checked)

    def stray(self) -> Stray | None:
        """The first of them that none allows."""
        first = self._state.first_stray
        if not first.bytes:
            return None
        return Stray(
            step=first.step - 1 if first.step else None,
            layer=first.layer,
            address=first.address,
            nbytes=first.bytes,
            written=bool(first.written),
            code=first.code,
        )

    def _tallies(self, block: int) -> list[_Tally]:
        layers = self._state.layer_count + 1
        return list(self._state.tallies[block * layers : (block + 1) * layers])

    def close(self) -> None:
        self._library.counter_close(ctypes.byref(self._state))

    def __enter__(self) -> BlockCounter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
