"""Arrays as they were found, to the shape that a model takes; nothing by size alone, all told."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.pictures import Size, resized
from tinyforge.datasets.ranges import is_picture, kind_of
from tinyforge.datasets.samples import Samples, channels_first, require_finite
from tinyforge.errors import ForgeError

Shape = tuple[int, ...]


def picture_size(shape: Shape) -> tuple[Size, int] | None:
    """(height, width) and channels of an input that is a picture; None for others."""
    if not is_picture(shape):
        return None
    if len(shape) == 2:
        return (shape[0], shape[1]), 1
    if channels_first(shape):
        return (shape[1], shape[2]), shape[0]
    return (shape[0], shape[1]), shape[2]


def fitted(samples: Samples, shape: Shape) -> Samples:
    """The samples in the shape of a model's input, without the batch.

    Dimensions of 1 come and go; channels are moved, rows of numbers folded, recordings cut into
    windows, pictures of bytes scaled: each is noted. ForgeError where none of it leads to the
    shape, and for NaN or infinity.
    """
    require_finite(samples)
    found = samples.values.shape
    samples = _shaped(samples, shape)
    if samples.shape != shape:
        raise ForgeError(
            f"the data has shape {_text(found)}, the model takes (n, {', '.join(map(str, shape))})",
            where=samples.source,
            fix="give samples of the model's own shape"
            + (", or pictures in a folder, which are scaled" if is_picture(shape) else ""),
        )
    return replace(samples, kind=kind_of(samples.values, shape))


def _text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape))


def _sides(shape: Shape) -> Shape:
    """The dimensions that are not 1."""
    return tuple(d for d in shape if d != 1)


def _shaped(samples: Samples, shape: Shape) -> Samples:
    """What the first step that knows a way makes of it; the samples as they are where none does."""
    if samples.shape == shape:
        return samples
    found = (step(samples, shape) for step in _STEPS)
    return next((s for s in found if s is not None), samples)


def _squeezed(samples: Samples, shape: Shape) -> Samples | None:
    if _sides(samples.shape) != _sides(shape):
        return None
    return replace(samples, values=samples.values.reshape(-1, *shape))


def _folded(samples: Samples, shape: Shape) -> Samples | None:
    if samples.shape != (math.prod(shape),):
        return None
    note = f"rows of {math.prod(shape)} numbers are taken as {_by(shape)}, row by row"
    return replace(samples, values=samples.values.reshape(-1, *shape)).noting(note)


def _flattened(samples: Samples, shape: Shape) -> Samples | None:
    if shape != (math.prod(samples.shape),):
        return None
    note = f"samples of {_by(samples.shape)} are taken as {shape[0]} numbers"
    return replace(samples, values=samples.values.reshape(-1, *shape)).noting(note)


def _single(samples: Samples, shape: Shape) -> Samples | None:
    """One sample without the dimension that counts them."""
    if _sides(samples.values.shape) != _sides(shape) or samples.labels is not None:
        return None
    one = replace(samples, values=samples.values.reshape(1, *shape), targets=None, outputs=None)
    return one.noting("the array is one sample")


def _channels_moved(samples: Samples, shape: Shape) -> Samples | None:
    """Channels first to channels last, or the other way, where that gives the shape."""
    values, found = samples.values, samples.shape
    if len(shape) < 2 or len(found) != len(shape) or (len(shape) == 2 and shape[1] >= shape[0]):
        return None
    for source, target, here, there in ((1, -1, "first", "last"), (-1, 1, "last", "first")):
        moved = np.moveaxis(values, source, target)
        if moved.shape[1:] == shape:
            return replace(samples, values=np.ascontiguousarray(moved)).noting(
                f"channels are {here} in the data {_text(values.shape)} and {there} in the model: "
                f"transposed to {_text(moved.shape)}"
            )
    return None


def _windows(samples: Samples, shape: Shape) -> Samples | None:
    """A recording (moments, channels), cut into inputs of consecutive moments of one label."""
    sides = _sides(shape)
    if not 1 <= len(sides) <= 2:
        return None
    steps, channels = sides[0], sides[1] if len(sides) == 2 else 1
    rows = samples.values.reshape(len(samples), -1)
    if samples.values.ndim > 2 or rows.shape[1] != channels or len(rows) < steps:
        return None
    starts, lost = [], 0
    for begin, end in _runs(samples):
        starts += list(range(begin, end - steps + 1, steps))
        lost += (end - begin) % steps
    if not starts:
        raise ForgeError(
            f"no {steps} rows in a row have one label, as many as the model takes at once",
            where=samples.source,
            fix="give longer recordings, or the samples themselves as an array (n, "
            + ", ".join(map(str, shape))
            + ")",
        )
    picked = samples.take(np.array(starts, np.int64))
    values = np.stack([rows[start : start + steps] for start in starts])
    rest = f"; {lost} rows at the ends are left out" if lost else ""
    return replace(picked, values=values.reshape(-1, *shape)).noting(
        f"{len(rows):,} rows are cut into {len(starts):,} windows of {steps}{rest}"
    )


def _runs(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of rows with the same label, or target."""
    known = samples.labels if samples.labels is not None else samples.targets
    if known is None:
        return [(0, len(samples))]
    changes = np.flatnonzero((known[1:] != known[:-1]).reshape(len(known) - 1, -1).any(axis=1)) + 1
    return list(pairwise([0, *changes.tolist(), len(samples)]))


def _scaled(samples: Samples, shape: Shape) -> Samples | None:
    """Pictures of bytes, to the model's size and channels."""
    wanted = picture_size(shape)
    values = samples.values
    if wanted is None or values.dtype != np.uint8 or not is_picture(samples.shape):
        return None
    size, channels = wanted
    if channels_first(samples.shape):
        values = np.moveaxis(values, 1, -1)
    if 4 in (channels, values.shape[3] if values.ndim == 4 else 1):
        return None
    new = resized(values, size, channels).reshape(len(values), *size, channels)
    if channels_first(shape):
        new = np.moveaxis(new, -1, 1)
    before = (values.shape[1], values.shape[2])
    return replace(samples, values=new.reshape(-1, *shape), resized=before).noting(
        f"pictures of {_by(samples.shape)} are scaled to {_by(shape)}"
    )


_STEPS: tuple[Callable[[Samples, Shape], Samples | None], ...] = (
    _squeezed,
    _channels_moved,
    _folded,
    _flattened,
    _single,
    _windows,
    _scaled,
)


def arranged(values: npt.NDArray[Any], shape: Shape) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """An array in the shape of a model's input, where only its dimensions differ, and what is to
    be told of it; as it is where it does not fit."""
    samples = Samples("", values)
    if samples.shape != shape:
        steps = (step(samples, shape) for step in (_squeezed, _channels_moved, _folded, _flattened))
        samples = next((s for s in steps if s is not None), samples)
    return samples.values, samples.notes
