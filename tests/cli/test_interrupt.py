"""Ctrl-C at any moment: status 130, nothing written, nothing left behind, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tinyforge import interrupts
from tinyforge.tflite import write

MANY = 4000


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("Choose golden", 0.05),
        ("Build the firmware", 0.2),
        ("Ask TensorFlow", 0.1),
        ("Prove", 0.3),  # within the emulator, in foreign code and its callbacks
        ("Prove", 0.7),
    ],
)
def test_an_interrupted_build_leaves_nothing(moment: str, seconds: float, tmp_path: Path) -> None:
    graph = models.classifier(1)
    (tmp_path / "small.tflite").write_bytes(write(graph))
    rng = np.random.default_rng(0)
    inputs = rng.integers(-128, 128, (MANY, graph.input_bytes)).astype(np.int8)
    np.savez(tmp_path / "x.npz", inputs=inputs)
    own = tmp_path / "temporary"
    own.mkdir()
    command = ["build", "small.tflite", "--inputs", "x.npz", "--machine", "unicorn", "-o", "out"]
    child = subprocess.Popen(
        [sys.executable, "-m", "tinyforge", *command],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(own)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    with child:
        assert child.stderr is not None
        for line in child.stderr:
            said.append(line)
            if moment in line:
                time.sleep(seconds)
                child.send_signal(signal.SIGINT)
                break
        said += child.stderr.readlines()
    assert child.returncode == interrupts.EXIT_INTERRUPTED, "".join(said)
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in "".join(said)
    assert "nothing was written" in said[-1]
    assert list(own.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.tflite", "temporary", "x.npz"]


def test_an_interrupt_that_was_lost_is_raised_in_the_end() -> None:
    def lose() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
        except KeyboardInterrupt:
            pass

    with pytest.raises(KeyboardInterrupt), interrupts.remembered():
        lose()


def test_foreign_code_is_stopped_and_then_interrupted() -> None:
    stopped = threading.Event()
    with pytest.raises(KeyboardInterrupt), interrupts.held(stopped.set):
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(5)
