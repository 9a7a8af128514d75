"""What the numbers of a model's input mean: pixels from 0 to 255 in some range, or plain values.

A picture holds levels from 0 to 255; a model takes them as 0..1, -1..1, standardized, or as they
are. Nothing in a picture says which. A Range is one answer, in the words of `--range`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError

Reals = npt.NDArray[np.float32]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BETWEEN = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")
_FIX = (
    "give --range 0..1, 0..255, -1..1, or mean,std (of pixels from 0 to 255; from 0 to 1 where "
    "both are at most 1), or values for numbers that the model takes as they are"
)
_PICTURE_CHANNELS = (1, 3, 4)
_SMALLEST_PICTURE = 8  # pixels a side


class Kind(Enum):
    """What numbers look like, by their type and how far they go."""

    LEVELS = "0..255"
    UNIT = "0..1"
    SIGNED = "-1..1"
    VALUES = "values"


@dataclass(frozen=True)
class Range:
    """real = (pixel - mean) / std, of pixels from 0 to 255; mean and std: one, or one a channel.

    text: as `--range` takes it. values: the same of numbers that are no pixels; by default they are
    what the model takes.
    """

    text: str
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    values: bool = False

    def ends(self) -> tuple[float, float]:
        """The least and the greatest real value that a pixel can be."""
        pairs = list(zip(self.mean, self.std, strict=True))
        return min(-m / s for m, s in pairs), max((255 - m) / s for m, s in pairs)


_VALUES = "values"
AS_THEY_ARE = Range(_VALUES, values=True)


def parse(text: str) -> Range:
    """The range that `--range` or a file's metadata names. ForgeError for none."""
    words = text.strip()
    if words == _VALUES:
        return AS_THEY_ARE
    between = _BETWEEN.fullmatch(words)
    if between:
        low, high = float(between[1]), float(between[2])
        if math.isfinite(high - low) and high > low:
            std = 255 / (high - low)
            return Range(f"{low:g}..{high:g}", (0.0 - low * std,), (std,))
    found = _standardized(words.removeprefix(_VALUES + ":"), of_values=":" in words)
    if found is None:
        raise ForgeError(f"{text!r:.80} is no range", fix=_FIX)
    return found


def _standardized(words: str, *, of_values: bool) -> Range | None:
    """mean,std; or the means of all channels and then their stds."""
    parts = [part.strip() for part in words.split(",")]
    if len(parts) % 2 or not all(re.fullmatch(_NUMBER, part) for part in parts):
        return None
    numbers = [float(part) for part in parts]
    mean, std = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    if not all(map(math.isfinite, numbers)) or min(std) <= 0:
        return None
    text = ",".join(parts)
    if of_values:
        return Range(f"{_VALUES}:{text}", tuple(mean), tuple(std), values=True)
    unit = 255.0 if max(map(abs, numbers)) <= 1 else 1.0
    return Range(text, tuple(m * unit for m in mean), tuple(s * unit for s in std))


CANDIDATES = tuple(map(parse, ("0..1", "0..255", "-1..1")))


def kind_of(array: npt.NDArray[Any], shape: tuple[int, ...]) -> Kind:
    """What an array's numbers look like, for an input of that shape (without the batch).

    Only of a picture's shape are floats and wide integers taken for pixels; bytes always are.
    """
    if array.dtype == np.uint8:
        return Kind.LEVELS
    if array.dtype.kind not in "iuf" or not array.size or not is_picture(shape):
        return Kind.VALUES
    low, high = float(array.min()), float(array.max())
    if low >= 0 and high <= 255 and (high > 1 or array.dtype.kind != "f"):
        return Kind.LEVELS
    if array.dtype.kind == "f" and low >= -1 and high <= 1:
        return Kind.UNIT if low >= 0 else Kind.SIGNED
    return Kind.VALUES


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether an input of this shape can be a picture: (h, w), (h, w, c) or (c, h, w)."""
    if len(shape) == 3:
        if shape[2] in _PICTURE_CHANNELS:
            return min(shape[:2]) >= _SMALLEST_PICTURE
        return shape[0] in _PICTURE_CHANNELS and min(shape[1:]) >= _SMALLEST_PICTURE
    return len(shape) == 2 and min(shape) >= _SMALLEST_PICTURE


def fitting(to: Range, kind: Kind) -> Range:
    """The range for numbers of this kind: mean and std are of plain values where there are no
    pixels. ForgeError where a range of pixels is asked of plain values."""
    if kind is not Kind.VALUES or to.values:
        return to
    if ".." in to.text:
        raise ForgeError(
            f"the data are no pixels, so they have no range {to.text}",
            fix="leave --range out: they are taken as they are; mean,std standardizes them",
        )
    return parse(f"{_VALUES}:{to.text}")


def real(array: npt.NDArray[Any], kind: Kind, to: Range, channel_axis: int = -1) -> Reals:
    """The array's numbers as the model takes them: float32, same shape.

    kind: what the numbers are now. to: fitting() for it. ForgeError where the channels differ.
    """
    numbers = array.astype(np.float32)
    if to.text == kind.value:
        return numbers
    if not to.values and kind is Kind.UNIT:
        numbers = numbers * np.float32(255)
    elif not to.values and kind is Kind.SIGNED:
        numbers = (numbers + np.float32(1)) * np.float32(127.5)
    mean, std = np.array(to.mean, np.float32), np.array(to.std, np.float32)
    if len(mean) > 1:
        if numbers.shape[channel_axis] != len(mean):
            raise ForgeError(
                f"the range {to.text} is of {len(mean)} channels, the data has "
                f"{numbers.shape[channel_axis]}",
                fix="give one mean and one std, or one of each a channel",
            )
        across = [1] * numbers.ndim
        across[channel_axis] = -1
        mean, std = mean.reshape(across), std.reshape(across)
    return np.asarray((numbers - mean) / std, np.float32)
