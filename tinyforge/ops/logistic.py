"""LOGISTIC (sigmoid), int8."""

from __future__ import annotations

from tinyforge.ops.fixed_point import logistic
from tinyforge.ops.sigmoid import sigmoid

OP = sigmoid("LOGISTIC", logistic, fraction_bits=8, zero_point=-128)
