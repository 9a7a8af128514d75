"""log1p in float32, as the C library of most Linux machines rounds it: its last bits decide tables.

Source: FDLIBM's s_log1pf.c, which glibc has up to version 2.40 and newlib still has.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]

_LN2_HIGH = np.float32(6.9313812256e-01)
_LN2_LOW = np.float32(9.0580006145e-06)
# Of a polynomial in (f / (2 + f))**2, the highest power first.
_TERMS = np.array(
    [
        1.4798198640e-01,
        1.5313838422e-01,
        1.8183572590e-01,
        2.2222198546e-01,
        2.8571429849e-01,
        4.0000000596e-01,
        6.6666668653e-01,
    ],
    np.float32,
)
_ROOT_2 = np.float32(0x3504F7) / np.float32(1 << 23)  # what it has above 1, cut off
_PLAIN = np.uint32(0x3ED413D7).view(np.float32)  # about the same: below it x is f


def log1p(x: npt.ArrayLike) -> Real:
    """x: float32, at least 2**-15. Same shape."""
    x = np.asarray(x, np.float32)
    one, two, half = np.float32(1), np.float32(2), np.float32(0.5)
    u = one + x
    mantissa, exponent = np.frexp(u)
    mantissa, k = mantissa * two, exponent.astype(np.int32) - 1
    lost = np.where(k > 0, one - (u - x), x - (u - one)) / u  # what 1 + x rounded off
    above = mantissa - one >= _ROOT_2
    plain = x < _PLAIN
    f = np.where(plain, x, np.where(above, mantissa * half, mantissa) - one)
    k = np.where(plain, 0, k + above).astype(np.float32)
    lost = np.where(plain, np.float32(0), lost)
    square = half * f * f
    s = f / (two + f)
    z = s * s
    series = np.zeros_like(z)
    for term in _TERMS:
        series = z * (term + series)
    correction = s * (square + series)
    return np.where(
        plain,
        f - (square - correction),
        k * _LN2_HIGH - ((square - (correction + (k * _LN2_LOW + lost))) - f),
    )
