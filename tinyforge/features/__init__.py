"""What sensors measure, as a model's input: the same arithmetic as the device's, in NumPy."""

from tinyforge.features.log_mel import LogMel, Tables
from tinyforge.features.quantized import heard, quantized
from tinyforge.features.rows import log_mel_rows

__all__ = ["LogMel", "Tables", "heard", "log_mel_rows", "quantized"]
