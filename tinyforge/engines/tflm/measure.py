"""Runs in a process of its own: what arena TensorFlow Lite Micro's own package takes for a model.

`python -m tinyforge.engines.tflm.measure` reads a .tflite file from stdin and prints the bytes of
the arena's head and of its tail. It is a child because TensorFlow Lite Micro can crash on a model.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from typing import Any

_FIRST_TRY = 1 << 20
_LAST_TRY = 1 << 30
_PART = re.compile(rb"Arena allocation (head|tail) (\d+) bytes")


def head_and_tail(model: bytes) -> tuple[int, int]:
    """Bytes in use after allocation. RuntimeError when the model runs in no arena up to 1 GiB."""
    roomy = _FIRST_TRY
    while (interpreter := _interpreter(model, roomy)) is None:
        if roomy >= _LAST_TRY:
            raise RuntimeError("TensorFlow Lite Micro cannot prepare the model")
        roomy *= 2
    parts = {name: int(nbytes) for name, nbytes in _PART.findall(_report(interpreter))}
    return parts[b"head"], parts[b"tail"]


def _interpreter(model: bytes, arena_size: int) -> Any:
    """An interpreter with its tensors allocated, or None where the arena does not suffice."""
    from tflite_micro.python.tflite_micro import runtime

    try:
        return runtime.Interpreter.from_bytes(model, arena_size=arena_size)
    except RuntimeError:
        return None


def _report(interpreter: Any) -> bytes:
    """TFLM only prints what it allocated, to the C library's stderr."""
    with tempfile.TemporaryFile() as report:
        stderr = os.dup(2)
        os.dup2(report.fileno(), 2)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        report.seek(0)
        return report.read()


if __name__ == "__main__":
    sys.stdout.write("{} {}\n".format(*head_and_tail(sys.stdin.buffer.read())))
