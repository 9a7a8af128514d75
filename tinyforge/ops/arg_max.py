"""ARG_MAX, int8: where the greatest value is."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.arg import arg

OP = arg("ARG_MAX", np.argmax, sign=1)
