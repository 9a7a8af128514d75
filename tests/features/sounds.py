"""Sounds of a second or so: what a microphone hears, and what it should never."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Int16 = npt.NDArray[np.int16]
Real = npt.NDArray[np.float64]


def clipped(values: Real) -> Int16:
    return np.clip(np.round(values), -32768, 32767).astype(np.int16)


def speech(rate: int, seconds: float, seed: int) -> Real:
    """Something like it: a voice whose pitch and formants wander, pauses, a room's noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate

    def wander(low: float, high: float) -> Real:
        knots = np.linspace(0, seconds, 12)
        return np.interp(t, knots, rng.uniform(low, high, len(knots)))

    voice = np.zeros(len(t))
    phase = 2 * np.pi * np.cumsum(wander(90, 250)) / rate
    formants = [wander(300, 900), wander(900, 2400), wander(2400, 3600)]
    for harmonic in range(1, 30):
        frequency = harmonic * np.gradient(phase, 2 * np.pi / rate)
        level = sum(
            np.exp(-(((frequency - f) / 150) ** 2)) / (i + 1) for i, f in enumerate(formants)
        )
        voice += level * np.sin(harmonic * phase)
    spoken = np.interp(t, np.linspace(0, seconds, 9), rng.integers(0, 2, 9))
    return 4000 * voice * spoken + rng.normal(0, 30, len(t))


def sounds(rate: int = 16000, seconds: float = 1.0, seed: int = 5) -> Mapping[str, Int16]:
    """By name, int16 of rate samples a second."""
    rng = np.random.default_rng(seed)
    count = int(rate * seconds)
    t = np.arange(count) / rate
    number = np.arange(count)
    said = speech(rate, seconds, seed)
    return {
        "silence": clipped(np.zeros(count)),
        "one bit": clipped(rng.integers(-1, 2, count).astype(float)),
        "noise": clipped(rng.normal(0, 300, count)),
        "loud noise": rng.integers(-32768, 32768, count).astype(np.int16),
        "sweep": clipped(20000 * np.sin(2 * np.pi * (50 + 0.24 * rate / seconds * t) * t)),
        "quiet sweep": clipped(12 * np.sin(2 * np.pi * (50 + 0.24 * rate / seconds * t) * t)),
        "clipped": clipped(90000 * np.sin(2 * np.pi * 440 * t)),
        "lowest": np.full(count, -32768, np.int16),
        "highest": np.full(count, 32767, np.int16),
        "square": np.where(number // 40 % 2, 32767, -32768).astype(np.int16),
        "clicks": np.where(number % 997 == 240, -32768, 0).astype(np.int16),
        "then silence": clipped(np.where(number < count // 2, 20000 * rng.normal(0, 1, count), 0)),
        "speech": clipped(said),
        "shouted": clipped(20 * said),
    }
