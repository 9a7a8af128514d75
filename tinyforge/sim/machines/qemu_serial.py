"""A board in QEMU whose serial port a computer talks to, as it would to a real one."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.gdb_rsp import RemoteError
from tinyforge.sim.machines.qemu_session import command, connect

_UART = "uart"
_TICK = 0.05  # seconds that a read waits
_AT_ONCE = 4096


@dataclass(frozen=True)
class SerialLine:
    """Implements device.link.Line."""

    connection: socket.socket
    name: str = "qemu"

    def read(self) -> bytes:
        try:
            data = self.connection.recv(_AT_ONCE)
        except TimeoutError:
            return b""
        if not data:
            raise ForgeError("qemu has ended", where=self.name)
        return data

    def write(self, data: bytes) -> None:
        self.connection.settimeout(None)
        self.connection.sendall(data)
        self.connection.settimeout(_TICK)


@contextlib.contextmanager
def serial_line(firmware: Firmware) -> Iterator[SerialLine]:
    """The serial port of a board that runs the firmware, linked for QEMU's memories, as quickly as
    it can. ForgeError where QEMU is missing or does not start."""
    with serial_socket(firmware) as connection:
        yield SerialLine(connection)


@contextlib.contextmanager
def serial_socket(firmware: Firmware) -> Iterator[socket.socket]:
    """The same as a socket."""
    core = firmware.core
    assert core is not None
    assert core.qemu_machine is not None
    with tempfile.TemporaryDirectory(prefix="forge") as folder:
        process = subprocess.Popen(
            [
                *(command(), "-machine", core.qemu_machine, "-kernel", str(firmware.path)),
                *("-display", "none", "-monitor", "none"),
                *("-semihosting-config", "enable=on,target=native"),
                *("-serial", f"unix:{_UART},server=on,wait=off"),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
        )
        try:
            with connect(process, Path(folder) / _UART, _TICK) as connection:
                yield connection
        except RemoteError as error:
            raise ForgeError(f"qemu: {error}", where=str(firmware.path)) from error
        finally:
            process.kill()
            process.wait()
