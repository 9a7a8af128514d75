"""Signal to noise, in dB: of all values, and of channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.training.noise.record import Channel

Array = npt.NDArray[Any]

_WORST = 3  # channels that are named


def snr(real: Array, found: Array) -> float | None:
    """None where there is none of the two."""
    signal = float((real.astype(np.float64) ** 2).sum())
    return ratio(signal, float(((found - real) ** 2).sum()))


def ratio(signal: float, noise: float) -> float | None:
    """Of two powers in dB; None where one is 0."""
    return float(10 * np.log10(signal / noise)) if signal and noise else None


def snrs(real: Array, found: Array) -> list[float | None]:
    """Of each column."""
    return [snr(real[:, i], found[:, i]) for i in range(real.shape[1])]


def worst(found: list[float | None]) -> tuple[Channel, ...]:
    """The channels that have least, the first of them first."""
    known = [np.inf if one is None else one for one in found]
    order = sorted(range(len(found)), key=lambda i: known[i])
    return tuple(Channel(i, found[i]) for i in order[:_WORST])
