"""Ctrl-C at any moment: status 130, nothing written, nothing left behind, no traceback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.device import emulated
from tinyforge import interrupts
from tinyforge.cli.ui import Ui
from tinyforge.errors import ForgeError
from tinyforge.files import write_files
from tinyforge.project import writer
from tinyforge.project.ini import LOCAL
from tinyforge.tflite import write
from tinyforge.training import runtime

MANY = 40_000
SOON = 8.0  # seconds until an interrupted command has ended
# What a test's processes are known by, their children's children too.
_MARK = "TINYFORGE_TEST_INTERRUPTED"


def interrupted(
    folder: Path, command: Sequence[str], moment: str, seconds: float, *, group: bool = False
) -> None:
    """Runs a command in a folder and interrupts it so long after it has told of a stage.

    group: as a terminal does it, which interrupts the command's children as well. Nothing may be
    there then that was not before, neither files nor processes.
    """
    own = folder / "temporary"
    own.mkdir()
    before = listed(folder)
    child = subprocess.Popen(
        [sys.executable, "-m", "tinyforge", *command],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(own), _MARK: str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = []
    with child:
        assert child.stderr is not None
        for line in child.stderr:
            said.append(line)
            if moment in line:
                time.sleep(seconds)
                assert child.poll() is None, f"too late: {said}"
                (os.killpg if group else os.kill)(child.pid, signal.SIGINT)
                break
        started = time.monotonic()
        said += child.stderr.readlines()
    assert child.returncode == interrupts.EXIT_INTERRUPTED, "".join(said)
    assert time.monotonic() - started < SOON
    assert "Traceback" not in "".join(said)
    assert "nothing was written" in said[-1]
    assert listed(folder) == before
    assert running(folder) == []


def listed(folder: Path) -> list[Path]:
    """All but what PlatformIO and Python compile, which stays for the next time."""
    return sorted(p for p in folder.rglob("*") if not {".pio", "__pycache__"} & {*p.parts})


def running(folder: Path) -> list[str]:
    """Command lines of processes that a command in that folder has left; they get a moment."""
    mark = f"{_MARK}={folder}".encode()
    for _ in range(20):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().decode())
        if not found:
            break
        time.sleep(0.1)
    return found


def small(folder: Path) -> None:
    """A model, and more inputs than are proved in a moment."""
    graph = models.classifier(1)
    (folder / "small.tflite").write_bytes(write(graph))
    rng = np.random.default_rng(0)
    inputs = rng.integers(-128, 128, (MANY, graph.input_bytes)).astype(np.int8)
    np.savez(folder / "x.npz", inputs=inputs)


@pytest.mark.parametrize(
    ("machine", "moment", "seconds", "group"),
    [
        ("unicorn", "Choose golden", 0.05, False),
        ("unicorn", "Build the firmware", 0.2, False),
        ("unicorn", "Ask TensorFlow", 0.1, True),
        ("unicorn", "Prove 40", 0.3, False),  # within the emulator, in foreign code and callbacks
        ("unicorn", "Prove 40", 0.7, True),
        ("qemu", "Prove 40", 0.05, False),
        ("qemu", "Prove 40", 0.7, True),
        ("native", "Build the firmware", 0.2, True),
        ("native", "Prove 40", 0.1, False),
        ("native", "Prove 40", 0.5, True),
    ],
)
def test_an_interrupted_build_leaves_nothing(
    machine: str, moment: str, seconds: float, group: bool, tmp_path: Path
) -> None:
    small(tmp_path)
    command = ["build", "small.tflite", "--inputs", "x.npz", "--machine", machine, "-o", "out"]
    interrupted(tmp_path, command, moment, seconds, group=group)


@pytest.mark.parametrize("group", [False, True], ids=["command", "terminal"])
def test_an_interrupted_proof_on_a_board(group: bool, tmp_path: Path) -> None:
    """A serial port at which nobody answers."""
    emulated.generate(models.classifier(1), tmp_path)
    here, there = socket.socketpair()
    with here, emulated.wire_to(there) as wire:
        command = ["flash", "project", "--no-upload", "--port", wire.port]
        interrupted(tmp_path, command, "Prove", 0.5, group=group)


_WAITING = """\
[env:nrf52840_dk_selftest]
extends = env:sim
extra_scripts = pre:wait.py
"""


@pytest.mark.parametrize("group", [False, True], ids=["command", "terminal"])
def test_an_interrupted_upload(
    group: bool,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SCons, which PlatformIO starts, and what that starts."""
    core = tmp_path_factory.getbasetemp() / "pio"
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(core))
    project = emulated.generate(models.classifier(1), tmp_path)
    (project / LOCAL).write_text(_WAITING)
    (project / "wait.py").write_text("import subprocess\nsubprocess.run(['sleep', '600'])\n")
    command = ["flash", "project", "--port", "nowhere"]
    interrupted(tmp_path, command, "Build and upload", 4.0, group=group)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A .keras file."""
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    keras = runtime.keras()
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    with runtime.quiet():
        keras.Sequential(layers).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("command", "moment", "seconds", "group"),
    [
        ("quantize", "Load the model", 0.5, False),  # while TensorFlow is imported
        ("quantize", "Quantize to int8", 0.05, True),
        ("prune", "Load the model", 0.5, True),
        ("prune", "Prune and fine-tune", 0.5, False),
    ],
)
def test_an_interrupted_conversion(
    command: str, moment: str, seconds: float, group: bool, model: bytes, tmp_path: Path
) -> None:
    (tmp_path / "model.keras").write_bytes(model)
    given = [command, "model.keras", "--data", "doodles", "--range", "0..1", "-o", "out"]
    given += ["--quick"] if command == "prune" else []
    interrupted(tmp_path, given, moment, seconds, group=group)


def test_an_interrupt_that_was_lost_is_raised_in_the_end() -> None:
    def lose() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
        except KeyboardInterrupt:
            pass

    with pytest.raises(KeyboardInterrupt), interrupts.remembered():
        lose()


def test_an_error_that_an_interrupt_led_to_is_an_interrupt() -> None:
    def mistaken() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
        except KeyboardInterrupt:
            raise ForgeError("the child ended") from None

    with pytest.raises(KeyboardInterrupt), interrupts.remembered():
        mistaken()


def test_what_was_written_before_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file and a folder, and one that was only for a while; the interrupt comes behind them."""
    passing, kept = tmp_path / "passing", tmp_path / "kept"
    with pytest.raises(SystemExit) as ended, Ui().errors():
        write_files({tmp_path / "file": "x"})
        write_files({tmp_path / "tool": "x"}, asked_for=False)
        writer.write({"a": "b"}, passing)
        shutil.rmtree(passing)
        writer.write({"a": "b"}, kept)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
    assert ended.value.code == interrupts.EXIT_INTERRUPTED
    assert capsys.readouterr().err == f"interrupted: written: {tmp_path / 'file'}, {kept}\n"


def test_an_interrupt_waits_while_files_move(tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    with pytest.raises(KeyboardInterrupt), interrupts.remembered():
        with interrupts.writing(moved):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            moved.touch()
        assert interrupts.written() == [moved]
    assert moved.exists()
    with pytest.raises(KeyboardInterrupt), interrupts.writing(moved):
        os.kill(os.getpid(), signal.SIGINT)
        moved.unlink()
    assert not moved.exists()
    interrupts.require_none()


def test_foreign_code_is_stopped_and_then_interrupted() -> None:
    stopped = threading.Event()
    with pytest.raises(KeyboardInterrupt), interrupts.held(stopped.set):
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(5)


_DONE = """\
import os, signal, sys
from tinyforge.__main__ import main
sys.argv = ["tinyforge", "--help"]
try:
    main()
except SystemExit as ended:
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(ended.code)
"""


def test_when_all_is_done_there_is_nothing_to_interrupt() -> None:
    done = subprocess.run([sys.executable, "-c", _DONE], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
