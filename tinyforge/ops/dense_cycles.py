"""What the dense block takes on a Cortex-M4 without wait states, by the mid model of
tinyforge/sim/cycles. The block's figures are counted from its instructions; a tile's filling is
compiled C, and its figures are fitted to what gcc and zig make of it for the shared models."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.dense import Dense
from tinyforge.ops.window import Window

# By pixels of a tile: its beginning, each stretch of inputs, each quad of inputs.
_TILE = {1: (127, 0, 8), 2: (37, 55, 15)}
# Of a last channel that has no second.
_ODD = 105
# Of a stretch that is copied first: its beginning, and each byte.
_COPY = (21, 0.7)


def window_cycles(found: Dense, win: Window, rows: int, size: int) -> int:
    """Of a convolution. rows, size: a window's stretches of inputs, and the values in each."""
    lines = win.pictures * win.output[0]
    pairs, singles = divmod(win.output[1], 2)
    begin, value = _COPY
    return round(
        lines * (pairs * _tile(found, 2, rows) + singles * _tile(found, 1, rows))
        + win.pictures * _copies(win) * (begin + value * size)
    )


def row_cycles(found: Dense, rows: int) -> int:
    """Of FULLY_CONNECTED."""
    pairs, singles = divmod(rows, 2)
    return pairs * _tile(found, 2, 1) + singles * _tile(found, 1, 1)


def _tile(found: Dense, pixels: int, rows: int) -> int:
    """All channels of one pixel or two."""
    begin, stretch, quad = _TILE[pixels]
    pairs, odd = divmod(found.channels, 2)
    outputs = (pairs + odd) * _two_channels(found, pixels) + odd * _ODD
    return begin + rows * stretch + found.quads * quad + outputs


def _copies(win: Window) -> int:
    """Rows of windows that are copied, because not all of them lies side by side in the picture."""
    inside = win.taps(np.ones((*win.input, 1), np.int64), 0).all(axis=(3, 4))
    whole = win.dilation[1] == 1 or win.kernel[1] == 1
    return int(inside.size - inside.sum() * whole)


def _two_channels(found: Dense, pixels: int) -> int:
    """Of one pixel or two: loads, products and loops, then the outputs."""
    runs = -(-found.quads // 16)
    if pixels == 2:
        return 18 * found.quads + 6 * runs + (43 if found.scaled.rectified else 59)
    last = 14 if found.quads % 2 else 4
    return 23 * (found.quads // 2) + 4 * runs + last + (30 if found.scaled.rectified else 40)
