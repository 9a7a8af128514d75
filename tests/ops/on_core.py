"""Operators as kernels in firmware for an emulated core: one instance a kernel, for all its cases.

A case's inputs, and the tables that its constants point to, come from the host while the firmware
runs. So one firmware holds thousands of cases, and no compiler can specialize a kernel for one,
unless it shall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.ops import harness
from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.graph import Graph
from tinyforge.ops import Kernel, Table
from tinyforge.resources import folder
from tinyforge.sim.base import Job, Machine, Toolchain
from tinyforge.sim.toolchains.build import port

Int8 = npt.NDArray[np.int8]
Values = npt.NDArray[Any]

# For machines that have no memories of their own.
_MEMORY = MemoryMap(flash=Region(0, 4 << 20), ram=Region(0x20000000, 1 << 20))

_UNTOUCHED = 0x55
# The first output begins at a multiple of 4 in every fourth case only; each has a margin behind it.
_PLACES = 4
_MARGIN = 8


@dataclass(frozen=True, eq=False)
class Case:
    """A kernel of a graph's only operator, values for the graph's inputs, the oracle's outputs."""

    label: str
    graph: Graph
    kernel: Kernel
    inputs: Sequence[Values]
    outputs: Sequence[Values]


@dataclass(frozen=True, eq=False)
class Program:
    """Cases for any core: the C that runs them, and what each is fed with.

    expected: the memory for outputs after each case, (cases, bytes).
    """

    source: str
    header: str
    frames: Sequence[bytes]
    expected: Int8
    labels: Sequence[str]


class _Frame:
    """The bytes that the host sends for a case: arrays wherever values of their size may lie."""

    def __init__(self) -> None:
        self.data = bytearray()

    def place(self, values: npt.NDArray[Any]) -> int:
        """The offset that the values got."""
        self.data += bytes(-len(self.data) % values.itemsize)
        offset = len(self.data)
        self.data += values.tobytes()
        return offset

    def pointer(self, table: Table) -> str:
        """A C expression for where a table lies."""
        offset = self.place(table.values.astype(table.dtype))
        return f"(const {table.ctype} *)((const int8_t *)case_frame + {offset})"


def program(cases: Sequence[Case], *, specialized: bool = False) -> Program:
    """specialized: each case's kernel is compiled for its own constants, as generated code is."""
    made = [_case(i, case, specialized=specialized) for i, case in enumerate(cases)]
    expected = _expected(cases)
    instances = (
        {} if specialized else {case.kernel.function: _instance(case.kernel) for case in cases}
    )
    header = f"""
#include <stdint.h>
#define CASE_COUNT {len(cases)}
#define CASE_FRAME_BYTES {_frame_bytes([frame for _, frame in made])}
#define CASE_OUTPUT_BYTES {expected.shape[1]}
#define CASE_UNTOUCHED {_UNTOUCHED}
extern int32_t case_frame[];
extern int8_t case_output[];
extern void (*const cases[])(void);
"""
    source = (
        '#include "cases.h"\n' + "".join(instances.values()) + "".join(text for text, _ in made)
    )
    source += "void (*const cases[])(void) = {\n"
    source += "".join(f"    run_{i},\n" for i in range(len(cases))) + "};\n"
    frames = [frame for _, frame in made]
    return Program(source, header, frames, expected, [case.label for case in cases])


def _frame_bytes(frames: Sequence[bytes]) -> int:
    return -(-max(len(frame) for frame in frames) // 4) * 4


def _places(i: int, case: Case) -> list[int]:
    """Where a case's outputs begin, and where the margin of the last one ends."""
    sizes = [output.nbytes + _MARGIN for output in case.outputs]
    first = i % _PLACES * max(output.itemsize for output in case.outputs)
    return np.cumsum([first, *sizes]).tolist()


def _expected(cases: Sequence[Case]) -> Int8:
    """Each case's outputs in their places, all else untouched."""
    places = [_places(i, case) for i, case in enumerate(cases)]
    memory = np.full((len(cases), max(end for *_, end in places)), _UNTOUCHED, np.int8)
    for row, begins, case in zip(memory, places, cases, strict=True):
        for begin, output in zip(begins, case.outputs, strict=False):
            row[begin : begin + output.nbytes] = output.reshape(-1).view(np.int8)
    return memory


def _instance(kernel: Kernel) -> str:
    """A kernel as an ordinary function: through a pointer that anyone might change, it is called
    and not inlined. A macro stays what it is."""
    name = kernel.function
    return f"""
#include "kernels/{kernel.header}"
#ifdef {name}
#define any_{name} {name}
#else
static __typeof__(&{name}) volatile any_{name} = {name};
#endif
"""


def _case(i: int, case: Case, *, specialized: bool) -> tuple[str, bytes]:
    """One case's functions, case_<i> of its pointers and run_<i> of none; and its frame."""
    frame = _Frame()
    pointers = [f"(int8_t *)case_frame + {frame.place(values)}" for values in case.inputs]
    pointers += [f"case_output + {begin}" for begin in _places(i, case)[:-1]]
    kernel = case.kernel if specialized else _of_any_case(case.kernel, frame)
    source = harness.kernel_source(i, case.graph, kernel, linkage="static ")
    run = f"static void run_{i}(void) {{ case_{i}({', '.join(pointers)}); }}\n"
    return source + run, bytes(frame.data)


def _of_any_case(kernel: Kernel, frame: _Frame) -> Kernel:
    """With tables that come in the frame."""
    fields = {
        name: frame.pointer(value) if isinstance(value, Table) else value
        for name, value in kernel.fields.items()
    }
    return replace(kernel, function=f"any_{kernel.function}", fields=fields)


def run(
    made: Program, core: Core, workspace: Path, *, compiler: Toolchain, machine: Machine
) -> Int8:
    """The memory for outputs after each case, (cases, bytes), on a core."""
    source, header = workspace / "cases.c", workspace / "cases.h"
    source.write_text(made.source, encoding="utf-8")
    header.write_text(made.header, encoding="utf-8")
    runtime = folder("firmware")
    firmware = compiler.build(
        [source, Path(__file__).with_suffix(".c"), *port("sim")],
        include=[workspace, runtime, runtime / "include"],
        core=core,
        memory=machine.memory(core, _MEMORY),
        output=workspace / "cases.elf",
    )
    feed = b"".join(frame.ljust(_frame_bytes(made.frames), b"\0") for frame in made.frames)
    inputs = np.frombuffer(feed, np.int8).reshape(1, -1)
    done = machine.run(Job(firmware, inputs, made.expected.size))
    return done.outputs.reshape(made.expected.shape)
