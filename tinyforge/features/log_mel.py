"""A microphone front end's parameters, and the tables that its fixed-point arithmetic reads.

Source: TensorFlow's micro frontend (tensorflow/lite/experimental/microfrontend), bit for bit as
the package pymicro-features 2 builds it: its tables are made in float32 throughout. (Where double
constants are left as that C has them, one value of the window and three weights differ by one.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.features.log1p import log1p

Int16 = npt.NDArray[np.int16]

# Fraction bits: of the window's and the filters' weights, of the noise estimate's shares, of the
# ratio of signal to noise, and of what is left of it after the root.
WINDOW_BITS = 12
WEIGHT_BITS = 12
SHARE_BITS = 14
RATIO_BITS = 12
SHRUNK_BITS = 6
LOG_BITS = 16
# Of the logarithm's table: 2 to this many pieces.
LOG_PIECES_BITS = 7

_LARGEST_FFT = 4096
_PIECES_OF_GAIN = 32  # a piece an octave of a 32-bit noise estimate


@dataclass(frozen=True)
class LogMel:
    """Log-mel energies of speech, a row every hop; by default as microWakeWord has them.

    rate: samples a second. window_ms, hop_ms: milliseconds a row is of, and from one to the next.
    lowest_hz, highest_hz: the band that is divided, evenly in mel, into channels.
    even_smoothing, odd_smoothing: how much of a new row goes into the estimate of the noise, of
    channels by number; least_signal: what is left of a channel at the least when the noise is
    subtracted. smoothing_bits: the estimate's fraction. strength, offset, gain_bits: of the gain
    that evens out loudness (PCAN). log_shift: fraction bits of the natural logarithm in a row.
    """

    rate: int = 16000
    window_ms: int = 30
    hop_ms: int = 10
    channels: int = 40
    lowest_hz: float = 125.0
    highest_hz: float = 7500.0
    even_smoothing: float = 0.025
    odd_smoothing: float = 0.06
    least_signal: float = 0.05
    smoothing_bits: int = 10
    strength: float = 0.95
    offset: float = 80.0
    gain_bits: int = 21
    log_shift: int = 6

    @property
    def window(self) -> int:
        """Samples that a row is of."""
        return self.window_ms * self.rate // 1000

    @property
    def hop(self) -> int:
        """Samples from one row to the next."""
        return self.hop_ms * self.rate // 1000

    @property
    def points(self) -> int:
        """Of the Fourier transform: the next power of two."""
        return 1 << max(0, self.window - 1).bit_length()

    @property
    def correction_bits(self) -> int:
        """Between a root's scale and that of the samples' own spectrum."""
        return self.points.bit_length() - 1 - WEIGHT_BITS // 2

    @property
    def ratio_shift(self) -> int:
        """From signal times gain to a ratio of RATIO_BITS."""
        return self.gain_bits - self.correction_bits - RATIO_BITS

    def share(self, part: float) -> int:
        """A part of 1 in SHARE_BITS, cut off as the source does."""
        return int(np.float32(part) * np.float32(1 << SHARE_BITS))

    def require(self) -> None:
        """ForgeError for values that the arithmetic does not hold for."""
        conditions = {
            f"the window of {self.window} samples has no transform of 64 to {_LARGEST_FFT} points":
                64 <= self.points <= _LARGEST_FFT,
            f"a hop of {self.hop} samples, not 1 to the window's {self.window}":
                1 <= self.hop <= self.window,
            f"{self.channels} channels, not 1 to 255": 1 <= self.channels <= 255,
            f"a band from {self.lowest_hz:g} to {self.highest_hz:g} Hz, of {self.rate / 2:g}":
                0 <= self.lowest_hz < self.highest_hz < self.rate / 2,
            "shares of noise and signal lie between 0 and 1":
                all(0 <= part <= 1
                    for part in (self.even_smoothing, self.odd_smoothing, self.least_signal)),
            "the gain's offset is to be above 0": self.offset > 0,
            "smoothing_bits is to be above the transform's correction, and at most 16":
                self.correction_bits <= self.smoothing_bits <= 16,
            "gain_bits leaves no shift of 0 to 31": 0 <= self.ratio_shift <= 31,
            "log_shift is 0 to 11": 0 <= self.log_shift <= 11,
        }  # fmt: skip
        for what, met in conditions.items():
            if not met:
                raise ForgeError(what, where="log-mel features", fix="give other values")


MICRO_WAKE_WORD = LogMel()


@dataclass(frozen=True, eq=False)
class Tables:
    """What a LogMel's arithmetic reads; int16 where nothing else is said.

    window: (samples,), WINDOW_BITS. twiddles: (points * 3 / 8, 2), real and imaginary, of a complex
    transform of half the points, without the last quarter, which nobody reads. halves: (points / 4,
    2), which turn it into the transform of real samples. first: the bin that filters begin at.
    widths: uint16 (channels + 1,), bins a rising edge. weights: (bins, 2), of a bin in the filter
    that rises there and in the one that falls, WEIGHT_BITS. gain: a parabola an octave of the
    noise: (125,). log: (129,), uint16, LOG_BITS, what log2(1 + x) has above x.
    """

    window: Int16
    twiddles: Int16
    halves: Int16
    first: int
    widths: npt.NDArray[np.uint16]
    weights: Int16
    gain: Int16
    log: npt.NDArray[np.uint16]

    @staticmethod
    def of(features: LogMel) -> Tables:
        """ForgeError where there are none."""
        features.require()
        half = features.points // 2
        first, widths, weights = _filters(features)
        k = np.arange(1, half // 2 + 1)
        return Tables(
            window=_window(features.window),
            twiddles=_circle(-2 * np.pi * np.arange(half * 3 // 4) / half),
            halves=_circle(-np.pi * (k / half + 0.5)),
            first=first,
            widths=widths,
            weights=weights,
            gain=_gain(features),
            log=_log(),
        )


def _window(size: int) -> Int16:
    """Hann's, sampled between the samples."""
    half = np.float32(0.5)
    angle = np.float32(2 * np.pi) / np.float32(size) * (np.arange(size, dtype=np.float32) + half)
    part = half - half * np.cos(angle.astype(np.float64)).astype(np.float32)
    return _rounded(part * np.float32(1 << WINDOW_BITS))


def _circle(phase: npt.NDArray[np.float64]) -> Int16:
    """(n, 2) of Q15: cosine and sine."""
    return _rounded(32767 * np.stack([np.cos(phase), np.sin(phase)], axis=-1))


def _rounded(values: npt.NDArray[np.floating]) -> Int16:
    return np.floor(values + values.dtype.type(0.5)).astype(np.int16)


def _mel(hertz: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.float32(1127) * log1p(np.asarray(hertz, np.float32) / np.float32(700))


def _filters(features: LogMel) -> tuple[int, npt.NDArray[np.uint16], Int16]:
    """Tables.first, widths and weights: triangles whose feet are their neighbours' tips."""
    low, high = _mel(features.lowest_hz), _mel(features.highest_hz)
    edges = features.channels + 1
    spacing = (high - low) / np.float32(edges)
    tips = low + spacing * np.arange(1, edges + 1, dtype=np.float32)
    a_bin = np.float32(0.5 * features.rate) / np.float32(features.points // 2)
    first = int(np.float32(features.lowest_hz) / a_bin + np.float32(1.5))  # never bin 0
    mels = _mel(np.arange(features.points // 2, dtype=np.float32) * a_bin)
    ends = np.maximum(np.searchsorted(mels, tips, side="right"), first)
    if ends[-1] >= features.points // 2:
        raise ForgeError(
            f"the band up to {features.highest_hz:g} Hz reaches the transform's last bin",
            where="log-mel features",
            fix="lower it, or take a longer window",
        )
    widths = np.diff(ends, prepend=first)
    edge = np.repeat(np.arange(edges), widths)
    feet = np.concatenate([low[None], tips[:-1]])
    rise = (tips[edge] - mels[first : ends[-1]]) / (tips[edge] - feet[edge])
    parts = np.stack([rise, np.float32(1) - rise], axis=-1)
    return first, widths.astype(np.uint16), _rounded(parts * np.float32(1 << WEIGHT_BITS))


def _gain(features: LogMel) -> Int16:
    """Of each octave of the noise, value, slope and curve through three points; before them, what
    belongs to 0 and to 1."""
    bits = features.smoothing_bits - features.correction_bits

    def at(noise: int) -> int:
        x = np.float32(noise) / np.float32(1 << bits)
        power = np.float32(
            float(x + np.float32(features.offset)) ** -float(np.float32(features.strength))
        )
        gain = np.float32(1 << features.gain_bits) * power
        return 32767 if gain > 32767 else int(gain + np.float32(0.5))

    table = [at(0), at(1)]
    for octave in range(2, _PIECES_OF_GAIN + 1):
        start = 1 << (octave - 1)
        end = 2 * start - (octave == _PIECES_OF_GAIN)
        y0, y1, y2 = at(start), at(start + start // 2), at(end)
        slope = 4 * (y1 - y0) - (y2 - y0)
        table += [y0, slope, (y2 - y0) - slope, 0]
    return np.array(table[:-1]).astype(np.int16)


def _log() -> npt.NDArray[np.uint16]:
    x = np.arange((1 << LOG_PIECES_BITS) + 1) / (1 << LOG_PIECES_BITS)
    return np.floor((np.log2(1 + x) - x) * (1 << LOG_BITS) + 0.5).astype(np.uint16)
