"""TANH, int8."""

from __future__ import annotations

from tinyforge.ops.fixed_point import tanh
from tinyforge.ops.sigmoid import sigmoid

OP = sigmoid("TANH", tanh, fraction_bits=7, zero_point=0)
