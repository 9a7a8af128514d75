"""Work with TensorFlow in a process of its own.

TensorFlow's converter crashes on some models, prints from C++ and takes seconds to import. In a
child process none of that reaches the command: a crash, a hang or an exception is a ForgeError.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, TypeVar

from tinyforge.errors import ForgeError
from tinyforge.stages import Stages
from tinyforge.training.child import Frame, send

T = TypeVar("T")


class KilledError(ForgeError):
    """The child was killed from outside: the same work may well succeed."""


_PROGRAM = "from tinyforge.training.child import main; main()"
_WORDS = 300  # characters of what TensorFlow said last
_LOGGER = logging.getLogger("tinyforge")


def apart(work: Callable[..., T], *arguments: Any, stages: Stages, **options: Any) -> T:
    """work(*arguments, stages=..., **options) in a child process.

    work: a function at the top of a module. Progress and notes of the child are shown by stages.
    Raises the ForgeErrors that work raises, and ForgeError for a crash, any other exception, or a
    hang. However it ends, the child is gone then, and so are its temporary files.
    """
    debug = _LOGGER.isEnabledFor(logging.DEBUG)
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        log = Path(name) / "log"
        # With --debug what TensorFlow prints is the user's to see, else it may explain a crash.
        with nullcontext() if debug else log.open("wb") as chatter:
            process = _started(name, chatter)
        try:
            send(process.stdin, (work.__module__, work.__qualname__, arguments, options, debug))
            result: T = _Follower(process, stages, log).followed()
        finally:
            process.kill()
            process.communicate()
    return result


def _started(folder: str, chatter: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """-P: what lies in the user's folder under the name of a library is not imported."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=chatter,
        env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)},
    )


class _Follower:
    """Shows what a child does, until it has a result."""

    def __init__(self, process: subprocess.Popen[bytes], stages: Stages, log: Path) -> None:
        self._process = process
        self._stages = stages
        self._log = log
        self._frames: queue.Queue[Frame] = queue.Queue()
        self._shown: list[AbstractContextManager[Callable[[int], None]]] = []
        self._tell: list[Callable[[int], None]] = []
        self._title = "Start TensorFlow"
        self._seconds: float | None = None

    def followed(self) -> Any:
        # A wait for a queue can be given up, one for a pipe cannot.
        threading.Thread(target=self._read, daemon=True).start()
        try:
            while True:
                word, *values = self._next()
                if word == "result":
                    return values[0]
                getattr(self, f"_on_{word}")(*values)
        except BaseException as error:
            for stage in reversed(self._shown):
                stage.__exit__(type(error), error, error.__traceback__)
            raise

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                self._frames.put(pickle.load(self._process.stdout))  # noqa: S301 - our child's
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._frames.put(("gone",))

    def _next(self) -> Frame:
        try:
            return self._frames.get(timeout=self._seconds)
        except queue.Empty:
            raise ForgeError(
                f"TensorFlow gave no sign of life for {self._seconds:.0f} s",
                where=f"stage {self._title!r}",
                fix="leave layers out of the model until it converts, to find the one",
            ) from None

    def _on_begin(self, title: str, total: int | None) -> None:
        stage = self._stages.stage(title, total)
        self._tell.append(stage.__enter__())
        self._shown.append(stage)
        self._title = title

    def _on_tell(self, depth: int, done: int) -> None:
        self._tell[depth](done)

    def _on_end(self) -> None:
        self._tell.pop()
        self._shown.pop().__exit__(None, None, None)

    def _on_note(self, text: str) -> None:
        self._stages.note(text)

    def _on_expect(self, seconds: float | None) -> None:
        self._seconds = seconds

    def _on_refused(self, what: str, where: str, fix: str) -> None:
        raise ForgeError(what, where=where, fix=fix)

    def _on_failed(self, what: str, text: str) -> None:
        raise ForgeError(
            f"TensorFlow cannot do this: {what}",
            where=f"stage {self._title!r}",
            fix="change what it names; --debug shows all that it printed",
        ) from RuntimeError(text)

    def _on_gone(self) -> None:
        """The child ended without a word: killed by a signal (status < 0), or by exit()."""
        status = self._process.wait()
        how = f"crashed ({signal.Signals(-status).name})" if status < 0 else f"ended ({status})"
        killed = status == -signal.SIGKILL
        if killed:
            how += ", as when memory runs out"
        said = self._log.read_text(errors="replace").split() if self._log.exists() else []
        raise (KilledError if killed else ForgeError)(
            f"TensorFlow {how}{': ' if said else ''}{' '.join(said)[-_WORDS:]}",
            where=f"stage {self._title!r}",
            fix="leave layers out of the model until it converts, to find the one; or give a "
            ".tflite file that you converted yourself",
        )
