"""The engine that runs the model in TensorFlow Lite Micro's interpreter."""

from tinyforge.engines.tflm.engine import TFLM, embedded_model

__all__ = ["TFLM", "embedded_model"]
