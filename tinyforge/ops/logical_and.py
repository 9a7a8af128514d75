"""LOGICAL_AND, bool."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.comparison import logical

OP = logical("LOGICAL_AND", np.logical_and)
