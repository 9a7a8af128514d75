"""INT4 tensors as a file and flash hold them: two elements a byte, the first in the low half."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def packed(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Elements of -8 to 7 as bytes; the last high half is 0 where there is an odd number."""
    halves = np.zeros((-(-values.size // 2), 2), np.uint8)
    halves.reshape(-1)[: values.size] = values.reshape(-1).astype(np.int8).view(np.uint8) & 0x0F
    return np.asarray(halves[:, 0] | halves[:, 1] << 4, np.uint8)


def unpacked(data: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.int8]:
    """So many elements, each as int8."""
    halves = np.stack([data << 4, data & 0xF0], axis=1)
    return halves.view(np.int8).reshape(-1)[:count] >> 4
