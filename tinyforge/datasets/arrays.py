"""The user's own data as NumPy arrays: which is which, by their names or by what fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyforge.datasets.folder import PARTS
from tinyforge.datasets.labels import labelled
from tinyforge.datasets.npy import Array, read_npy, read_npz
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError

_INPUTS = ("inputs", "images", "input", "image", "x", "xs", "data", "features", "samples")
_LABELS = ("labels", "label", "y", "ys", "targets", "target")
_CLASSES = ("classes", "class_names", "label_names", "labels_names", "names", "class")
_FIX = "name them: numpy.savez(file, inputs=..., labels=...)"


@dataclass(frozen=True)
class _Set:
    """One part of the data: the names of its arrays."""

    inputs: str
    labels: str | None
    part: int | None


def load_npz(path: Path, shape: tuple[int, ...] | None = None) -> Samples:
    """A .npz: inputs, perhaps labels, the classes' names, and outputs of the model.

    Arrays are known by their names (images, x, x_train, inputs ...; labels, y, y_train ...), else
    inputs are the one array that fits the model and labels the one with as many rows. shape: of
    the model's input, without the batch. ForgeError where that leaves a choice.
    """
    return of_arrays(read_npz(path), path, shape)


def of_arrays(
    arrays: dict[str, Array], path: Path, shape: tuple[int, ...] | None = None
) -> Samples:
    """The same of arrays that come from elsewhere: path says where."""
    notes: list[str] = []
    sets = _sets(arrays, shape, path, notes)
    classes = class_names(arrays)
    first, rest = sets[0], sets[1:]
    samples = _one(arrays, first, classes, path)
    for other in rest:
        samples = _joined(samples, _one(arrays, other, classes, path), path)
    outputs = arrays.get("outputs")
    if outputs is not None:
        if outputs.ndim == 0 or len(outputs) != len(samples):
            raise ForgeError(
                f"{len(samples)} inputs, but outputs of shape {outputs.shape}", where=str(path)
            )
        samples = replace(samples, outputs=outputs)
    return samples.noting(*notes)


def class_names(arrays: Mapping[str, Array]) -> Array | None:
    """The array of the classes' names, by its own."""
    return next((arrays[n] for n in arrays if n.lower() in _CLASSES), None)


def load_npy(path: Path) -> Samples:
    """The inputs, or the recording, in a .npy."""
    array = read_npy(path)
    _require_inputs(array, str(path))
    return Samples(str(path), array, found=described(array))


def described(array: Array) -> str:
    """28x28x1 uint8: one row of an array."""
    return f"{'x'.join(map(str, array.shape[1:])) or 'single'} {array.dtype.name}"


def _one(arrays: dict[str, Array], of: _Set, classes: Array | None, path: Path) -> Samples:
    where = f"{path}, array {of.inputs!r}"
    inputs = arrays[of.inputs]
    _require_inputs(inputs, where)
    samples = Samples(str(path), inputs, found=described(inputs))
    if of.labels is not None:
        samples = labelled(samples, arrays[of.labels], classes, f"{path}, array {of.labels!r}")
    if of.part is not None:
        samples = replace(samples, parts=np.full(len(inputs), of.part, np.int64))
    return samples


def _joined(one: Samples, other: Samples, path: Path) -> Samples:
    if one.shape != other.shape:
        raise ForgeError(
            f"inputs of shape {one.shape} and {other.shape} do not belong together",
            where=str(path),
            fix=_FIX,
        )
    if (one.labels is None) != (other.labels is None) or one.classes != other.classes:
        raise ForgeError("the parts are labelled differently", where=str(path), fix=_FIX)
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("values", "labels", "targets", "parts")
        if getattr(one, name) is not None and getattr(other, name) is not None
    }
    return replace(one, **joined)


def _require_inputs(array: Array, where: str) -> None:
    if array.ndim < 1 or array.size == 0 or array.dtype.kind not in "uif":
        raise ForgeError(
            f"{array.dtype} of shape {array.shape} is not a set of inputs",
            where=where,
            fix="give numbers of shape (n, ...), n at least 1",
        )


def _sets(
    arrays: dict[str, Array], shape: tuple[int, ...] | None, path: Path, notes: list[str]
) -> list[_Set]:
    """The inputs and labels, by name; without names for them, by what fits."""
    roles = {name: role_of(name) for name in arrays}
    inputs = {part: n for n, (role, part) in roles.items() if role == "inputs"}
    labels = {part: n for n, (role, part) in roles.items() if role == "labels"}
    taken = [n for n, (role, _) in roles.items() if role == "inputs"]
    if len(taken) != len(inputs):
        raise ForgeError(
            f"{' and '.join(sorted(taken))} could all be the inputs", where=str(path), fix=_FIX
        )
    if inputs:
        parts = sorted(inputs, key=lambda part: -1 if part is None else part)
        if None in inputs and len(inputs) > 1:
            parts = [None]
        return [_Set(inputs[part], labels.get(part), part) for part in parts]
    found = _by_shape(arrays, shape)
    if len(found) != 1:
        listed = ", ".join(f"{n} {a.dtype} {list(a.shape)}" for n, a in sorted(arrays.items()))
        raise ForgeError(
            f"no array is named inputs or images, and {len(found)} could be: {listed or 'none'}",
            where=str(path),
            fix=_FIX,
        )
    (name,) = found
    rows = len(arrays[name])
    columns = [
        n
        for n, a in arrays.items()
        if n != name and a.shape[:1] == (rows,) and a.size == rows and a.dtype.kind in "biuUS"
    ]
    label = labels.get(None) or (columns[0] if len(columns) == 1 else None)
    notes.append(f"inputs are the array {name!r}, labels {f'{label!r}' if label else 'none'}")
    return [_Set(name, label, None)]


def _by_shape(arrays: dict[str, Array], shape: tuple[int, ...] | None) -> list[str]:
    """The arrays that could be inputs: as large as the model's where that is known."""
    numeric = {n: a for n, a in arrays.items() if a.ndim >= 2 and a.dtype.kind in "uif"}
    if shape is not None:
        fit = [n for n, a in numeric.items() if np.prod(a.shape[1:]) == np.prod(shape)]
        if fit:
            return fit
    return list(numeric)


def role_of(name: str) -> tuple[str | None, int | None]:
    """What an array is by its name, and of which part of the data."""
    words = [word for word in re.split(r"[_\-. ]+", name.lower()) if word]
    parts = [PARTS[word] for word in words if word in PARTS]
    rest = "_".join(word for word in words if word not in PARTS)
    part = parts[0] if parts else None
    if rest in _INPUTS:
        return "inputs", part
    return ("labels" if rest in _LABELS else None), part
