"""LOGISTIC (sigmoid), int8 or int16."""

from __future__ import annotations

from tinyforge.ops import curves
from tinyforge.ops.fixed_point import logistic
from tinyforge.ops.sigmoid import sigmoid

OP = sigmoid("LOGISTIC", logistic, curves.sigmoid, fraction_bits=8, zero_point=-128)
