"""EQUAL, int8, int32 or bool: whether two values are the same."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.comparison import ANY, comparison

OP = comparison("EQUAL", np.equal, ANY)
