"""LESS_EQUAL, int8 or int32: whether the first of two values is as small, or less."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.comparison import ORDERED, comparison

OP = comparison("LESS_EQUAL", np.less_equal, ORDERED)
