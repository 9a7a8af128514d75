"""A project's port for Arduino on two microcontrollers' own UARTs, from reset, in labwired.

The Arduino core is not here: registers/ stands in for the little of it that the port calls.
labwired's UARTs take no time, and look neither at pins nor at speed. What runs is code for a
Cortex-M0+, as gcc makes it: labwired 0.25 does not know all instructions of the Cortex-M4 that
these microcontrollers have, and of a Cortex-M0+'s it makes a wrong sum of `add pc, r6`, which
zig's jump tables are made of.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.device import emulated
from tests.device.emulated import VECTORS, Quiet, Wire
from tinyforge.boards import load
from tinyforge.boards.cores import core_named
from tinyforge.device.flash import flash
from tinyforge.project.layout import SELFTEST, sources_for
from tinyforge.proof.record import Proof
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains import toolchain
from tinyforge.simulate import golden_examples

labwired = pytest.importorskip("labwired")

REGISTERS = Path(__file__).parent / "registers"
GRAPH = models.classifier(1)

# What labwired calls a board's microcontroller; so do the files in registers/.
CHIPS = {"nrf52840_dk": "nrf52840", "disco_f407vg": "stm32f407"}


@pytest.fixture(scope="module", params=CHIPS)
def board(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def project(board: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(board, tmp_path_factory.mktemp("project"))


def generated(board: str, folder: Path) -> Path:
    return emulated.generate(GRAPH, folder, board=board)


def build(
    project: Path, board: str, *, selftest: bool = False, core: str = "cortex-m0plus"
) -> Firmware:
    """The application, or the self-test that answers a computer, for the board's memories."""
    sources, include = sources_for(project, "aot", "arduino")
    if selftest:
        own = (project / "src" / SELFTEST).glob("*.c")
        sources = (*(path for path in sources if path.name != "main.c"), *sorted(own))
    bare = [project / "src" / "ports" / "sim" / name for name in ("startup.c", "libc.c")]
    return toolchain("gcc").build(
        [*sources, *bare, REGISTERS / f"{CHIPS[board]}.cpp"],
        include=[*include, REGISTERS],
        core=core_named(core),
        memory=load(board).memory_map(),
        output=project.parent / f"build-{core}-{selftest}" / "firmware.elf",
    )


@contextlib.contextmanager
def on_a_wire(firmware: Firmware, board: str) -> Iterator[Wire]:
    """The firmware, running."""
    ours, theirs = socket.socketpair()
    end = threading.Event()
    running = threading.Thread(target=emulate, args=(firmware, board, theirs, end))
    running.start()
    with theirs, emulated.wire_to(ours) as wire:
        try:
            yield wire
        finally:
            end.set()
            running.join()


def emulate(firmware: Firmware, board: str, line: socket.socket, end: threading.Event) -> None:
    """Until the end, with the UART on the line."""
    line.setblocking(False)
    with labwired.Sim(firmware.path, chip=CHIPS[board]) as chip:
        while not end.is_set():
            with contextlib.suppress(BlockingIOError):
                chip.send_bytes(line.recv(4096))
            chip.run_for("100us")
            line.sendall(chip.read_uart_bytes())


def said_at_boot(firmware: Firmware, board: str) -> str:
    with labwired.Sim(firmware.path, chip=CHIPS[board]) as chip:
        return str(chip.expect(r"(PASS|FAIL|fault).*\n", timeout="1s").text)


def proved(project: Path, wire: Wire, *, layers: bool = False) -> Proof:
    return flash(project, Quiet(), port=wire.port, upload=False, layers=layers)[0]


def test_the_self_test_passes_at_boot(project: Path, board: str) -> None:
    assert said_at_boot(build(project, board), board) == f"PASS: {VECTORS} golden vectors\n"


def test_a_wrong_constant_is_said_at_boot(board: str, tmp_path: Path) -> None:
    project = generated(board, tmp_path)
    weights = project / "src" / "aot" / "weights.c"
    first = r"(forge_layer_3_bias\[3\] = {\s*-?)"
    text, count = re.subn(first, r"\g<1>9", weights.read_text())
    assert count == 1
    weights.write_text(text)
    assert said_at_boot(build(project, board), board).startswith("FAIL: golden vector")


def test_every_layer_is_proved_over_the_uart(project: Path, board: str) -> None:
    with on_a_wire(build(project, board, selftest=True), board) as wire:
        proof = proved(project, wire, layers=True)
    assert proof.bit_exact
    assert (proof.inputs, proof.board) == (VECTORS, board)


def test_inputs_are_answered_over_the_uart(project: Path, board: str, tmp_path: Path) -> None:
    golden = golden_examples(project)
    assert golden.outputs is not None
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, inputs=golden.inputs.reshape(-1, *GRAPH.input_tensors[0].shape))
    with on_a_wire(build(project, board), board) as wire:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tinyforge", "monitor", str(project)),
                *("--port", wire.port, "--inputs", str(inputs), "--json"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    answers = [answer["answer"] for answer in json.loads(done.stdout)["answers"]]
    assert answers == [f"class {n}" for n in golden.outputs.argmax(axis=1)]


def test_a_processor_that_skips_instructions_is_found_out(tmp_path: Path) -> None:
    """labwired passes over a Cortex-M4's SXTB16 and SXTAB16, which dense layers need."""
    board = "disco_f407vg"
    project = generated(board, tmp_path)
    firmware = build(project, board, core="cortex-m4")
    assert said_at_boot(firmware, board).startswith("FAIL: golden vector 0, output 0")
    with on_a_wire(build(project, board, selftest=True, core="cortex-m4"), board) as wire:
        proof = proved(project, wire)
    assert proof.first_difference is not None
    assert proof.first_difference.op == "FULLY_CONNECTED"
