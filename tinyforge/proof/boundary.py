"""The boundary functions as firmware has them: a model's real values in, and out again.

forge_quantize_input over every rounding boundary of an int8 input's quantization and what lies
beside it, forge_dequantize_output over all 256 values, each input and each output by its number,
against the graph's own scale and zero point; of wider types over the ends and 256 steps between; of
those without a scale against the value itself. firmware/apps/boundary.c calls them, in a firmware
of its own: the one that is shipped may use neither.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Quant, Tensor
from tinyforge.graph.packed import typed
from tinyforge.project.layout import sources_for
from tinyforge.proof.examples import quantized
from tinyforge.resources import folder
from tinyforge.sim.base import Entry, Job, Machine, Toolchain
from tinyforge.sim.toolchains.host import Host, program

# Values that one frame holds, as the application has it.
_FRAME = 64
_RESULT_BYTES = 12 * _FRAME
_VALUES = 256
# Boundaries are a multiply and a division apart: so many floats on either side of each.
_BESIDE = 2
# Where float32 no longer holds every integer.
_WHOLE = 2**24
_SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3e38, -3e38], np.float32)
_SECONDS = 60

_APPLICATION = folder("firmware") / "apps" / "boundary.c"

Bytes = npt.NDArray[np.int8]


def require_boundary(
    project: Path,
    graph: Graph,
    board: Board,
    *,
    compiler: Toolchain,
    machine: Machine,
    output: Path,
) -> int:
    """How many values were compared. project: its folder. output: the firmware that is built; of
    the native machine a program.

    ForgeError with the first value for which a function is wrong.
    """
    run = _runner(project, board, compiler=compiler, machine=machine, output=output)
    inputs = [(i, t) for i, t in enumerate(graph.input_tensors) if _converted(t, graph)]
    compared = 0
    for source, result in zip_longest(inputs, enumerate(graph.output_tensors)):
        reals = np.zeros(_FRAME, np.float32) if source is None else _sweep(source[1])
        raws = np.zeros(_FRAME) if result is None else _steps(result[1])
        count = max(len(reals), len(raws))
        reals, raws = np.resize(reals, count), np.resize(raws, count)
        frames = _frames(source[0] if source else 0, result[0] if result else 0, reals, raws)
        raw, real = np.split(run(frames), [8 * _FRAME], axis=1)
        if source is not None:
            _require_quantized(source[1], reals, np.ascontiguousarray(raw).view("<f8").reshape(-1))
            compared += count
        if result is not None:
            _require_real(result[1], raws, np.ascontiguousarray(real).view("<f4").reshape(-1))
            compared += len(np.unique(raws))
    return compared


def _converted(t: Tensor, graph: Graph) -> bool:
    """Whether an input has a function: among others of other types float32 is written as it is."""
    return t.dtype is not DType.FLOAT32 or len({x.dtype for x in graph.input_tensors}) == 1


def _runner(
    project: Path, board: Board, *, compiler: Toolchain, machine: Machine, output: Path
) -> Callable[[Bytes], Bytes]:
    """What gives a frame's result for each frame."""
    native = isinstance(compiler, Host)
    sources, include = sources_for(project, "aot", "native" if native else "sim")
    own = project / "src"
    if native:
        application = own / "main.c"
        needed = [_APPLICATION, *(path for path in sources if path != application)]
        program(needed, include=include, defines=["FORGE_BOUNDARY_MODEL"], output=output)
        return lambda frames: _run_here(output, frames)
    core, ports = board.core_model(), [path for path in sources if "ports" in path.parts]
    firmware = compiler.build(
        [_APPLICATION, own / "common.c", own / "golden.c", *ports],
        include=include,
        core=core,
        memory=machine.memory(core, board.memory_map()),
        output=output,
    )
    entry = Entry("forge_boundary")
    return lambda frames: machine.run(Job(firmware, frames, _RESULT_BYTES, entry=entry)).outputs


def _run_here(path: Path, frames: Bytes) -> Bytes:
    done = subprocess.run(
        [path], input=frames.tobytes(), capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode or len(done.stdout) != _RESULT_BYTES * len(frames):
        raise ForgeError(
            f"the program with the functions at the model's boundary ended ({done.returncode})",
            where=str(path),
            fix="write the project's sources anew: tinyforge generate --overwrite",
        )
    return np.frombuffer(done.stdout, np.int8).reshape(len(frames), -1)


def _frames(
    source: int, result: int, reals: npt.NDArray[np.float32], raws: npt.NDArray[np.float64]
) -> Bytes:
    """What the application reads, as its struct has it."""
    count = len(reals) // _FRAME
    numbers = np.tile(np.array([source, result], "<i4"), (count, 1))
    parts = numbers, reals.reshape(count, -1).astype("<f4"), raws.reshape(count, -1).astype("<f8")
    return np.concatenate([part.view(np.int8) for part in parts], axis=1)


def _steps(t: Tensor) -> npt.NDArray[np.float64]:
    """Values that a tensor holds, a multiple of a frame: all of 8 bits; of more the ends, and many
    between."""
    if t.dtype is DType.FLOAT32:
        return np.resize(_SPECIAL, _FRAME).astype(np.float64)
    if t.dtype is DType.BOOL:
        return np.resize([0.0, 1.0], _FRAME)
    limits = np.iinfo(t.dtype.numpy)
    steps = np.linspace(limits.min, limits.max, _VALUES).round()
    if t.dtype is DType.INT32:
        steps = np.concatenate([steps, np.arange(-_VALUES, _VALUES), [-_WHOLE - 1, _WHOLE + 1]])
    return _whole_frames(np.unique(steps)).astype(np.float64)


def _sweep(t: Tensor) -> npt.NDArray[np.float32]:
    """Real values to quantize, a multiple of a frame: boundaries, the floats beside them, steps'
    own values, and what has none. Of int8 all of them, and two beyond either end."""
    if t.dtype in (DType.FLOAT32, DType.BOOL):
        return np.resize([*_SPECIAL, 1.0, -1.0, 0.25, 0.1], _FRAME).astype(np.float32)
    scale, zero_point = _quantization(t)
    steps = np.unique(_steps(t))
    steps = np.unique([*steps, *(steps[[0, -1], np.newaxis] + [-2, -1, 1, 2]).flat]) - zero_point
    middles = ((steps + 0.5) * np.float64(scale)).astype(np.float32)
    beside = [middles]
    above, below = middles, middles
    for _ in range(_BESIDE):
        above = np.nextafter(above, np.float32(np.inf))
        below = np.nextafter(below, np.float32(-np.inf))
        beside += [above, below]
    found = [*beside, (steps * np.float64(scale)).astype(np.float32), _SPECIAL]
    return _whole_frames(np.concatenate(found)).astype(np.float32)


def _whole_frames(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As many as fill frames, at least four of these: the first ones come again."""
    return np.resize(values, max(_VALUES, -(-len(values) // _FRAME) * _FRAME))


def _quantization(t: Tensor) -> tuple[np.float32, int]:
    """Without any a value is its own."""
    return (np.float32(t.scale), t.zero_point) if t.quant else (np.float32(1), 0)


def _require_quantized(
    t: Tensor, reals: npt.NDArray[np.float32], found: npt.NDArray[np.float64]
) -> None:
    at = _first_other(found, _quantized(t, reals))
    if at is not None:
        call = f"forge_quantize_input({float(reals[at])!r})"
        raise _error(call, "FORGE_INPUT", t, _quantized(t, reals)[at].item(), found[at].item())


def _quantized(t: Tensor, reals: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    if t.dtype is DType.FLOAT32:
        return reals.astype(np.float64)
    if t.dtype is DType.BOOL:
        return np.asarray(reals != 0, np.float64)
    scaled = t if t.quant else replace(t, quant=Quant((1.0,), (0,)))
    q = typed(quantized(reals[:, np.newaxis], scaled), t)
    return np.asarray(q[:, 0], np.float64)


def _require_real(t: Tensor, raws: npt.NDArray[np.float64], found: npt.NDArray[np.float32]) -> None:
    scale, zero_point = _quantization(t)
    expected = scale * (raws - zero_point).astype(np.float32)
    at = _first_other(found, expected)
    if at is not None:
        call = f"forge_dequantize_output({raws[at].item():g})"
        raise _error(call, "FORGE_OUTPUT", t, expected[at].item(), found[at].item())


def _first_other(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> int | None:
    """The first place where two arrays differ, in the sign of 0 too; one NaN is like another."""
    same = (found == expected) & (np.signbit(found) == np.signbit(expected))
    wrong = np.flatnonzero(~(same | (np.isnan(found) & np.isnan(expected))))
    return int(wrong[0]) if len(wrong) else None


def _error(call: str, prefix: str, t: Tensor, expected: float, found: float) -> ForgeError:
    return ForgeError(
        f"{call} is {found!r} in the firmware, {expected!r} by the model's "
        + (
            f"scale {t.scale!r} and zero point {t.zero_point}"
            if t.quant
            else "type, without scale,"
        )
        + f" of {t.name!r}",
        where=f"src/common.c, or scale and zero point of {prefix} in include/model.h",
        fix="write the project's sources anew: tinyforge generate --overwrite",
    )
