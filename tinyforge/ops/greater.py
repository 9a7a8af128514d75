"""GREATER, int8 or int32: whether the first of two values is greater."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.comparison import ORDERED, comparison

OP = comparison("GREATER", np.greater, ORDERED)
