"""tinyforge: a trained CNN in, proved microcontroller firmware out."""

__version__ = "0.1.0"
