"""Drives tinyforge/sim/replay.c, which follows a second run along the first one's path."""

from __future__ import annotations

import ctypes

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.sim.cycles.code import code_table
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.block_counter import Path
from tinyforge.sim.machines.compiled import library

_U32 = ctypes.c_uint32
_U64 = ctypes.c_uint64
_POINTER = ctypes.c_void_p
_FIRST_LAYER = 2  # its part


class _Replay(ctypes.Structure):
    """Mirrors replay in replay.c."""

    _fields_ = (
        ("read_register", _POINTER),
        ("counter_register", ctypes.c_int32),
        ("flash_base", _U32),
        ("code", _POINTER),
        ("blocks", _POINTER),
        ("path", _POINTER),
        ("path_length", _U64),
        ("clock_count", _U32),
        ("clocks", _POINTER),
        ("part_count", _U32),
        ("cycles", _POINTER),
        ("since", _POINTER),
        ("unaligned_extra", _POINTER),
        ("lost", _U64),
        ("at", _U64),
        ("block", _U32),
        ("repeats", _U32),
        ("address", _U32),
        ("end", _U32),
        ("moved", _U32),
        ("data", _U32),
        ("part", _U32),
    )


class Replay:
    """Clocks and a tally of unaligned accesses over one run. Its hook must see every access from
    the first frame on."""

    def __init__(
        self,
        firmware: Firmware,
        path: Path,
        opened: ctypes.Array[ctypes.c_void_p],
        *,
        read_register: ctypes.c_void_p,
        counter_register: int,
    ) -> None:
        """read_register: address of the emulator's uc_reg_read. counter_register: its id of PC.
        ForgeError for code that cannot be decoded."""
        self._firmware = firmware
        self._cycles = np.zeros((len(opened), path.parts), np.uint64)
        self._unaligned = np.zeros(path.parts, np.uint64)
        code = code_table(firmware, path.code())
        since = np.zeros(len(opened), np.uint64)
        self._kept = (path, opened, code, since)
        self._state = _Replay(
            read_register=read_register,
            counter_register=counter_register,
            flash_base=firmware.memory.flash.base,
            code=code.ctypes.data,
            blocks=path.blocks.ctypes.data,
            path=path.entries.ctypes.data,
            path_length=len(path.entries),
            clock_count=len(opened),
            clocks=ctypes.addressof(opened),
            part_count=path.parts,
            cycles=self._cycles.ctypes.data,
            since=since.ctypes.data,
            unaligned_extra=self._unaligned.ctypes.data,
        )

    @property
    def hook(self) -> ctypes.c_void_p:
        """The hook of data accesses."""
        return ctypes.cast(library().replay_access, ctypes.c_void_p)

    @property
    def user(self) -> ctypes.c_void_p:
        """What the hook wants as user data."""
        return ctypes.c_void_p(ctypes.addressof(self._state))

    def finish(self) -> None:
        """The run is over. ForgeError where it did not take the path."""
        library().replay_finish(ctypes.byref(self._state))
        if self._state.lost:
            raise ForgeError(
                f"{self._state.lost:,} of its accesses to memory could not be attributed",
                where=str(self._firmware.path),
                fix="report this model as a defect of tinyforge",
            )

    def unaligned_extra(self) -> dict[int, int]:
        """Bus accesses more than aligned ones would take, by layer, -1 for outside of layers."""
        return _by_layer(self._unaligned)

    def cycles(self) -> tuple[dict[int, int], ...]:
        """By layer too, for each clock."""
        return tuple(map(_by_layer, self._cycles))


def _by_layer(parts: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> dict[int, int]:
    return {part - _FIRST_LAYER: int(count) for part, count in enumerate(parts) if part}
