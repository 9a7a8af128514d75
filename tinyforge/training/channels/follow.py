"""What is known of one call: where each channel goes, and what of the layer belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tinyforge.training.channels.calls import Path, Value

Numbers = npt.NDArray[np.int64]
# Channels of a value and as many of another: each goes with its counterpart.
Link = tuple[Value, Numbers, Value, Numbers]


@dataclass(frozen=True, eq=False)
class Cut:
    """An axis of a layer's weight whose entries go with a value's channels of these numbers.

    weight: by its place in layer.weights. axis: from the end, below 0.
    """

    weight: int
    axis: int
    value: Value
    numbers: Numbers


@dataclass(frozen=True, eq=False)
class Followed:
    """links: which channels go with which. reads: values of which each output is made of all
    channels. held: values that keep all channels, and why.

    cuts, kernels: the weights that channels have, and which of them are multiplied with inputs,
    each weight at so many positions. sizes: settings of the layer that say how many channels a
    value has, and those that are a shape with these at its end (shapes); of the layer within, where
    there is one (settings_of).
    """

    links: tuple[Link, ...] = ()
    reads: tuple[Value, ...] = ()
    held: Mapping[Value, str] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()
    kernels: tuple[int, ...] = ()
    positions: int = 0
    sizes: Mapping[str, Value] = field(default_factory=dict)
    shapes: Mapping[str, Value] = field(default_factory=dict)
    settings_of: Path | None = None


def all_of(value: Value) -> Numbers:
    return np.arange(value.channels)


def each(one: Value, other: Value) -> Link:
    """Channels of the same number go together."""
    return one, all_of(one), other, all_of(other)
