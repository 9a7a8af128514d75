"""What an application says of a classifier's answers, worked out in whole numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Tensor

_ANSWER = re.compile(r"class \d+ -?\d+\.\d{3}")


def spoken(
    outputs: npt.NDArray[np.integer], output: Tensor, labels: Sequence[str] = ()
) -> list[str]:
    """A line an answer: the class and its score in thousandths. outputs: (n, scores)."""
    each = int(float(np.float32(output.scale)) * 65536000.0 + 0.5)
    lines = []
    for row in outputs.tolist():
        best = row.index(max(row))
        product = (row[best] - output.zero_point) * each + 32768
        found = abs(product) // 65536 * (1 if product >= 0 else -1)
        if len(row) == 1:
            best, found = (1, found) if found >= 500 else (0, 1000 - found)
        sign, size = ("-", -found) if found < 0 else ("", found)
        name = labels[best] if labels else f"class {best}"
        lines.append(f"{name} {sign}{size // 1000}.{size % 1000:03d}")
    return lines


def console(stderr: bytes) -> list[str]:
    """The console's lines but for answers of a model without labels."""
    return [line for line in stderr.decode().splitlines() if not _ANSWER.fullmatch(line)]
