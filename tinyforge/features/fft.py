"""A Fourier transform of real int16 samples as kissfft makes it, in steps of four, scaled down.

Each stage divides by its radix, so that no sum overflows; where one does after all, int16 wraps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]


def real_fft(samples: Int16, twiddles: Int16, halves: Int16) -> Int16:
    """int16 (n, points) to (n, points / 2, 2), real and imaginary, of the bins below the last, a
    2 * points-th of the transform. twiddles, halves: as in log_mel.Tables. Bin 0 is not made: it
    holds what the complex transform left there."""
    bins = _complex_fft(samples.reshape(len(samples), -1, 2), twiddles)
    half = bins.shape[1]
    k = np.arange(1, half // 2 + 1)
    conjugate = np.array([1, -1], np.int16)
    near, far = _scaled(bins[:, k], 2), _scaled(bins[:, half - k] * conjugate, 2)
    even, odd = (near + far).astype(np.int32), _times(near - far, halves).astype(np.int32)
    result = bins.copy()
    result[:, k] = (even + odd) >> 1
    # Rounded down after the sign has changed, not before.
    result[:, half - k] = (even * conjugate - odd * conjugate) >> 1
    return result


def _complex_fft(values: Int16, twiddles: Int16) -> Int16:
    """int16 (n, points, 2): the whole transform, decimated in time."""
    points = values.shape[1]
    if points == 1:
        return values
    radix = 4 if points % 4 == 0 else 2
    part = points // radix
    step = (len(twiddles) * 4 // 3) // points
    parts = [_scaled(_complex_fft(values[:, q::radix], twiddles), radix) for q in range(radix)]
    at = np.arange(part) * step
    turned = [parts[0], *(_times(parts[q], twiddles[at * q]) for q in range(1, radix))]
    if radix == 2:
        return np.concatenate([turned[0] + turned[1], turned[0] - turned[1]], axis=1)
    even, odd = turned[0] + turned[2], turned[1] + turned[3]
    across, other = turned[0] - turned[2], turned[1] - turned[3]
    # Times -i.
    quarter = np.stack([other[..., 1], -other[..., 0]], axis=-1)
    return np.concatenate([even + odd, across + quarter, even - odd, across - quarter], axis=1)


def _scaled(values: Int16, divisor: int) -> Int16:
    return _q15(values.astype(np.int32) * (32767 // divisor))


def _times(a: Int16, b: Int16) -> Int16:
    """Complex products of Q15."""
    a_re, a_im = a[..., 0].astype(np.int32), a[..., 1].astype(np.int32)
    b_re, b_im = b[..., 0].astype(np.int32), b[..., 1].astype(np.int32)
    return _q15(np.stack([a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re], axis=-1))


def _q15(products: Int32) -> Int16:
    return ((products + (1 << 14)) >> 15).astype(np.int16)
