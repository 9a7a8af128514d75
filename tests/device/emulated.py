"""A board that is not there: self-test firmware in QEMU, its UART behind a pseudo-terminal.

What opens the terminal sees a serial port. Everything on the line passes a thread here, which can
damage it, hold it back, and take the port away.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from tinyforge import generation
from tinyforge.boards.cores import core_named
from tinyforge.graph import Graph
from tinyforge.project.layout import SELFTEST, sources_for
from tinyforge.project.writer import write
from tinyforge.proof.examples import synthetic
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory
from tinyforge.sim.machines.qemu_serial import serial_socket
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite
from tinyforge.spec import EngineChoice, FeedChoice, Spec
from tinyforge.tflite import write as to_tflite

# What comes off the board, or goes to it, as it is passed on.
Change = Callable[[bytes], bytes]

# Golden vectors of a project.
VECTORS = 6


class Quiet:
    """Stages of which nobody is told."""

    seconds = 0.0

    @contextlib.contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        yield lambda steps: None

    def note(self, text: str) -> None:
        pass


def generate(
    graph: Graph,
    folder: Path,
    *,
    board: str = "nrf52840_dk",
    engine: EngineChoice = "aot",
    feed: FeedChoice = "frame",
    layer_tests: bool = False,
    tflm_library: str | None = None,
) -> Path:
    """A project's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "model.tflite"
    model.write_bytes(to_tflite(graph))
    # For size, layers run within others, which is harder to get right.
    settings = Spec(
        board=board,
        engine=engine,
        feed=feed,
        layer_tests=layer_tests,
        tflm_library=tflm_library,
        optimize="size",
    )
    source = open_tflite(model, Quiet())
    examples = synthetic(source.graph, VECTORS, seed=0)
    made = generation.generate(source, examples, settings, Quiet())
    return write(made.files, folder / "project")


def build(project: Path, core: str = "cortex-m4", *, identity: str = "aot") -> Firmware:
    """The self-test's firmware from a project's own sources, for QEMU's board with this core.

    identity: the engine that it says it is; what runs is always the compiled model.
    """
    sources, include = sources_for(project, "aot", "sim")
    own = sorted((project / "src" / SELFTEST).glob("*.c"))
    model = core_named(core)
    return toolchain("zig").build(
        [
            *(path for path in sources if path.name not in ("main.c", "identity.c")),
            project / "src" / identity / "identity.c",
            *own,
        ],
        include=include,
        core=model,
        memory=qemu_memory(model),
        output=project.parent / f"build-{core}" / "firmware.elf",
    )


class Wire:
    """The line between terminal and board. to_board, from_board: what it does to the bytes.

    port: the serial port's name.
    """

    def __init__(self, board: socket.socket) -> None:
        self.to_board: Change = bytes
        self.from_board: Change = bytes
        self._board = board
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._gone = False
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """Takes the port away, as when a cable is pulled."""
        self._gone = True

    def put(self, data: bytes) -> None:
        """Bytes that seem to come from the board."""
        os.write(self._master, data)

    def close(self) -> None:
        self.pull()
        self._thread.join()

    def _pass_on(self) -> None:
        with contextlib.suppress(OSError):
            while not self._gone:
                ready, _, _ = select.select([self._master, self._board], [], [], 0.01)
                if self._master in ready:
                    self._board.sendall(self.to_board(os.read(self._master, 4096)))
                if self._board in ready:
                    data = self._board.recv(4096)
                    if not data:
                        break
                    os.write(self._master, self.from_board(data))
        os.close(self._slave)
        os.close(self._master)


@contextlib.contextmanager
def wire_to(peer: socket.socket) -> Iterator[Wire]:
    """A wire to anything with a socket."""
    wire = Wire(peer)
    try:
        yield wire
    finally:
        wire.close()
        peer.close()


@contextlib.contextmanager
def board(firmware: Firmware) -> Iterator[Wire]:
    """The firmware, running."""
    with serial_socket(firmware) as connection, wire_to(connection) as wire:
        yield wire
