"""How much memory TensorFlow Lite Micro's interpreter takes for a model, computed on the host."""

from tinyforge.memory.interpreter.arena import Prediction, predict
from tinyforge.memory.interpreter.target import HOST, Kernels, Simd, Target, target_for

__all__ = ["HOST", "Kernels", "Prediction", "Simd", "Target", "predict", "target_for"]
