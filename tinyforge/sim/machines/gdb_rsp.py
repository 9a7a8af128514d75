"""A client for the GDB remote serial protocol, as much of it as driving QEMU takes.

Source: https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html
"""

from __future__ import annotations

import contextlib
import socket

# QEMU takes packets of 4096 characters; two characters a byte, and a header.
_CHUNK = 1984

_REGISTERS = {"sp": 13, "lr": 14, "pc": 15}


class RemoteError(Exception):
    """The other side went away or refused a request."""


class RemoteTimeout(RemoteError):  # noqa: N818 - as TimeoutError is
    """The other side did not answer in time."""


class GdbRemote:
    """A connection to a gdb stub. Addresses are the target's."""

    def __init__(self, connection: socket.socket) -> None:
        """connection: to a stub; its timeout, the time for any one answer."""
        self._socket = connection
        self._buffer = b""
        # QEMU answers questions about single registers only to those who asked for their layout.
        self._ask("qXfer:features:read:target.xml:0,ffb")

    def read_memory(self, address: int, size: int) -> bytes:
        """RemoteError where there is no memory."""
        parts = []
        for start in range(0, size, _CHUNK):
            count = min(_CHUNK, size - start)
            parts.append(bytes.fromhex(self._ask(f"m{address + start:x},{count:x}")))
        return b"".join(parts)

    def write_memory(self, address: int, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            part = data[start : start + _CHUNK]
            self._ask(f"M{address + start:x},{len(part):x}:{part.hex()}")

    def read_register(self, name: str) -> int:
        """sp, lr or pc."""
        number = _REGISTERS[name]
        return int.from_bytes(bytes.fromhex(self._ask(f"p{number:x}")), "little")

    def insert_breakpoint(self, address: int) -> None:
        self._ask(f"Z0,{address:x},2")

    def remove_breakpoint(self, address: int) -> None:
        self._ask(f"z0,{address:x},2")

    def resume(self) -> int | None:
        """Runs until a breakpoint: None; or until the program exits: its status.

        RemoteTimeout when neither happens in time; the target still runs then.
        """
        return self._stopped(self._ask("c"))

    def step(self) -> None:
        """Executes one instruction."""
        self._stopped(self._ask("s"))

    def interrupt(self) -> None:
        """Stops a target that resume gave up waiting for."""
        self._send(b"\x03")
        self._receive()

    def _stopped(self, reply: str) -> int | None:
        if reply.startswith("W"):
            return int(reply[1:3], 16)
        if not reply.startswith(("S", "T")):
            raise RemoteError(f"unexpected stop reply {reply!r}")
        return None

    def _ask(self, request: str) -> str:
        """Sends a packet, returns the answer's text. RemoteError when it is refused."""
        body = request.encode("ascii")
        self._send(b"$" + body + b"#%02x" % (sum(body) % 256))
        reply = self._receive()
        if not reply or reply.startswith("E"):
            raise RemoteError(f"request {request[:40]!r} was refused: {reply!r}")
        return reply

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise RemoteError(f"connection lost: {error}") from error

    def _receive(self) -> str:
        """The next packet; acknowledged. Checksums are not looked at: a local socket has none."""
        while True:
            start = self._buffer.find(b"$")
            end = self._buffer.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self._buffer) - 3:
                packet = self._buffer[start + 1 : end]
                self._buffer = self._buffer[end + 3 :]
                self._acknowledge()
                return packet.decode("ascii")
            self._fill()

    def _acknowledge(self) -> None:
        # After its last packet, that the program has exited, the other side may be gone.
        with contextlib.suppress(OSError):
            self._socket.sendall(b"+")

    def _fill(self) -> None:
        try:
            data = self._socket.recv(65536)
        except TimeoutError as error:
            raise RemoteTimeout("no answer in time") from error
        except OSError as error:
            raise RemoteError(f"connection lost: {error}") from error
        if not data:
            raise RemoteError("connection closed")
        self._buffer += data
