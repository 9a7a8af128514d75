"""NOT_EQUAL, int8, int32 or bool: whether two values differ."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.comparison import ANY, comparison

OP = comparison("NOT_EQUAL", np.not_equal, ANY)
