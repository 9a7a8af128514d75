"""A .tflite file's bytes to a verified Graph, and back."""

from tinyforge.tflite.quantized import require_quantized
from tinyforge.tflite.reader import read, read_file
from tinyforge.tflite.writer import write

__all__ = ["read", "read_file", "require_quantized", "write"]
