"""The compiled engine: one C function a layer, constants in flash, no interpreter."""

from tinyforge.engines.aot.engine import Aot, compiled

__all__ = ["Aot", "compiled"]
