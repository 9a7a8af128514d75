"""The typed, verified, immutable form of a .tflite model."""

from tinyforge.graph.types import DType, Graph, Operator, Options, Quant, Tensor

__all__ = ["DType", "Graph", "Operator", "Options", "Quant", "Tensor"]
