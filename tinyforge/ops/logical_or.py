"""LOGICAL_OR, bool."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.comparison import logical

OP = logical("LOGICAL_OR", np.logical_or)
