"""Compiled models on the host: built as a shared library, run layer by layer."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.engines.aot import compiled
from tinyforge.engines.base import Lowered
from tinyforge.graph import Graph
from tinyforge.graph.packed import split
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.ops.upright import input_rows, rows_input
from tinyforge.proof.steps import assemble, finished
from tinyforge.resources import folder
from tinyforge.sim.toolchains.host import shared_library

Int8 = npt.NDArray[np.int8]


def write_sources(graph: Graph, lowered: Lowered, target: Path) -> list[Path]:
    """The engine's files and the least model.h they need. Returns what is to be compiled."""
    sizes = (graph.input_bytes, graph.output_bytes)
    rows, fed = input_rows(graph), graph.input_tensors[rows_input(graph)].nbytes
    header = "#define FORGE_INPUT_BYTES {}\n#define FORGE_OUTPUT_BYTES {}\n".format(*sizes)
    header += f"#define FORGE_INPUT_ROWS {rows}\n#define FORGE_INPUT_ROW_BYTES {fed // rows}\n"
    for name, text in {**lowered.files, "src/aot/model.h": header}.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(target.glob("src/aot/*.c"))


class HostModel:
    """A graph's C, compiled for this computer."""

    def __init__(self, graph: Graph, workspace: Path, *, by_rows: bool = False) -> None:
        self.graph = graph
        self.plan: Plan = plan(graph, by_rows=by_rows)
        self.lowered = compiled(self.plan)
        sources = write_sources(graph, self.lowered, workspace)
        output = workspace / "model.so"
        include = [folder("firmware"), folder("firmware") / "include", workspace / "src" / "aot"]
        shared_library(sources, include=include, optimize="-O1", output=output)
        self.functions = ctypes.CDLL(str(output))
        self.functions.forge_input_at.restype = ctypes.c_void_p
        self.functions.forge_output_at.restype = ctypes.c_void_p

    def arena(self) -> Int8:
        """The arena itself, not a copy."""
        array = (ctypes.c_int8 * self.plan.arena_bytes).in_dll(self.functions, "forge_arena")
        return np.ctypeslib.as_array(array)

    def reset(self) -> None:
        """The next input is the first of a sequence."""
        assert self.functions.forge_init() == 0

    def layers(self, values: Int8) -> Mapping[int, Int8]:
        """Runs step by step: tensor index to its bytes, read as soon as they are written."""
        arena = self.arena()
        kept = np.zeros(arena.size, bool)
        for place in (self.plan.places[t] for t in self.graph.states):
            kept[place.offset : place.offset + place.nbytes] = True
        arena[~kept] = 0x55  # what a layer leaves out shows
        self._write(values)
        pieces, captured = finished(self.graph, self.plan), []
        for step, group in enumerate(pieces):
            if step:
                self.functions.forge_run_step(step - 1)
            read = [arena[p.offset : p.offset + p.nbytes] for p in group]
            captured.append(np.concatenate([np.zeros(0, np.int8), *read])[np.newaxis])
        found = assemble(self.graph, self.plan, pieces, captured)
        return {t: rows[0] for t, rows in found.items()}

    def _write(self, values: Int8) -> None:
        """The bytes of all inputs, one after the other; the one that is fed by rows is left out."""
        parts = split(values.reshape(1, -1), self.graph.input_tensors)
        for position, part in enumerate(parts):
            place = self.functions.forge_input_at(position)
            if place is not None:
                ctypes.memmove(place, part.tobytes(), part.size)

    def output(self) -> Int8:
        """The bytes of all outputs, one after the other."""
        parts = [
            ctypes.string_at(self.functions.forge_output_at(position), t.nbytes)
            for position, t in enumerate(self.graph.output_tensors)
        ]
        return np.frombuffer(b"".join(parts), np.int8)

    def push_first(self, values: Int8) -> None:
        """Begins to feed the model row by row."""
        picture = split(values.reshape(1, -1), self.graph.input_tensors)[rows_input(self.graph)]
        row = picture.reshape(input_rows(self.graph), -1)[0]
        assert self.functions.forge_push_row(row.tobytes()) == 0

    def push(self, values: Int8) -> Int8:
        """Feeds the model row by row: the outputs' bytes."""
        self._write(values)
        picture = split(values.reshape(1, -1), self.graph.input_tensors)[rows_input(self.graph)]
        for row in picture.reshape(input_rows(self.graph), -1):
            assert self.functions.forge_push_row(row.tobytes()) == 0
        return self.output()

    def invoke(self, values: Int8) -> Int8:
        """Runs the whole model as an application does: the outputs' bytes."""
        self._write(values)
        assert self.functions.forge_invoke() == 0
        return self.output()
