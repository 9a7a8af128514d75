"""What a model is run on for a proof: its inputs, and what is known of the right answers."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.fit import arranged
from tinyforge.datasets.several import apart
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.graph.packed import packed, raw
from tinyforge.ops import index_limits
from tinyforge.proof.answers import classes, head_of
from tinyforge.proof.synthetic import drawn

_MAX_BYTES = 1 << 30
_SATURATED = 0.01  # share of inputs beyond the model's range that is worth a warning


@dataclass(frozen=True)
class Reach:
    """The real values that an input was given: the least, the greatest, and the share of them that
    lie a step or more outside what it holds, and are cut off."""

    low: float
    high: float
    beyond: float


_Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, eq=False)
class Examples:
    """inputs: raw bytes of all inputs (graph/packed.py), int8 (n, bytes), n >= 1; one sequence,
    where the model has states.

    labels: (n,) classes, or None; head: the output, by position, that they are of. outputs: raw
    bytes of all outputs, int8 (n, bytes), that somebody else vouches for, or None. notes: what the
    user is to be told of them. drawn: nobody gave them. kept: golden inputs that are to stay, as
    inputs, or None. reach: of each of the model's inputs that was given in real values, by
    position.
    """

    inputs: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int64] | None = None
    outputs: npt.NDArray[np.int8] | None = None
    head: int = 0
    notes: tuple[str, ...] = ()
    drawn: bool = False
    kept: npt.NDArray[np.int8] | None = None
    reach: Mapping[int, Reach] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.inputs)


def quantized(real: npt.NDArray[np.floating], t: Tensor) -> npt.NDArray[np.int8]:
    """Real values (n, *shape) as the model's input takes them: raw bytes, (n, bytes).

    Divided in float32 and rounded half away from zero, as TFLM's QUANTIZE and forge_quantize_input
    do; saturated, NaN to the lowest.
    """
    with np.errstate(over="ignore"):  # what overflows saturates
        scaled = real.astype(np.float32) / np.float32(t.scale)
    # In float64 the sum is exact; in float32 the number just below 0.5 would become 1.
    rounded = np.trunc(scaled + np.copysign(0.5, scaled, dtype=np.float64))
    limits = np.iinfo(t.dtype.numpy)
    q = np.clip(np.nan_to_num(rounded, nan=-np.inf) + t.zero_point, limits.min, limits.max)
    return raw(q.astype(t.dtype.numpy))


def quantized_inputs(real: npt.NDArray[np.floating], graph: Graph) -> npt.NDArray[np.int8]:
    """Samples in real values as raw bytes of all inputs, (n, bytes). real: (n, *shape); of several
    inputs (n, numbers), side by side."""
    return packed([quantized(one, t) for one, t in by_input(real, graph)])


def by_input(
    real: npt.NDArray[np.floating], graph: Graph
) -> list[tuple[npt.NDArray[np.floating], Tensor]]:
    """Each input with its real values."""
    tensors = graph.input_tensors
    if len(tensors) == 1:
        return [(real, tensors[0])]
    return [*zip(apart(real, [t.shape[1:] for t in tensors]), tensors, strict=True)]


def limits(t: Tensor) -> tuple[float, float]:
    """The least and the greatest real value that an integer tensor holds."""
    low, high = _limits(t)
    return (low - t.zero_point) * t.scale, (high - t.zero_point) * t.scale


def reach(real: npt.NDArray[np.floating], t: Tensor) -> Reach:
    """Of real values for a quantized input."""
    low, high = limits(t)
    beyond = float(((real < low - t.scale) | (real > high + t.scale)).mean())
    return Reach(float(real.min()), float(real.max()), beyond)


def beyond_warning(found: Reach, t: Tensor) -> tuple[str, ...]:
    """What is to be said of real values of an input that are cut off; nothing of a few."""
    if found.beyond <= _SATURATED:
        return ()
    low, high = limits(t)
    return (
        f"warning: {found.beyond:.1%} of the input values lie outside what the model's input "
        f"holds, {low:.4g} to {high:.4g}, and are cut off there: is the range right?",
    )


def of_pictures(images: npt.NDArray[np.uint8], t: Tensor) -> npt.NDArray[np.int8]:
    """Pictures as the device gets them, (n, bytes): grey levels over 255, quantized."""
    return quantized(images.astype(np.float32) / np.float32(255), t)


def synthetic(graph: Graph, count: int, seed: int) -> Examples:
    """Inputs for a model without data, as unlike each other as real ones; constant ones last."""
    rng = np.random.default_rng(seed)
    limits = index_limits(graph)
    values = [drawn(t, count, rng, limits.get(t.index)) for t in graph.input_tensors]
    return Examples(packed(values), drawn=True)


def load(path: Path, graph: Graph) -> Examples:
    """Examples from a .npz file.

    inputs: the model's own integers, or float32/float64 in real values, (n, *shape). Of several
    inputs each is an array of its own, named inputs_0, inputs_1, ... or as the input is. Optional:
    labels, integers (n,), labels_1 where they are of that output; outputs, in the output's own
    type, (n, *shape), named like the inputs. ForgeError for anything else in it.
    """
    arrays = _arrays(path)
    notes: list[str] = []
    reaches: dict[int, Reach] = {}
    inputs = [
        _input(arrays, graph, i, path, notes=notes, reaches=reaches)
        for i in range(len(graph.inputs))
    ]
    if len({len(one) for one in inputs}) > 1:
        counts = ", ".join(str(len(one)) for one in inputs)
        raise ForgeError(f"of the model's inputs there are {counts} examples", where=str(path))
    head, labels = _labels(arrays, graph, len(inputs[0]), path)
    outputs = _outputs(arrays, graph, len(inputs[0]), path)
    return Examples(packed(inputs), labels, outputs, head, tuple(notes), reach=reaches)


def _arrays(path: Path) -> _Arrays:
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
    arrays: _Arrays,
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


def _limits(t: Tensor) -> tuple[int, int]:
    limits = np.iinfo(t.dtype.numpy)
    return int(limits.min), int(limits.max)


def _named(arrays: _Arrays, role: str, tensors: Sequence[Tensor], position: int) -> str | None:
    """The array of one of the model's inputs or outputs. role: "inputs" or "outputs"."""
    alone = (role,) if len(tensors) == 1 else ()
    own = tensors[position].name
    # What the converter makes of the name in Keras.
    keras = own.removeprefix("serving_default_").removesuffix(":0")
    names = (*alone, f"{role}_{position}", own, keras)
    return next((name for name in names if name in arrays), None)


def _labels(
    arrays: _Arrays, graph: Graph, count: int, path: Path
) -> tuple[int, npt.NDArray[np.int64] | None]:
    """The output that labels are of, and the labels."""
    said = {f"labels_{i}": i for i in range(len(graph.outputs)) if f"labels_{i}" in arrays}
    name, head = next(iter(said.items()), ("labels", None))
    found = arrays.get(name)
    if found is None:
        return 0, None
    if head is None:
        countable = found.dtype.kind in "iu" and found.size
        head = head_of(graph, int(found.max()) + 1 if countable else 1, str(path))
    output = graph.output_tensors[head]
    # An output of whole numbers names its classes, however many there are.
    last = classes(output) - 1 if output.quant is not None else (1 << 31) - 1
    labels = _integers(arrays, name, (count, 1), (0, last), path)
    return head, None if labels is None else labels[:, 0]


def _outputs(arrays: _Arrays, graph: Graph, count: int, path: Path) -> npt.NDArray[np.int8] | None:
    """Raw bytes of all outputs, where each has its array."""
    tensors = graph.output_tensors
    names = [_named(arrays, "outputs", tensors, i) for i in range(len(tensors))]
    if not any(names):
        return None
    found = [_output(arrays, name, t, count, path) for name, t in zip(names, tensors, strict=True)]
    return packed(found)


def _output(
    arrays: _Arrays, name: str | None, t: Tensor, count: int, path: Path
) -> npt.NDArray[Any]:
    if name is None:
        raise ForgeError(
            f"outputs of the model are there, but not of its output {t.name!r}",
            where=str(path),
            fix="give every output's array, outputs_0, outputs_1, ..., or none",
        )
    if t.dtype is DType.FLOAT32:
        found = arrays[name]
        if found.dtype != np.float32 or found.size != count * t.size:
            raise ForgeError(f"{name} are {found.dtype}, expected float32", where=str(path))
        return found.reshape(count, -1)
    limits = (0, 1) if t.dtype is DType.BOOL else _limits(t)
    integers = _integers(arrays, name, (count, t.size), limits, path)
    assert integers is not None
    return integers.astype(t.dtype.numpy)


def _require_indices(found: npt.NDArray[Any], count: int | None, name: str, path: Path) -> None:
    """ForgeError for an index that there is not, where an input is of indices."""
    if count is not None and not ((found >= 0) & (found < count)).all():
        raise ForgeError(
            f"{name} are indices {found.min()} to {found.max()}; the model has 0 to {count - 1}",
            where=str(path),
        )


def _as_integers(
    found: npt.NDArray[np.generic], t: Tensor, name: str, path: Path
) -> npt.NDArray[np.generic]:
    """Integers of any size as the type of an input that holds no real values; others as they are.

    ForgeError where they do not fit.
    """
    if found.dtype.kind not in "iu":
        return found
    low, high = (0, 1) if t.dtype is DType.BOOL else _limits(t)
    if int(found.min()) < low or int(found.max()) > high:
        raise ForgeError(
            f"{name} go from {found.min()} to {found.max()}, expected {low} to {high}",
            where=str(path),
        )
    return found.astype(t.dtype.numpy)


def _input(
    arrays: _Arrays,
    graph: Graph,
    position: int,
    path: Path,
    *,
    notes: list[str],
    reaches: dict[int, Reach],
) -> npt.NDArray[np.int8]:
    """Raw bytes of one of the model's inputs. notes: what the user is to be told goes there;
    reaches: how far real values go, by position."""
    t = graph.input_tensors[position]
    own = t.dtype.name.lower()
    name = _named(arrays, "inputs", graph.input_tensors, position)
    expected = f"expected {own} or float (n, {', '.join(map(str, t.shape[1:]))})"
    if name is None:
        wanted = "inputs" if len(graph.inputs) == 1 else f"inputs_{position} or {t.name}"
        raise ForgeError(
            f"no array named {wanted}, only {', '.join(sorted(arrays)) or 'none at all'}",
            where=str(path),
            fix=expected,
        )
    found = arrays[name]
    if found.ndim and len(found):
        found, told = arranged(found, t.shape[1:])
        notes += [f"note: {name}: {note}" for note in told]
    if found.ndim < 1 or not len(found) or found.shape[1:] != t.shape[1:]:
        raise ForgeError(f"{name} have shape {list(found.shape)}", where=str(path), fix=expected)
    if t.quant is None and t.dtype in (DType.INT32, DType.BOOL):
        found = _as_integers(found, t, name, path)
    if found.dtype == t.dtype.numpy:
        _require_indices(found, index_limits(graph).get(t.index), name, path)
        return raw(found.reshape(len(found), -1))
    if found.dtype in (np.float32, np.float64) and t.quant is not None:
        real = found.astype(np.float64)
        if not np.isfinite(real).all():
            raise ForgeError(f"{name} hold NaN or infinity", where=str(path))
        reaches[position] = reach(real, t)
        notes += beyond_warning(reaches[position], t)
        return quantized(real, t)
    raise ForgeError(f"{name} are {found.dtype}", where=str(path), fix=expected)
