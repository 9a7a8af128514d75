"""The child's side of process.py: work that tells its parent how it goes.

Frames go both ways, pickled: (module, function, arguments, options, debug) comes on stdin; on
stdout go words with their values, and last ("result", value), ("refused", what, where, fix) or
("failed", what, traceback).
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from tinyforge.errors import ForgeError

Frame = tuple[Any, ...]

_SECONDS = 600.0  # a conversion is done in a few, or says how far it is
_WORDS = 300  # characters of an exception

_parent: IO[bytes] | None = None  # None in a process that is nobody's child


def send(stream: IO[bytes] | None, frame: Frame) -> None:
    assert stream is not None
    try:
        pickle.dump(frame, stream)
        stream.flush()
    except BrokenPipeError:
        return  # the other end is gone, which is noticed where its answer is waited for


@contextmanager
def expected(seconds: float = _SECONDS) -> Iterator[Callable[[], None]]:
    """While it lasts the process counts as hung if it says nothing for so long.

    Gives the function that says that it is still alive.
    """

    def alive() -> None:
        if _parent:
            send(_parent, ("expect", seconds))

    alive()
    try:
        yield alive
    finally:
        if _parent:
            send(_parent, ("expect", None))


class _Remote:
    """Stages that the parent shows."""

    seconds = 0.0  # since the command began: its parent knows

    def __init__(self) -> None:
        self._depth = 0

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        depth = self._depth
        send(_parent, ("begin", title, total))
        self._depth += 1
        try:
            yield lambda done: send(_parent, ("tell", depth, done))
        finally:
            self._depth -= 1
            send(_parent, ("end",))

    def note(self, text: str) -> None:
        send(_parent, ("note", text))


def main() -> None:
    """Does what stdin asks for. Stdin's end means that the parent is gone."""
    global _parent  # noqa: PLW0603 - there is one parent a process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends this process
    _parent = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # stdout takes frames alone
    module, name, arguments, options, debug = pickle.load(sys.stdin.buffer)  # noqa: S301 - ours
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if debug:
        logging.getLogger("tinyforge").setLevel(logging.DEBUG)
    try:
        work = getattr(importlib.import_module(module), name)
        frame: Frame = ("result", work(*arguments, stages=_Remote(), **options))
    except ForgeError as error:
        frame = ("refused", error.what, error.where, error.fix)
    except BaseException as error:
        last = (str(error).strip().splitlines() or [""])[-1]
        what = f"{type(error).__name__}: {last.strip()[:_WORDS]}"
        frame = ("failed", what, traceback.format_exc())
    send(_parent, frame)
    os._exit(0)  # what libraries do at exit takes its time, and may crash after all went well


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
