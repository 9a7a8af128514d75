"""The boundary functions on the emulated core: a model's real values in, and out again.

forge_quantize_input over every rounding boundary of the input's quantization and what lies beside
it, and forge_dequantize_output over all 256 values, against the graph's own scale and zero point.
firmware/apps/boundary.c calls them, in a firmware of its own: the one that is shipped may use
neither.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.project.layout import sources_for
from tinyforge.proof.examples import quantized
from tinyforge.resources import folder
from tinyforge.sim.base import Entry, Machine, Toolchain

# Values that one frame holds, as the application has it.
_FRAME = 64
_VALUES = 256
# Boundaries are a multiply and a division apart: so many floats on either side of each.
_BESIDE = 2

_APPLICATION = folder("firmware") / "apps" / "boundary.c"


def applies(graph: Graph) -> bool:
    """Whether there are one int8 input and one int8 output, which these functions take."""
    sides = (graph.input_tensors, graph.output_tensors)
    return all(len(s) == 1 and s[0].dtype is DType.INT8 and s[0].quant is not None for s in sides)


def require_boundary(
    project: Path,
    graph: Graph,
    board: Board,
    *,
    compiler: Toolchain,
    machine: Machine,
    output: Path,
) -> int:
    """How many values were compared. project: its folder. output: the firmware that is built.

    ForgeError with the first value for which a function is wrong.
    """
    (source,), (result,) = graph.input_tensors, graph.output_tensors
    core = board.core_model()
    sources, include = sources_for(project, "aot", "sim")
    ports = [path for path in sources if "ports" in path.parts]
    firmware = compiler.build(
        [_APPLICATION, project / "src" / "common.c", project / "src" / "golden.c", *ports],
        include=include,
        core=core,
        memory=machine.memory(core, board.memory_map()),
        output=output,
    )
    reals = _sweep(source)
    raws = np.resize(np.arange(-128, 128, dtype=np.int8), len(reals))
    frames = np.concatenate(
        [reals.reshape(-1, _FRAME).view(np.int8), raws.reshape(-1, _FRAME)], axis=1
    )
    run = machine.run(
        firmware, frames, output_bytes=5 * _FRAME, probes=(), entry=Entry("forge_boundary")
    )
    _require_quantized(source, reals, run.outputs[:, :_FRAME].reshape(-1))
    found = np.ascontiguousarray(run.outputs[:, _FRAME:]).view(np.float32).reshape(-1)
    _require_real(result, raws, found)
    return len(reals) + _VALUES


def _sweep(t: Tensor) -> npt.NDArray[np.float32]:
    """Real values to quantize, a multiple of a frame: every boundary, the floats beside it, every
    step's own value, and what has none."""
    steps = np.arange(-130, 131) - t.zero_point
    scale = np.float32(t.scale)
    middles = ((steps + 0.5) * np.float64(scale)).astype(np.float32)
    beside = [middles]
    above, below = middles, middles
    for _ in range(_BESIDE):
        above = np.nextafter(above, np.float32(np.inf))
        below = np.nextafter(below, np.float32(-np.inf))
        beside += [above, below]
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3e38, -3e38], np.float32)
    found = np.concatenate([*beside, (steps * np.float64(scale)).astype(np.float32), special])
    count = max(_VALUES, -(-len(found) // _FRAME) * _FRAME)
    return np.resize(found, count).astype(np.float32)


def _require_quantized(
    t: Tensor, reals: npt.NDArray[np.float32], found: npt.NDArray[np.int8]
) -> None:
    expected = quantized(reals[:, np.newaxis], t)[:, 0]
    wrong = np.flatnonzero(found != expected)
    if len(wrong):
        at = int(wrong[0])
        call = f"forge_quantize_input({float(reals[at])!r})"
        raise _error(call, "FORGE_INPUT", t, expected[at].item(), found[at].item())


def _require_real(t: Tensor, raws: npt.NDArray[np.int8], found: npt.NDArray[np.float32]) -> None:
    centred = (raws.astype(np.int32) - t.zero_point).astype(np.float32)
    expected = np.float32(t.scale) * centred
    wrong = np.flatnonzero(found.view(np.uint32) != expected.view(np.uint32))
    if len(wrong):
        at = int(wrong[0])
        call = f"forge_dequantize_output({int(raws[at])})"
        raise _error(call, "FORGE_OUTPUT", t, expected[at].item(), found[at].item())


def _error(call: str, prefix: str, t: Tensor, expected: float, found: float) -> ForgeError:
    return ForgeError(
        f"{call} is {found!r} on the core, {expected!r} by the model's scale {t.scale!r} and zero "
        f"point {t.zero_point}",
        where=f"src/common.c, or {prefix}_SCALE and {prefix}_ZERO_POINT in include/model.h",
        fix="write the project's sources anew: tinyforge generate --overwrite",
    )
