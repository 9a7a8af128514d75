"""ARG_MIN, int8: where the least value is."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.arg import arg

OP = arg("ARG_MIN", np.argmin, sign=-1)
