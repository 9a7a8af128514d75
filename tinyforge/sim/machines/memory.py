"""The flash and RAM of an emulated microcontroller, as arrays that the emulator works on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.sim.elf import Firmware, contains

_ERASED = 0xFF


class Memory:
    """flash, ram: uint8, as large as the memory map says."""

    def __init__(self, firmware: Firmware, paint: int) -> None:
        """Flash holds the firmware, and ones elsewhere; every byte of RAM is paint."""
        self._map = firmware.memory
        self.flash = np.full(self._map.flash.size, _ERASED, np.uint8)
        self.ram = np.full(self._map.ram.size, paint, np.uint8)
        for segment in firmware.segments:
            start = segment.address - self._map.flash.base
            self.flash[start : start + len(segment.data)] = np.frombuffer(segment.data, np.uint8)

    def view(self, address: int, size: int) -> npt.NDArray[np.uint8]:
        """size bytes of flash or RAM. IndexError where there is no memory."""
        for region, data in ((self._map.flash, self.flash), (self._map.ram, self.ram)):
            if contains(region, address, size):
                return data[address - region.base : address - region.base + size]
        raise IndexError(f"{size} bytes at 0x{address:08x} are not in memory")

    def read(self, address: int, size: int) -> bytes:
        return self.view(address, size).tobytes()

    def write(self, address: int, data: bytes) -> None:
        """IndexError unless the bytes lie in RAM."""
        if not contains(self._map.ram, address, len(data)):
            raise IndexError(f"{len(data)} bytes at 0x{address:08x} are not in RAM")
        self.view(address, len(data))[:] = np.frombuffer(data, np.uint8)
