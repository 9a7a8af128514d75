"""What the tests of kernels for some cores have in common: cases of each, run everywhere."""

from __future__ import annotations

import ctypes
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.ops import harness, on_core
from tests.ops.draw import Random
from tests.ops.on_core import Case
from tinyforge.boards.cores import CORES
from tinyforge.graph import Graph
from tinyforge.ops import Kernel
from tinyforge.resources import folder
from tinyforge.sim.base import Machine
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.spec import OptimizeChoice

_MARGIN = bytes(range(1, 9))


def cases_of(
    graphs: Iterable[Graph], kernels: Callable[[Graph], Sequence[Kernel]], kind: type[Random]
) -> tuple[Case, ...]:
    """Of each graph, of one input, every kernel on the same values; there is at least one."""
    found = []
    for number, graph in enumerate(graphs):
        r = kind(np.random.default_rng(number))
        inputs = [r.values(graph.input_tensors[0].shape)]
        outputs = harness.tflm(graph, inputs)
        offered = kernels(graph)
        assert offered, graph
        found += [Case(f"case {number}, {k.way}", graph, k, inputs, outputs) for k in offered]
    return tuple(found)


def check_portable(cases: Sequence[Case], workspace: Path) -> None:
    """The portable C equals TensorFlow Lite Micro, on this computer."""
    sources = [harness.kernel_source(i, c.graph, c.kernel) for i, c in enumerate(cases)]
    library = harness.built(sources, workspace)
    for i, c in enumerate(cases):
        (found,) = harness.run_compiled(library, i, c.graph, c.inputs)
        np.testing.assert_array_equal(found, c.outputs[0], c.label)


def check_on_core(
    cases: Sequence[Case],
    compiler: str,
    workspace: Path,
    optimize: OptimizeChoice = "speed",
    *,
    specialized: bool = False,
    core: str = "cortex-m4",
) -> None:
    """The core's own instructions equal TensorFlow Lite Micro."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    emulator = machine_for(core)
    tools = replace(toolchain(compiler), optimize=optimize)
    made = on_core.program(cases, specialized=specialized)
    found = on_core.run(made, CORES[core], workspace, compiler=tools, machine=emulator)
    for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
        np.testing.assert_array_equal(actual, expected, label)


def check_compiles_to_read(cases: Sequence[Case], compiler: str, workspace: Path) -> None:
    """What is read back is compiled without optimizing."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    source = workspace / "kernels.c"
    source.write_text(
        "".join(harness.kernel_source(i, c.graph, c.kernel) for i, c in enumerate(cases))
    )
    toolchain(compiler).compile_to_read(
        source,
        include=[folder("firmware")],
        core=CORES["cortex-m4"],
        output=workspace / "kernels.elf",
    )


def check_within_memory(cases: Sequence[Case], workspace: Path) -> None:
    """No kernel writes behind the memory that it asks for."""
    sizes = [max(c.kernel.form.tile_bytes, c.kernel.form.scratch_bytes) for c in cases]
    sources = [
        _with_memory(i, c, size) for i, (c, size) in enumerate(zip(cases, sizes, strict=True))
    ]
    library = harness.built(sources, workspace)
    for i, (c, size) in enumerate(zip(cases, sizes, strict=True)):
        memory = (ctypes.c_char * (size + len(_MARGIN))).in_dll(library, f"memory_{i}")
        memory[size:] = _MARGIN
        harness.run_compiled(library, i, c.graph, c.inputs)
        assert memory[size:] == _MARGIN, c.label


def machine_for(core: str) -> Machine:
    """That which emulates a core. Skips the test where it is not installed."""
    if CORES[core].unicorn_model is not None:
        return machine("unicorn")
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    return machine("qemu")


def _with_memory(i: int, c: Case, size: int) -> str:
    """A case's source whose memory, with a margin, can be looked at."""
    source, found = re.subn(
        r"static int32_t scratch\[\d+\];", "", harness.kernel_source(i, c.graph, c.kernel)
    )
    assert found == 1
    memory = f"_Alignas(4) int8_t memory_{i}[{size + len(_MARGIN)}];\n"
    body = f"void case_{i}("
    return source.replace(body, f"{memory}#undef scratch\n#define scratch memory_{i}\n{body}")
