"""A .tflite file's bytes to a verified Graph, and back."""

from tinyforge.tflite.int8 import require_int8
from tinyforge.tflite.reader import read, read_file
from tinyforge.tflite.writer import write

__all__ = ["read", "read_file", "require_int8", "write"]
