"""From pictures to a trained, pruned, quantized model.

Importing this does not import TensorFlow: only calling it does.
"""

from tinyforge.training.settings import FULL, KERAS_SUFFIXES, QUICK, Loading, Settings

__all__ = ["FULL", "KERAS_SUFFIXES", "QUICK", "Loading", "Settings"]
