"""Samples: what the user's data holds for one input of a model, and how it was made to fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.ranges import Kind, Range, Reals, fitting, is_picture, real
from tinyforge.errors import ForgeError

Labels = npt.NDArray[np.int64]

TRAINING, VALIDATION, TEST = range(3)


@dataclass(frozen=True, eq=False)
class Samples:
    """values: (n, *shape), n at least 1, the numbers as they were found; kind: what they look like.

    source: the name that the user gave. found: one sample's shape and type as they were found.
    labels: (n,), each an index into classes or, where there are no names, a class's number; None
    if there are none. targets: float32 (n, ...), the same as numbers to come near; None likewise.
    parts: (n,), TRAINING, VALIDATION or TEST, where the data says so. outputs: what came along as
    the model's own outputs. notes: what was done that the user did not ask for. several: of several
    inputs the shapes, whose numbers are side by side in values (datasets/several.py). resized:
    height and width of all pictures before they were scaled to values; None without that.
    """

    source: str
    values: npt.NDArray[Any]
    kind: Kind = Kind.VALUES
    found: str = ""
    labels: Labels | None = None
    targets: Reals | None = None
    classes: tuple[str, ...] = ()
    parts: Labels | None = None
    outputs: npt.NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    several: tuple[tuple[int, ...], ...] = ()
    resized: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's."""
        return self.values.shape[1:]

    def noting(self, *notes: str) -> Samples:
        return replace(self, notes=(*self.notes, *notes))

    def take(self, rows: npt.NDArray[np.int64]) -> Samples:
        """The samples in these rows, in this order."""
        picked: dict[str, Any] = {
            name: None if (array := getattr(self, name)) is None else array[rows]
            for name in ("values", "labels", "targets", "parts", "outputs")
        }
        return replace(self, **picked)

    def real(self, to: Range) -> Reals:
        """The samples as the model takes them: float32 (n, *shape)."""
        first = len(self.shape) == 3 and not is_picture((*self.shape[:2], self.shape[2] or 0))
        axis = 1 if first or channels_first(self.shape) else -1
        return real(self.values, self.kind, fitting(to, self.kind), axis)

    def extent(self) -> tuple[float, float]:
        """The least and the greatest number."""
        return float(self.values.min()), float(self.values.max())


def channels_first(shape: tuple[int, ...]) -> bool:
    """Whether a model's input of this shape is a picture with its channels before its rows."""
    return len(shape) == 3 and shape[2] not in (1, 3, 4) and shape[0] in (1, 3, 4)


def spread(samples: Samples, count: int, seed: int) -> Samples:
    """At most count samples, of every class in proportion; in random order, by seed."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(samples))
    if samples.labels is not None:
        labels = samples.labels[order]
        # The k-th of each class before the k+1-st of any, in proportion to the classes' sizes.
        rank = np.empty(len(order))
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            rank[members] = (np.arange(len(members)) + rng.random()) / len(members)
        order = order[np.argsort(rank, kind="stable")]
    return samples.take(order[:count])


def part_of(samples: Samples, part: int) -> Samples:
    """The samples of one part where the data says which those are, else all."""
    if samples.parts is None or part not in samples.parts:
        return samples
    return samples.take(np.flatnonzero(samples.parts == part))


def parted(samples: Samples, seed: int) -> tuple[Samples, Samples]:
    """To train on, and held out: the data's own parts where it has them, else a quarter held out.

    Of every class in proportion; of few samples at least one; a single one is both.
    """
    if samples.parts is not None and len(np.unique(samples.parts)) > 1:
        training = samples.parts == TRAINING
        held_out = samples.parts == (TEST if TEST in samples.parts else VALIDATION)
        if training.any():
            return samples.take(np.flatnonzero(training)), samples.take(np.flatnonzero(held_out))
    if len(samples) == 1:
        return samples, samples
    mixed = spread(samples, len(samples), seed)
    count = max(1, len(samples) // 4)
    return mixed.take(np.arange(count, len(mixed))), mixed.take(np.arange(count))


def require_finite(samples: Samples) -> None:
    """ForgeError for NaN and infinity, with the first sample that holds one."""
    if samples.values.dtype.kind != "f":
        return
    bad = ~np.isfinite(samples.values.reshape(len(samples), -1)).all(axis=1)
    if bad.any():
        raise ForgeError(
            f"the data holds NaN or infinity in {int(bad.sum()):,} of {len(samples):,} samples",
            where=f"{samples.source}, sample {int(bad.argmax())}",
            fix="remove or repair these values",
        )
