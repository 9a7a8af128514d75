"""Work in a child process: its result, progress and errors come through; its crashes do not."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tinyforge.errors import ForgeError
from tinyforge.stages import Stages
from tinyforge.training.child import expected
from tinyforge.training.process import KilledError, apart


class Shown:
    """Stages that remember."""

    seconds = 0.0

    def __init__(self) -> None:
        self.lines: list[object] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        self.lines.append((title, total))
        try:
            yield self.lines.append
        except BaseException:
            self.lines.append("broken off")
            raise
        self.lines.append("done")

    def note(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture(autouse=True)
def findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds this file as the module `test_process`."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    for work in (well, badly):
        monkeypatch.setattr(work, "__module__", "test_process")


def well(size: int, *, stages: Stages, noise: bool = False) -> tuple[object, str, list[str]]:
    if noise:
        os.write(1, b"noise from C\n")
        sys.stderr.write("noise from Python\n")
    with stages.stage("Count", size) as tell, stages.stage("Within") as inner:
        tell(1)
        inner(7)
    stages.note("a note")
    loaded = [m for m in sys.modules if m in ("tensorflow", "keras", "h5py")]
    return np.arange(size), tempfile.gettempdir(), loaded


def badly(how: str, *, stages: Stages) -> None:
    os.write(2, b"last words\n")
    with stages.stage("Break"):
        if how == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif how == "exit":
            os._exit(3)
        elif how == "raise":
            raise ValueError("first line\nno kernel for that")
        elif how == "refuse":
            raise ForgeError("this is wrong", where="layer 'x'", fix="leave it out")
        elif how == "hang":
            with expected(0.4) as alive:
                time.sleep(0.3)
                alive()
                time.sleep(60)
        time.sleep(60)


def test_result_progress_and_notes_come_through(capfd: pytest.CaptureFixture[str]) -> None:
    shown = Shown()
    values, folder, heavy = apart(well, 3, stages=shown, noise=True)
    assert np.array_equal(values, [0, 1, 2])
    assert shown.lines == [("Count", 3), ("Within", None), 1, 7, "done", "done", "a note"]
    assert not Path(folder).exists()  # where its temporary files were
    assert heavy == []  # nothing is imported that the work does not need
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("crash", r"TensorFlow crashed \(SIGSEGV\): last words"),
        ("kill", r"TensorFlow crashed \(SIGKILL\), as when memory runs out: last words"),
        ("exit", r"TensorFlow ended \(3\): last words"),
        ("raise", "TensorFlow cannot do this: ValueError: no kernel for that"),
        ("refuse", "this is wrong"),
        ("hang", "no sign of life for 0 s"),
    ],
)
def test_what_goes_wrong_there_is_a_forge_error(how: str, what: str) -> None:
    shown = Shown()
    begun = time.monotonic()
    with pytest.raises(ForgeError, match=what) as error:
        apart(badly, how, stages=shown)
    assert time.monotonic() - begun < 30
    assert "Break" in error.value.where or how == "refuse"
    assert error.value.fix
    assert isinstance(error.value, KilledError) == (how == "kill")
    if how == "refuse":
        assert (error.value.where, error.value.fix) == ("layer 'x'", "leave it out")
    assert shown.lines[0] == ("Break", None)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Where tests run in the background, a shell lets them ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_the_child() -> None:
    timer = threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        apart(badly, "sleep", stages=Shown())
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in mine]
    assert not any("tinyforge.training.child" in line for line in lines)


def test_what_lies_in_the_user_s_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('not numpy')")
    monkeypatch.chdir(tmp_path)
    assert len(apart(well, 2, stages=Shown())[0]) == 2  # type: ignore[arg-type]
