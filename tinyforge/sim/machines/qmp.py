"""A client for QEMU's monitor: one JSON object a line, over a unix socket.

Source: https://www.qemu.org/docs/master/interop/qmp-spec.html
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from tinyforge.sim.machines.gdb_rsp import RemoteError


class Monitor:
    """A connection to a running QEMU."""

    def __init__(self, connection: socket.socket) -> None:
        """connection: to the monitor; its timeout, the time for any one answer."""
        self._stream = connection.makefile("rwb")
        self._answer("QMP")
        self.execute("qmp_capabilities")

    def instructions(self) -> int:
        """Instructions executed since reset; exact under -icount when the core is stopped."""
        return int(self.execute("query-replay")["icount"])

    def save_memory(self, address: int, size: int, file: Path) -> None:
        """Writes memory, as the core sees it, to a file."""
        self.execute("memsave", val=address, size=size, filename=str(file))

    def execute(self, command: str, **arguments: object) -> Any:
        """What the command returns. RemoteError when it fails or QEMU is gone."""
        request = {"execute": command, "arguments": arguments}
        try:
            self._stream.write(json.dumps(request).encode() + b"\n")
            self._stream.flush()
        except OSError as error:
            raise RemoteError(f"monitor: {error}") from error
        return self._answer("return")

    def _answer(self, key: str) -> Any:
        """The value under key in the next message that is no event."""
        while True:
            try:
                line = self._stream.readline()
            except OSError as error:
                raise RemoteError(f"monitor: {error}") from error
            if not line:
                raise RemoteError("monitor: connection closed")
            message = json.loads(line)
            if "error" in message:
                raise RemoteError(f"monitor: {message['error']['desc']}")
            if key in message:
                return message[key]
