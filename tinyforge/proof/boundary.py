"""The boundary functions on the emulated core: a model's real values in, and out again.

forge_quantize_input over every rounding boundary of an int8 input's quantization and what lies
beside it, forge_dequantize_output over all 256 values, each input and each output by its number,
against the graph's own scale and zero point; of int16 over the ends and 256 steps between.
firmware/apps/boundary.c calls them, in a firmware of its own: the one that is shipped may use
neither.
"""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.graph.packed import typed
from tinyforge.project.layout import sources_for
from tinyforge.proof.examples import quantized
from tinyforge.resources import folder
from tinyforge.sim.base import Entry, Machine, Toolchain

# Values that one frame holds, as the application has it.
_FRAME = 64
_VALUES = 256
_TYPES = (DType.INT8, DType.INT16)
# Boundaries are a multiply and a division apart: so many floats on either side of each.
_BESIDE = 2

_APPLICATION = folder("firmware") / "apps" / "boundary.c"


def applies(graph: Graph) -> bool:
    """Whether there is an input or an output with a scale, whose values these functions convert."""
    return any(map(_converted, (*graph.input_tensors, *graph.output_tensors)))


def _converted(t: Tensor) -> bool:
    return t.dtype in _TYPES and t.quant is not None


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
    inputs = [(i, t) for i, t in enumerate(graph.input_tensors) if _converted(t)]
    outputs = [(i, t) for i, t in enumerate(graph.output_tensors) if _converted(t)]
    compared = 0
    for source, result in zip_longest(inputs, outputs):
        reals = np.zeros(_FRAME, np.float32) if source is None else _sweep(source[1])
        raws = np.zeros(_FRAME, np.int32) if result is None else _steps(result[1])
        count = max(len(reals), len(raws))
        reals, raws = np.resize(reals, count), np.resize(raws, count)
        frames = _frames(source[0] if source else 0, result[0] if result else 0, reals, raws)
        run = machine.run(
            firmware, frames, output_bytes=12 * _FRAME, probes=(), entry=Entry("forge_boundary")
        )
        raw, real = np.split(run.outputs, [8 * _FRAME], axis=1)
        if source is not None:
            _require_quantized(source[1], reals, np.ascontiguousarray(raw).view("<f8").reshape(-1))
            compared += count
        if result is not None:
            _require_real(result[1], raws, np.ascontiguousarray(real).view("<f4").reshape(-1))
            compared += len(np.unique(raws))
    return compared


def _frames(
    source: int, result: int, reals: npt.NDArray[np.float32], raws: npt.NDArray[np.int32]
) -> npt.NDArray[np.int8]:
    """What the application reads, as its struct has it."""
    count = len(reals) // _FRAME
    numbers = np.tile(np.array([source, result], "<i4"), (count, 1))
    parts = numbers, reals.reshape(count, -1).astype("<f4"), raws.reshape(count, -1).astype("<i4")
    return np.concatenate([part.view(np.int8) for part in parts], axis=1)


def _steps(t: Tensor) -> npt.NDArray[np.int32]:
    """Integers that a tensor holds, a multiple of a frame: all of int8; of int16 the ends, and many
    between."""
    limits = np.iinfo(t.dtype.numpy)
    return np.unique(np.linspace(limits.min, limits.max, _VALUES).round()).astype(np.int32)


def _sweep(t: Tensor) -> npt.NDArray[np.float32]:
    """Real values to quantize, a multiple of a frame: boundaries, the floats beside them, steps'
    own values, and what has none. Of int8 all of them, and two beyond either end."""
    steps = np.concatenate([_steps(t), *(_steps(t)[[0, -1]] + by for by in (-2, -1, 1, 2))])
    steps = np.unique(steps) - t.zero_point
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
    t: Tensor, reals: npt.NDArray[np.float32], found: npt.NDArray[np.float64]
) -> None:
    expected = typed(quantized(reals[:, np.newaxis], t), t)[:, 0].astype(np.float64)
    wrong = np.flatnonzero(found != expected)
    if len(wrong):
        at = int(wrong[0])
        call = f"forge_quantize_input({float(reals[at])!r})"
        raise _error(call, "FORGE_INPUT", t, expected[at].item(), found[at].item())


def _require_real(t: Tensor, raws: npt.NDArray[np.int32], found: npt.NDArray[np.float32]) -> None:
    centred = (raws - t.zero_point).astype(np.float32)
    expected = np.float32(t.scale) * centred
    wrong = np.flatnonzero(found.view(np.uint32) != expected.view(np.uint32))
    if len(wrong):
        at = int(wrong[0])
        call = f"forge_dequantize_output({int(raws[at])})"
        raise _error(call, "FORGE_OUTPUT", t, expected[at].item(), found[at].item())


def _error(call: str, prefix: str, t: Tensor, expected: float, found: float) -> ForgeError:
    return ForgeError(
        f"{call} is {found!r} on the core, {expected!r} by the model's scale {t.scale!r} and zero "
        f"point {t.zero_point} of {t.name!r}",
        where=f"src/common.c, or scale and zero point of {prefix} in include/model.h",
        fix="write the project's sources anew: tinyforge generate --overwrite",
    )
