"""A board's serial port: found, opened, and lost."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from tinyforge.errors import ForgeError

_TICK = 0.05  # seconds that a read waits for the first byte
_WRITE_SECONDS = 5.0
_AT_ONCE = 4096


def find(*, appear_seconds: float) -> str:
    """The one USB serial port there is. ForgeError for none, and for more than one.

    appear_seconds: how long to wait for the first one.
    """
    end = time.monotonic() + appear_seconds
    found = _usb_ports()
    while not found and time.monotonic() < end:
        time.sleep(_TICK)
        found = _usb_ports()
    if len(found) == 1:
        return found[0]
    if found:
        raise ForgeError(
            f"{len(found)} serial ports: {', '.join(found)}", fix=f"choose one: --port {found[0]}"
        )
    raise ForgeError(
        "no board on a serial port",
        fix="plug it in with a USB cable that carries data, or name its port with --port",
    )


def _usb_ports() -> list[str]:
    from serial.tools import list_ports

    return sorted(str(port.device) for port in list_ports.comports() if port.vid is not None)


class SerialPort:
    """An open serial port. Every failure of it is a ForgeError."""

    def __init__(self, name: str, baud: int, *, appear_seconds: float) -> None:
        """appear_seconds: how long to wait for the port, which a USB board takes away and brings
        back when it boots."""
        self.name = name
        end = time.monotonic() + appear_seconds
        while True:
            try:
                self._serial = _opened(name, baud)
            except (OSError, ValueError) as error:
                if time.monotonic() >= end:
                    raise _not_opened(name, error) from error
                time.sleep(_TICK)
            else:
                return

    def __enter__(self) -> SerialPort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._serial.close()

    def read(self) -> bytes:
        """What has come; waits a moment for the first byte. ForgeError when the port is gone."""
        try:
            first = bytes(self._serial.read(1))
            waiting = min(self._serial.in_waiting, _AT_ONCE) if first else 0
            return first + bytes(self._serial.read(waiting)) if waiting else first
        except _failures() as error:
            raise self._gone(error) from error

    def write(self, data: bytes) -> None:
        """ForgeError when the port is gone or takes nothing any more."""
        try:
            self._serial.write(data)
        except _failures() as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> ForgeError:
        return ForgeError(
            f"the serial port failed: {error}",
            where=self.name,
            fix="plug the board in again, see that no other program uses the port, and repeat",
        )


def _opened(name: str, baud: int) -> Any:
    import serial

    return serial.Serial(name, baud, timeout=_TICK, write_timeout=_WRITE_SECONDS, exclusive=True)


def _not_opened(name: str, error: Exception) -> ForgeError:
    return ForgeError(
        f"cannot open the serial port: {error}",
        where=name,
        fix="plug the board in, close other programs that use the port (a monitor), and on Linux "
        "be in the group dialout",
    )


def _failures() -> tuple[type[Exception], ...]:
    """What an open port can raise; a terminal's own errors are no OSErrors."""
    if sys.platform == "win32":
        return (OSError,)
    import termios

    return (OSError, termios.error)
