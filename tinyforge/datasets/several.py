"""The data of a model with several inputs: a .npz with an array for each.

The samples of all inputs lie side by side: a sample is one row of numbers, and `apart` takes it to
pieces again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyforge.datasets.arrays import class_names, described, role_of
from tinyforge.datasets.fit import fitted
from tinyforge.datasets.function import call, is_function
from tinyforge.datasets.labels import labelled
from tinyforge.datasets.npy import Array, read_npz
from tinyforge.datasets.ranges import Kind, Range, Reals
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError

Shape = tuple[int, ...]


def read_several(source: str, inputs: Mapping[str, Shape], to: Range | None) -> Samples:
    """The data for inputs of these names and shapes (without the batch), as their real values.

    Arrays are named as the inputs are, or inputs_0, inputs_1, ...; beside them labels and classes
    as in a .npz of one input. to: the range that pixels are brought into; other numbers count as
    they are. ForgeError where an array is missing, does not fit, or holds pixels and no range is
    given.
    """
    path = Path(source)
    function = is_function(source)
    if path.suffix.lower() != ".npz" and not function:
        listed = ", ".join(f"{n}=..." for n in inputs)
        raise ForgeError(
            f"the model has {len(inputs)} inputs, and the data must have an array for each",
            where=source,
            fix=f"give a .npz: numpy.savez('data.npz', {listed}, labels=...)",
        )
    arrays = call(source, next(iter(inputs.values()))) if function else read_npz(path)
    names = [_array_of(arrays, name, i, inputs, path) for i, name in enumerate(inputs)]
    parts = [
        _part(arrays[found], name, shape, f"{path}, array {found!r}")
        for found, (name, shape) in zip(names, inputs.items(), strict=True)
    ]
    counts = {len(part) for part in parts}
    if len(counts) > 1:
        listed = ", ".join(f"{len(p)} of {n!r}" for p, n in zip(parts, names, strict=True))
        raise ForgeError(f"the inputs are not as many samples each: {listed}", where=source)
    pixels = any(part.kind is not Kind.VALUES for part in parts)
    reals = [_real(p, to, n, pixels=pixels) for p, n in zip(parts, names, strict=True)]
    samples = Samples(
        source,
        np.concatenate([r.reshape(len(r), -1) for r in reals], axis=1),
        found=", ".join(f"{n} {p.found}" for p, n in zip(parts, names, strict=True)),
        several=tuple(inputs.values()),
        notes=tuple(f"{n}: {note}" for p, n in zip(parts, names, strict=True) for note in p.notes),
    )
    label = next((n for n in arrays if role_of(n)[0] == "labels" and n not in names), None)
    if label is None:
        return samples
    return labelled(samples, arrays[label], class_names(arrays), f"{path}, array {label!r}")


def apart(rows: Reals, shapes: Sequence[Shape]) -> list[Reals]:
    """Rows (n, numbers of all inputs) as an array (n, *shape) for each."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    pieces = np.split(rows, ends[:-1], axis=1)
    return [p.reshape(-1, *shape) for p, shape in zip(pieces, shapes, strict=True)]


def _array_of(
    arrays: Mapping[str, Array], name: str, i: int, inputs: Mapping[str, Shape], path: Path
) -> str:
    found = next((n for n in (name, f"inputs_{i}", f"input_{i}") if n in arrays), None)
    if found is None:
        raise ForgeError(
            f"no array for the model's input {name!r}, only {', '.join(sorted(arrays)) or 'none'}",
            where=str(path),
            fix=f"name the arrays as the inputs are: {', '.join(inputs)}",
        )
    return found


def _part(array: Array, name: str, shape: Shape, where: str) -> Samples:
    if array.ndim < 1 or not array.size or array.dtype.kind not in "uif":
        raise ForgeError(
            f"{array.dtype} of shape {array.shape} is not a set of samples of input {name!r}",
            where=where,
            fix=f"give numbers of shape (n, {', '.join(map(str, shape))})",
        )
    return fitted(Samples(where, array, found=described(array)), shape)


def _real(part: Samples, to: Range | None, name: str, *, pixels: bool) -> Reals:
    """pixels: some input is of pixels, and it is their range."""
    if to is not None and (part.kind is not Kind.VALUES or not pixels):
        return part.real(to)
    if part.kind is Kind.LEVELS:
        raise ForgeError(
            f"array {name!r} holds pixels from 0 to 255, and nothing says which range the model "
            "takes them in",
            where=part.source,
            fix="give --range 0..1, 0..255, -1..1 or mean,std, as in training, or --range values "
            "where they count as they are",
        )
    return part.values.astype(np.float32)
