"""The process in which native.py runs a shared library: a crash there ends only this one.

Usage: python -m tinyforge.sim.machines.native_child FOLDER
Standard output carries the number of inputs done, a line each; standard error is the console.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.sim.base import PUSH_ROW
from tinyforge.sim.machines.native import INPUTS, REFUSED, REQUEST, RESULT


class RefusedError(Exception):
    """The library lacks something, or failed: the message goes to the console."""


class Library:
    """The device API of a shared library. RefusedError for every status that is not ok.

    rows: in how many rows an input is pushed, 0 where it is written whole.
    """

    def __init__(self, path: str, rows: int) -> None:
        self.rows = rows
        self._library = ctypes.CDLL(path)
        self._text = self.function("forge_status_text", ctypes.c_char_p, [ctypes.c_int])
        self._write = self.function("forge_native_write", ctypes.c_size_t, [ctypes.c_char_p])
        self._read = self.function("forge_native_read", None, [ctypes.c_char_p])
        self._reset = self.function("forge_reset", ctypes.c_int)
        self._invoke = self.function("forge_invoke", ctypes.c_int)
        if rows:
            self._push_row = self.function(PUSH_ROW, ctypes.c_int, [ctypes.c_char_p])
            self._row_place = self.function("forge_row_place", ctypes.c_void_p, [ctypes.c_int])
        self.check(self.function("forge_init", ctypes.c_int)())
        self.check(self.function("forge_selftest", ctypes.c_int)())

    def function(self, name: str, result: Any, arguments: Any = ()) -> Any:
        try:
            function = self._library[name]
        except AttributeError as error:
            raise RefusedError(f"the library has no function {name}") from error
        function.restype = result
        function.argtypes = arguments
        return function

    def check(self, status: int) -> None:
        if status != 0:
            raise RefusedError(f"FAIL: {self._text(status).decode()}")

    def write_inputs(self, data: bytes) -> bytes:
        """Those that are taken whole; returns what is left, the rows of one that is not."""
        return data[int(self._write(data)) :]

    def read_outputs(self, size: int) -> npt.NDArray[np.int8]:
        """size: bytes of all of them."""
        values = ctypes.create_string_buffer(size)
        self._read(values)
        return np.frombuffer(values.raw, np.int8)

    def reset(self) -> None:
        """The next inference is the first of a sequence."""
        self.check(self._reset())

    def infer(self, data: bytes) -> None:
        """As an application does."""
        picture = self.write_inputs(data)
        if not self.rows:
            self.check(self._invoke())
        for row in range(self.rows):
            self.check(self._push_row(self._row(picture, row)))

    def place_row(self, picture: bytes, row: int) -> None:
        """Puts a row of the input where the next steps take it from."""
        piece = self._row(picture, row)
        ctypes.memmove(self._row_place(row), piece, len(piece))

    def _row(self, picture: bytes, row: int) -> bytes:
        size = len(picture) // self.rows
        return picture[row * size : (row + 1) * size]

    def read_arena(self, reads: list[tuple[int, int]]) -> npt.NDArray[np.int8]:
        """(offset, bytes) pieces, one after the other."""
        if not reads:
            return np.zeros(0, np.int8)
        start = ctypes.addressof(ctypes.c_int8.in_dll(self._library, "forge_arena"))
        parts = [ctypes.string_at(start + offset, size) for offset, size in reads]
        return np.frombuffer(b"".join(parts), np.int8)


def run(request: dict[str, Any], inputs: npt.NDArray[np.int8]) -> dict[str, npt.NDArray[np.int8]]:
    """What RESULT holds: outputs, and captured0, captured1, ... for the probes.

    Where probes name layers, the inputs are run through twice, each time from the beginning of the
    sequence: by layers, then as an application does it.
    """
    entry = request["entry"]
    library = Library(request["library"], entry["calls"] if entry["symbol"] == PUSH_ROW else 0)
    size, probes = request["output_bytes"], request["probes"]
    layers = any(probe["symbol"] for probe in probes)
    runs = itertools.count(1)

    def tell() -> None:
        done = next(runs) // (2 if layers else 1)
        print(done, flush=True)  # noqa: T201 - the parent reads it

    captured = [
        np.zeros((len(inputs), sum(n for _, n in probe["reads"])), np.int8) for probe in probes
    ]
    by_layers = run_layers(library, request, inputs, captured, tell) if layers else None
    outputs = np.zeros((len(inputs), size), np.int8)
    library.reset()
    for index, row in enumerate(inputs):
        library.infer(row.tobytes())
        outputs[index] = library.read_outputs(size)
        if not layers:
            for probe, rows in zip(probes, captured, strict=True):
                rows[index] = library.read_arena(probe["reads"])
        tell()
    if by_layers is not None and not np.array_equal(by_layers, outputs):
        raise RefusedError("the layers, called one by one, do not compute what the model does")
    return {"outputs": outputs, **{f"captured{n}": rows for n, rows in enumerate(captured)}}


def run_layers(
    library: Library,
    request: dict[str, Any],
    inputs: npt.NDArray[np.int8],
    captured: list[npt.NDArray[np.int8]],
    tell: Callable[[], None],
) -> npt.NDArray[np.int8]:
    """The outputs, (n, size), of the layers that the probes name, each called after its probe has
    read; what they read goes to captured."""
    probes = request["probes"]
    symbols = {probe["symbol"] for probe in probes} - {"", PUSH_ROW}
    layers = {symbol: library.function(symbol, None, [ctypes.c_int]) for symbol in symbols}
    outputs = np.zeros((len(inputs), request["output_bytes"]), np.int8)
    library.reset()
    for index, row in enumerate(inputs):
        picture = library.write_inputs(row.tobytes())
        for probe, rows in zip(probes, captured, strict=True):
            rows[index] = library.read_arena(probe["reads"])
            if probe["symbol"] == PUSH_ROW:
                library.place_row(picture, probe["row"])
            elif probe["symbol"]:
                layers[probe["symbol"]](probe["row"])
        outputs[index] = library.read_outputs(request["output_bytes"])
        tell()
    return outputs


def main() -> int:
    folder = Path(sys.argv[1])
    request = json.loads((folder / REQUEST).read_text())
    try:
        result = run(request, np.load(folder / INPUTS))
    except RefusedError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the console
        return REFUSED
    np.savez(folder / RESULT, allow_pickle=False, **result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
