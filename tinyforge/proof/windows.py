"""A model that keeps what windows share, against the oracle on every whole window."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph.hop import Hopped
from tinyforge.graph.packed import raw
from tinyforge.proof.oracle import Trace

Rows = npt.NDArray[np.int8]


def hops(found: Hopped, windows: Rows) -> Rows:
    """Windows, (n, bytes), one after the other as what came: (hops, bytes of a hop), so many that
    there are n full windows, or as many as there are."""
    row = found.window.input_bytes // found.rows
    rows = windows.reshape(-1, row)
    count = min(len(rows) // found.hop, len(windows) - found.rows // -found.hop)
    return rows[: count * found.hop].reshape(count, -1)


def windows_of(found: Hopped, inputs: Rows) -> Rows:
    """The window that ends with each hop, (n, bytes); before the first one there was nothing."""
    (source,) = found.window.input_tensors
    nothing = raw(np.full((1, *source.shape), source.zero_point, source.dtype.numpy))
    came = np.concatenate([nothing.reshape(-1), inputs.reshape(-1)])
    views = np.lib.stride_tricks.sliding_window_view(came, source.nbytes)
    return np.ascontiguousarray(views[inputs.shape[1] :: inputs.shape[1]])


def require_same(found: Hopped, hops_made: Trace, windows_made: Trace) -> None:
    """ForgeError unless each hop gives what the window that ends with it gives: every row that a
    layer makes anew, and every tensor behind those.

    hops_made: of found.graph, over a sequence; windows_made: of found.window, for windows_of it.
    """
    for made in found.streaming.made:
        one = hops_made[made.own][:, made.begin : made.begin + made.nbytes]
        other = windows_made[made.of][:, made.at : made.at + made.nbytes]
        wrong = np.argwhere(one != other)
        if len(wrong):
            raise ForgeError(
                f"hop {wrong[0, 0]} gives other values than its window, byte {wrong[0, 1]}",
                where=found.window.where(found.window.producers[made.of]),
                fix="this is an error of tinyforge: report it, with the model and the hop",
            )
