"""PADV2, int8: in TensorFlow Lite Micro the same kernel as PAD."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.ops import pad

OP = replace(pad.OP, name="PADV2")
