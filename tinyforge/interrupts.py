"""Ctrl-C: a command that is interrupted anywhere ends, and has written nothing, or all of it.

Python raises KeyboardInterrupt wherever its main thread is, and where that is a callback from
foreign code the exception is lost there. So it is remembered, and asked for before anything is
written; while files move to their places it waits.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

# The status of a command that was interrupted, as shells have it: 128 + SIGINT.
EXIT_INTERRUPTED = 130

_interrupted = threading.Event()
_written: list[Path] = []


@contextmanager
def remembered() -> Iterator[None]:
    """While this runs an interrupt is remembered; at the end it is raised if it was lost, or if
    there is another exception, which it may have led to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _raise)
    _written.clear()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        came = _interrupted.is_set()
        _interrupted.clear()
        if came:
            raise KeyboardInterrupt


def _raise(_number: int, _frame: FrameType | None) -> None:
    _interrupted.set()
    raise KeyboardInterrupt


def require_none() -> None:
    """KeyboardInterrupt where one came and was lost. Before anything is written."""
    if _interrupted.is_set():
        raise KeyboardInterrupt


@contextmanager
def writing(*paths: Path) -> Iterator[None]:
    """While files or folders move to these places an interrupt waits. KeyboardInterrupt, with
    nothing moved, where one came before; one that comes meanwhile is raised when the command ends,
    or, where there is none, here.
    """
    require_none()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _remember)
    try:
        yield
        _written.extend(paths)
    finally:
        signal.signal(signal.SIGINT, before)
        if before is not _raise and _interrupted.is_set():
            _interrupted.clear()
            raise KeyboardInterrupt


def _remember(_number: int, _frame: FrameType | None) -> None:
    _interrupted.set()


@contextmanager
def welcome() -> Iterator[None]:
    """While this runs an interrupt is how its user ends it, and nothing that went wrong."""
    try:
        yield
    except KeyboardInterrupt:
        _interrupted.clear()


def left(folder: Path) -> None:
    """A folder that has grown all along is what an interrupted command has written, too."""
    _written.append(folder)


def written() -> list[Path]:
    """What the command has written, and is still there."""
    return [path for path in _written if path.exists()]


@contextmanager
def held(stop: Callable[[], None]) -> Iterator[None]:
    """While foreign code runs that no exception may pass through: an interrupt calls stop, which is
    to end that code, and is raised behind it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def hold(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        stop()

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:  # in place of whatever the stop has led to
            raise KeyboardInterrupt
