"""What a model is run on for a proof: int8 inputs, and what is known of the right answers."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import Tensor

_MAX_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class Examples:
    """inputs: int8 (n, input bytes), n >= 1; one sequence, where the model has states.

    labels: (n,) classes, or None. outputs: int8 (n, output bytes) that somebody else vouches for,
    or None.
    """

    inputs: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int64] | None = None
    outputs: npt.NDArray[np.int8] | None = None

    def __len__(self) -> int:
        return len(self.inputs)


def quantized(real: npt.NDArray[np.floating], t: Tensor) -> npt.NDArray[np.int8]:
    """Real values (n, *shape) as the model's input takes them: (n, bytes).

    Divided in float32 and rounded half away from zero, as TFLM's QUANTIZE and forge_quantize_input
    do; saturated, NaN to the lowest.
    """
    with np.errstate(over="ignore"):  # what overflows saturates
        scaled = real.astype(np.float32) / np.float32(t.scale)
    # In float64 the sum is exact; in float32 the number just below 0.5 would become 1.
    rounded = np.trunc(scaled + np.copysign(0.5, scaled, dtype=np.float64))
    q = np.clip(np.nan_to_num(rounded, nan=-np.inf) + t.zero_point, -128, 127)
    return np.asarray(q.reshape(len(real), -1), np.int8)


def of_pictures(images: npt.NDArray[np.uint8], t: Tensor) -> npt.NDArray[np.int8]:
    """Pictures as the device gets them, (n, bytes): grey levels over 255, quantized."""
    return quantized(images.astype(np.float32) / np.float32(255), t)


def synthetic(t: Tensor, count: int, seed: int) -> Examples:
    """Inputs for a model without data: all lowest, all zero, all highest, then random bytes."""
    rng = np.random.default_rng(seed)
    flat = [np.full(t.nbytes, v, np.int8) for v in (-128, t.zero_point, 127)]
    random = rng.integers(-128, 128, (max(0, count - len(flat)), t.nbytes), np.int8)
    return Examples(np.concatenate([np.stack(flat), random])[:count])


def load(path: Path, source: Tensor, output: Tensor) -> Examples:
    """Examples from a .npz file.

    inputs: int8, or float32/float64 in real values, (n, *shape). Optional: labels, integers (n,);
    outputs, int8 (n, *shape). ForgeError for anything else in it.
    """
    arrays = _arrays(path)
    inputs = _inputs(arrays, source, path)
    classes = 2 if output.size == 1 else output.size
    labels = _integers(arrays, "labels", (len(inputs), 1), (0, classes - 1), path)
    outputs = _integers(arrays, "outputs", (len(inputs), output.nbytes), (-128, 127), path)
    return Examples(
        inputs,
        None if labels is None else labels[:, 0],
        None if outputs is None else outputs.astype(np.int8),
    )


def _arrays(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    if not path.is_file():
        raise ForgeError("examples must be in a regular file", where=str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked <= _MAX_BYTES:
            with np.load(path, allow_pickle=False) as file:
                members = {name: file[name] for name in file.files}
            # What is no array in the archive comes as bytes.
            return {n: a for n, a in members.items() if isinstance(a, np.ndarray)}
    except Exception as error:  # on damaged files NumPy and zipfile raise a dozen kinds
        raise ForgeError(
            f"not a readable .npz file: {error}",
            where=str(path),
            fix="save it with numpy.savez(path, inputs=..., labels=...)",
        ) from error
    raise ForgeError("more than 1 GiB of examples", where=str(path), fix="give fewer")


def _integers(
    arrays: dict[str, npt.NDArray[np.generic]],
    name: str,
    shape: tuple[int, int],
    limits: tuple[int, int],
    path: Path,
) -> npt.NDArray[np.int64] | None:
    """An optional array of integers within limits, both included, in the shape."""
    found = arrays.get(name)
    if found is None:
        return None
    if found.dtype.kind not in "iu" or found.size != math.prod(shape):
        raise ForgeError(
            f"{name} are {found.dtype} {list(found.shape)}, expected {shape[0]} x {shape[1]} "
            "integers",
            where=str(path),
        )
    low, high = int(found.min()), int(found.max())
    if low < limits[0] or high > limits[1]:
        raise ForgeError(
            f"{name} go from {low} to {high}, expected {limits[0]} to {limits[1]}", where=str(path)
        )
    return found.astype(np.int64).reshape(shape)


def _inputs(
    arrays: dict[str, npt.NDArray[np.generic]], source: Tensor, path: Path
) -> npt.NDArray[np.int8]:
    found = arrays.get("inputs")
    expected = f"expected int8 or float (n, {', '.join(map(str, source.shape[1:]))})"
    if found is None:
        raise ForgeError(
            f"no array named inputs, only {', '.join(sorted(arrays)) or 'none at all'}",
            where=str(path),
            fix=expected,
        )
    if found.ndim < 1 or not len(found) or found.size != len(found) * source.nbytes:
        raise ForgeError(f"inputs have shape {list(found.shape)}", where=str(path), fix=expected)
    if found.dtype == np.int8:
        return found.reshape(len(found), -1).astype(np.int8)
    if found.dtype in (np.float32, np.float64):
        real = found.astype(np.float64)
        if not np.isfinite(real).all():
            raise ForgeError("inputs hold NaN or infinity", where=str(path))
        return quantized(real, source)
    raise ForgeError(f"inputs are {found.dtype}", where=str(path), fix=expected)
