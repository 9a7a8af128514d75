"""SQUARE, float32: TensorFlow Lite Micro has it for no other type."""

from __future__ import annotations

import numpy as np

from tinyforge.ops.real import real_unary

OP = real_unary("SQUARE", np.square)
