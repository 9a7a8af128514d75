"""Sound to rows of log-mel energies: NumPy's model of firmware/include/forge/forge_log_mel.h.

Source: TensorFlow's micro frontend, which it equals bit for bit: window.c, fft.cc, filterbank.c,
noise_reduction.c, pcan_gain_control.c, log_scale.c. All sums wrap as its types do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.features.fft import real_fft
from tinyforge.features.log_mel import (
    LOG_BITS,
    LOG_PIECES_BITS,
    MICRO_WAKE_WORD,
    RATIO_BITS,
    SHARE_BITS,
    SHRUNK_BITS,
    WINDOW_BITS,
    LogMel,
    Tables,
)

Int16 = npt.NDArray[np.int16]
# Holds every uint32, and every product of them that is taken.
Int64 = npt.NDArray[np.int64]

_WORD = 0xFFFFFFFF
_LN_2 = 45426  # in LOG_BITS


def log_mel_rows(samples: Int16, features: LogMel = MICRO_WAKE_WORD) -> npt.NDArray[np.uint16]:
    """int16 (n,) samples to uint16 (rows, channels), in 1 / 2**log_shift; the first row is of the
    first window. What is left of the samples at the end gets none.

    ForgeError for features that have no tables.
    """
    tables = Tables.of(features)
    count = max(0, (len(samples) - features.window) // features.hop + 1)
    rows = np.zeros((count, features.channels), np.uint16)
    if count == 0:
        return rows
    starts = np.arange(count) * features.hop
    signals = _signals(samples[starts[:, None] + np.arange(features.window)], features, tables)
    noise = np.zeros(features.channels, np.int64)
    for row, signal in zip(rows, signals, strict=True):
        noise, cleaned = _cleaned(signal, noise, features)
        row[:] = _log(_evened(cleaned, noise, features, tables), features, tables)
    return rows


def _signals(windows: Int16, features: LogMel, tables: Tables) -> Int64:
    """(n, samples) to (n, channels): roots of the filters' energies."""
    cut = ((windows.astype(np.int32) * tables.window) >> WINDOW_BITS).astype(np.int16)
    # As int16, in which -32768 is its own magnitude and so never the largest.
    largest = np.abs(cut).max(axis=1, initial=0)
    shift = 15 - _bits(largest.astype(np.int64))[:, None]
    louder = np.zeros((len(cut), features.points), np.int16)
    louder[:, : features.window] = cut.astype(np.int64) << shift
    bins = real_fft(louder, tables.twiddles, tables.halves)
    used = bins[:, tables.first : tables.first + len(tables.weights)].astype(np.int64)
    energies = (used**2).sum(axis=-1)
    edges = np.zeros((len(bins), features.channels + 1, 2), np.int64)
    for edge, end in enumerate(np.cumsum(tables.widths)):
        of = slice(end - tables.widths[edge], end)
        edges[:, edge] = energies[:, of] @ tables.weights[of].astype(np.int64)
    return _root(edges[:, 1:, 0] + edges[:, :-1, 1]) >> shift


def _root(values: Int64) -> Int64:
    """The square root, to the nearest; below 2**32 never more than 65535."""
    root = np.floor(np.sqrt(values.astype(np.float64))).astype(np.int64)
    root -= root**2 > values
    root += (root + 1) ** 2 <= values
    up = (values - root**2 > root) & ((values > _WORD) | (root != 0xFFFF))
    return np.asarray(root + up, np.int64)


def _cleaned(signal: Int64, noise: Int64, features: LogMel) -> tuple[Int64, Int64]:
    """The new estimate of the noise, and the signal without it."""
    shares = (features.share(features.even_smoothing), features.share(features.odd_smoothing))
    share = np.array(shares, np.int64)[np.arange(features.channels) % 2]
    scaled = (signal << features.smoothing_bits) & _WORD
    mixed = scaled * share + noise * ((1 << SHARE_BITS) - share)
    noise = (mixed >> SHARE_BITS) & _WORD
    least = (signal * features.share(features.least_signal)) >> SHARE_BITS
    left = (scaled - np.minimum(noise, scaled)) >> features.smoothing_bits
    return noise, np.maximum(left, least)


def _evened(signal: Int64, noise: Int64, features: LogMel, tables: Tables) -> Int64:
    """The signal times a gain that falls with the noise, small ratios squared."""
    gain = _gain(noise, tables.gain).astype(np.int64) & _WORD
    ratio = ((signal * gain) >> features.ratio_shift) & _WORD
    small = (ratio**2 & _WORD) >> (2 + 2 * RATIO_BITS - SHRUNK_BITS)
    large = (ratio >> (RATIO_BITS - SHRUNK_BITS)) - (1 << SHRUNK_BITS)
    return np.where(ratio < (2 << RATIO_BITS), small, large)


def _gain(noise: Int64, table: Int16) -> Int16:
    """A parabola in the octave that the noise lies in."""
    octave = _bits(noise)
    place = np.maximum(4 * octave - 6, 0)
    value, slope, curve = (
        table[np.minimum(place + i, len(table) - 1)].astype(np.int64) for i in range(3)
    )
    fraction = ((noise << 11) >> octave) & 0x3FF
    result = (((curve * fraction) >> 5) + (slope << 5)) * fraction
    found = value + ((result + (1 << 14)) >> 15)
    return np.where(noise < 2, table[np.minimum(noise, 1)], found).astype(np.int16)


def _log(values: Int64, features: LogMel, tables: Tables) -> npt.NDArray[np.uint16]:
    """The natural logarithm, 0 of 0 and 1, by a line in each piece of an octave."""
    bits = features.correction_bits
    x = ((values << bits) & _WORD) if bits >= 0 else values >> -bits
    whole = np.maximum(_bits(x), 1) - 1
    fraction = ((x << LOG_BITS) >> whole) & ((1 << LOG_BITS) - 1)
    piece_bits = LOG_BITS - LOG_PIECES_BITS
    piece = fraction >> piece_bits
    table = tables.log.astype(np.int64)
    start, rise = table[piece], table[piece + 1] - table[piece]
    along = (rise * (fraction - (piece << piece_bits))) >> LOG_BITS
    log2 = (whole << LOG_BITS) + fraction + start + along
    half = 1 << (LOG_BITS - 1)
    natural = (_LN_2 * log2 + half) >> LOG_BITS
    scaled = ((natural << features.log_shift) + half) >> LOG_BITS
    return np.where(x > 1, np.minimum(scaled, 0xFFFF), 0).astype(np.uint16)


def _bits(values: Int64) -> Int64:
    """How many bits each takes, all below 2**32: 0 for 0."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)
