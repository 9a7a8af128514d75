"""Dataset: labelled pictures, and the one way to split them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.ranges import Kind
from tinyforge.datasets.samples import TEST, TRAINING, Samples, require_finite
from tinyforge.errors import ForgeError

# progress(stage, done, total): called whenever something can be seen to have moved on.
Progress = Callable[[str, int, int], None]

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def silent(stage: str, done: int, total: int) -> None:
    """The Progress that shows nothing."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled pictures.

    images: uint8, (n, height, width) or (n, height, width, channels).
    labels: int64, (n,), each an index into classes. Doodles are white ink on black. parts: (n,), as
    Samples has them, where the data says which part a picture is of.
    """

    images: Images
    labels: Labels
    classes: tuple[str, ...]
    parts: Labels | None = None

    def __post_init__(self) -> None:
        assert self.images.dtype == np.uint8 and self.images.ndim in (3, 4)
        assert self.labels.dtype == np.int64 and self.labels.shape == self.images.shape[:1]
        assert not len(self) or 0 <= self.labels.min() <= self.labels.max() < len(self.classes)

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def of(cls, samples: Samples) -> Dataset:
        """Samples that are labelled pictures. ForgeError for others."""
        if samples.labels is None:
            raise ForgeError(
                "these pictures have no labels to learn",
                where=samples.source,
                fix="give a subfolder a class, or numpy.savez(file, images=..., labels=...)",
            )
        classes = samples.classes or tuple(map(str, range(int(samples.labels.max()) + 1)))
        if len(classes) < 2:
            raise ForgeError("there is 1 class", where=samples.source, fix="give two or more")
        return cls(_bytes(samples), samples.labels, classes, samples.parts)

    def samples(self, source: str) -> Samples:
        """The same as data for a model. source: what the user called it."""
        return Samples(
            source,
            self.images,
            Kind.LEVELS,
            f"pictures of {'x'.join(map(str, self.shape))}",
            self.labels,
            self.labels.astype(np.float32),
            self.classes,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """One picture's shape: (height, width) or (height, width, channels)."""
        return self.images.shape[1:]

    def take(self, indices: npt.NDArray[np.int64]) -> Dataset:
        """The pictures at these indices, in this order."""
        parts = None if self.parts is None else self.parts[indices]
        return Dataset(self.images[indices], self.labels[indices], self.classes, parts)

    def split(self, fractions: Sequence[float] = (0.7, 0.1, 0.2), seed: int = 0) -> Splits:
        """Training, validation and held-out parts: disjoint, each with every class in proportion.

        fractions: three positive numbers that add up to 1; of the data's own parts the second is
        what is taken of the training part where there is none to validate on. The same seed gives
        the same parts.
        Raises ForgeError when a class has too few pictures to be in all three parts.
        """
        assert len(fractions) == 3 and abs(sum(fractions) - 1) < 1e-9 and min(fractions) > 0
        if self.parts is not None and {TRAINING, TEST} <= set(self.parts.tolist()):
            return self._own(fractions[1], seed)
        rng = np.random.default_rng(seed)
        parts: tuple[list[Labels], ...] = ([], [], [])
        for label, name in enumerate(self.classes):
            members = rng.permutation(np.flatnonzero(self.labels == label))
            cuts = np.rint(np.cumsum(fractions[:-1]) * len(members)).astype(int)
            pieces = np.split(members, cuts)
            if any(len(piece) == 0 for piece in pieces):
                raise ForgeError(
                    f"class {name!r} has {len(members)} pictures, too few to split in three",
                    fix=f"give at least {int(np.ceil(1 / min(fractions)))} pictures of each class",
                )
            for part, piece in zip(parts, pieces, strict=True):
                part.append(piece)
        return Splits(*(self.take(rng.permutation(np.concatenate(part))) for part in parts))

    def _own(self, share: float, seed: int) -> Splits:
        """The data's own parts, each shuffled. share: of training, to validate on."""
        rng = np.random.default_rng(seed)
        rows = [rng.permutation(np.flatnonzero(self.parts == part)) for part in range(3)]
        training, validation, held_out = rows
        if not len(validation):
            count = max(1, round(share * len(training)))
            training, validation = training[count:], training[:count]
        return Splits(self.take(training), self.take(validation), self.take(held_out))


def _bytes(samples: Samples) -> Images:
    """Pictures as levels from 0 to 255: (n, h, w) or (n, h, w, c)."""
    require_finite(samples)
    images = samples.values
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    low, high = images.min(), images.max()
    unit = images.dtype.kind == "f" and high <= 1
    if images.ndim not in (3, 4) or low < 0 or high > 255:
        raise ForgeError(
            f"images are {images.dtype} from {low} to {high} of shape {images.shape}",
            where=samples.source,
            fix="give (n, height, width) or (n, height, width, channels): from 0 to 255, or float "
            "from 0 to 1",
        )
    return np.asarray(np.rint(images * 255) if unit else np.rint(images), np.uint8)


class Splits(NamedTuple):
    """The three parts of a dataset. Only the first is ever trained on."""

    training: Dataset
    validation: Dataset
    held_out: Dataset
