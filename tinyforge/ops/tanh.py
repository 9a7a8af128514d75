"""TANH, int8 or int16."""

from __future__ import annotations

from tinyforge.ops import curves
from tinyforge.ops.fixed_point import tanh
from tinyforge.ops.sigmoid import sigmoid

OP = sigmoid("TANH", tanh, curves.tanh, fraction_bits=7, zero_point=0)
