"""Arm semihosting as firmware/ports/sim uses it, for an emulator that brings none.

Source: https://github.com/ARM-software/abi-aa, semihosting.rst.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from tinyforge.errors import ForgeError
from tinyforge.sim.machines.memory import Memory

FRAMES_NAME = "frames.bin"
RESULTS_NAME = "results.bin"

_FRAMES, _RESULTS = 1, 2
_FAILED = 0xFFFFFFFF

# An instruction a cycle at 100 MHz, the clock of the firmware's port: the same in every run.
TICKS_PER_SECOND = 100_000_000


class Semihosting:
    """The host's side: frames in, results out, console text, the end.

    console: text printed so far. results: bytes written so far. status: what the firmware ended
    with, None while it runs. frames_read: frames handed over, or begun to be, row by row.
    """

    def __init__(
        self, memory: Memory, frames: bytes, frame_bytes: int, ticks: Callable[[], int]
    ) -> None:
        """frames: all inputs, one after the other, frame_bytes each. ticks: what the firmware
        takes for its clock, TICKS_PER_SECOND of them."""
        self.console = ""
        self.results = bytearray()
        self.status: int | None = None
        self.frames_read = 0
        self._memory = memory
        self._frames = frames
        self._frame_bytes = frame_bytes
        self._frames_position = 0
        self._ticks = ticks
        self._operations: dict[int, Callable[[int], int]] = {
            0x01: self._open,
            0x04: self._print,
            0x05: self._write,
            0x06: self._read,
            0x20: self._exit,
            0x30: self._elapsed,
            0x31: lambda _argument: TICKS_PER_SECOND,
        }

    @property
    def activity(self) -> tuple[int, int, int]:
        """Differs from an earlier one when the firmware has read, written or printed since."""
        return self.frames_read, len(self.results), len(self.console)

    def call(self, operation: int, argument: int) -> int:
        """Serves one call; returns what the firmware finds in r0.

        ForgeError when the operation is unknown, IndexError for an argument outside of memory.
        """
        if operation not in self._operations:
            raise ForgeError(f"the firmware asks for semihosting operation 0x{operation:x}")
        return self._operations[operation](argument)

    def _words(self, argument: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self._memory.read(argument, 4 * count))

    def _open(self, argument: int) -> int:
        name, _mode, length = self._words(argument, 3)
        names = {FRAMES_NAME.encode(): _FRAMES, RESULTS_NAME.encode(): _RESULTS}
        return names.get(self._memory.read(name, length), _FAILED)

    def _print(self, argument: int) -> int:
        text = bytearray()
        while (byte := self._memory.read(argument + len(text), 1)) != b"\0":
            text += byte
        self.console += text.decode("utf-8", "replace")
        return 0

    def _write(self, argument: int) -> int:
        handle, address, size = self._words(argument, 3)
        if handle != _RESULTS:
            return size
        self.results += self._memory.read(address, size)
        return 0

    def _read(self, argument: int) -> int:
        """A frame or a piece of one; returns how many of the bytes asked for there are not."""
        handle, address, size = self._words(argument, 3)
        if handle != _FRAMES or not self._frames:
            return size
        if size == 0 or self._frames_position % self._frame_bytes + size > self._frame_bytes:
            raise ForgeError(
                f"the firmware reads frames of {size} bytes, the inputs have {self._frame_bytes}",
                fix="give inputs of the shape that the model was built for",
            )
        piece = self._frames[self._frames_position : self._frames_position + size]
        if len(piece) < size:
            return size
        self._memory.write(address, piece)
        self._frames_position += size
        self.frames_read = -(-self._frames_position // self._frame_bytes)
        return 0

    def _elapsed(self, argument: int) -> int:
        self._memory.write(argument, struct.pack("<Q", self._ticks()))
        return 0

    def _exit(self, argument: int) -> int:
        _reason, self.status = self._words(argument, 2)
        return 0
