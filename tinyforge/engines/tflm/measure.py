"""Runs in a process of its own: how small an arena TensorFlow Lite Micro runs a model in.

`python -m tinyforge.engines.tflm.measure` reads a .tflite file from stdin and prints the bytes.
It is a child because too small an arena can crash the interpreter instead of raising.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from typing import Any

ALIGNMENT = 16
_FIRST_TRY = 1 << 20
_LAST_TRY = 1 << 30
_TOTAL = re.compile(rb"Arena allocation total (\d+) bytes")


def smallest_arena(model: bytes) -> int:
    """Bytes, a multiple of 16. RuntimeError when the model runs in no arena up to 1 GiB."""
    roomy = _FIRST_TRY
    while (interpreter := _interpreter(model, roomy)) is None:
        if roomy >= _LAST_TRY:
            raise RuntimeError("TensorFlow Lite Micro cannot prepare the model")
        roomy *= 2
    enough = -(-_used(interpreter) // ALIGNMENT)
    if _interpreter(model, enough * ALIGNMENT) is not None:
        return enough * ALIGNMENT
    # Planning itself can need more memory than the plan it makes.
    too_small, enough = enough, roomy // ALIGNMENT
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if _interpreter(model, middle * ALIGNMENT) is None:
            too_small = middle
        else:
            enough = middle
    return enough * ALIGNMENT


def _interpreter(model: bytes, arena_size: int) -> Any:
    """An interpreter with its tensors allocated, or None where the arena does not suffice."""
    from tflite_micro.python.tflite_micro import runtime

    try:
        return runtime.Interpreter.from_bytes(model, arena_size=arena_size)
    except RuntimeError:
        return None


def _used(interpreter: Any) -> int:
    """Bytes in use after allocation. TFLM only prints them, to the C library's stderr."""
    with tempfile.TemporaryFile() as report:
        stderr = os.dup(2)
        os.dup2(report.fileno(), 2)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        report.seek(0)
        found = _TOTAL.search(report.read())
    if found is None:
        raise RuntimeError("TensorFlow Lite Micro reported no allocation total")
    return int(found[1])


if __name__ == "__main__":
    sys.stdout.write(f"{smallest_arena(sys.stdin.buffer.read())}\n")
