"""A QEMU process that holds firmware: started, talked to, and ended."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.gdb_rsp import GdbRemote, RemoteError
from tinyforge.sim.machines.memory import Memory
from tinyforge.sim.machines.outcome import fault
from tinyforge.sim.machines.qmp import Monitor
from tinyforge.sim.machines.semihosting import FRAMES_NAME, RESULTS_NAME

QEMU = "qemu-system-arm"

_CONSOLE, _FLASH, _RAM, _DUMP = "console.txt", "flash.bin", "ram.bin", "dump.bin"
_GDB, _MONITOR = "gdb", "monitor"
_START_SECONDS = 20.0
_MONITOR_SECONDS = 20.0
_END_SECONDS = 10.0


def command() -> str:
    """Path of qemu-system-arm. ForgeError that says how to install it."""
    found = shutil.which(QEMU)
    if found is None:
        raise ForgeError(
            f"{QEMU} is not installed",
            fix="apt-get install qemu-system-arm (macOS: brew install qemu)",
        )
    return found


@dataclass(frozen=True)
class Session:
    """remote: the debugger's side. monitor: QEMU's own. folder: where QEMU runs."""

    process: subprocess.Popen[bytes]
    remote: GdbRemote
    monitor: Monitor
    folder: Path

    def read(self, address: int, size: int) -> npt.NDArray[np.uint8]:
        """A stretch of memory; by way of a file, because the debugger's way takes seconds a MB."""
        self.monitor.save_memory(address, size, self.folder / _DUMP)
        return np.fromfile(self.folder / _DUMP, np.uint8)

    def wait(self) -> None:
        """Until QEMU has ended by itself and its files are complete."""
        self.process.wait(_END_SECONDS)

    @property
    def console(self) -> str:
        return console_of(self.folder)

    @property
    def results(self) -> bytes:
        return (self.folder / RESULTS_NAME).read_bytes()


@contextlib.contextmanager
def session(
    firmware: Firmware, inputs: npt.NDArray[np.int8], paint: int, *, seconds: float
) -> Iterator[Session]:
    """QEMU with the firmware in flash, all RAM painted, stopped at reset.

    seconds: how long the debugger waits for any one answer. ForgeError when QEMU cannot start, or
    dies; then with its own last words.
    """
    with tempfile.TemporaryDirectory(prefix="forge") as name:
        folder = Path(name)
        memory = Memory(firmware, paint)
        (folder / FRAMES_NAME).write_bytes(inputs.tobytes())
        (folder / _FLASH).write_bytes(memory.flash[: firmware.flash_bytes].tobytes())
        (folder / _RAM).write_bytes(memory.ram.tobytes())
        with (folder / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                _arguments(firmware),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        try:
            with (
                connect(process, folder / _GDB, seconds) as debugger,
                connect(process, folder / _MONITOR, _MONITOR_SECONDS) as monitor,
            ):
                yield Session(process, GdbRemote(debugger), Monitor(monitor), folder)
        except RemoteError as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)  # for its last words to be complete
            said = (folder / "errors.txt").read_text(errors="replace").strip()
            raise fault(
                f"qemu ended before the firmware did: {said or error}",
                firmware,
                console=console_of(folder),
            ) from error
        finally:
            process.kill()
            process.wait()


def console_of(folder: Path) -> str:
    file = folder / _CONSOLE
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _arguments(firmware: Firmware) -> list[str]:
    core, memory = firmware.core, firmware.memory
    assert core is not None
    assert core.qemu_machine is not None
    return [
        command(),
        *("-machine", core.qemu_machine, "-S"),
        # One instruction is one nanosecond: what makes QEMU count them.
        *("-icount", "shift=0"),
        *("-display", "none", "-serial", "none", "-monitor", "none"),
        *("-device", f"loader,file={_FLASH},addr={memory.flash.base:#x},force-raw=on"),
        *("-device", f"loader,file={_RAM},addr={memory.ram.base:#x},force-raw=on"),
        *("-chardev", f"file,id=console,path={_CONSOLE}"),
        # Native: without it a debugger's presence would reroute the calls to the debugger.
        *("-semihosting-config", "enable=on,target=native,chardev=console"),
        *("-gdb", f"unix:{_GDB},server=on,wait=off"),
        *("-qmp", f"unix:{_MONITOR},server=on,wait=off"),
    ]


def connect(process: subprocess.Popen[bytes], path: Path, timeout: float) -> socket.socket:
    """A connection to a unix socket that QEMU opens when it is ready."""
    end = time.monotonic() + _START_SECONDS
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            if process.poll() is not None or time.monotonic() > end:
                raise RemoteError(f"it did not start: {error}") from error
            time.sleep(0.01)
        else:
            connection.settimeout(timeout)
            return connection
