"""TensorFlow's micro frontend, from the wheel pymicro-features: the oracle of log-mel features.

The wheel's own API has microWakeWord's parameters alone; its library exports TensorFlow's
functions, which take any.
"""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int, c_int16, c_size_t, c_uint16
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinyforge.features import LogMel

Int16 = npt.NDArray[np.int16]
Rows = npt.NDArray[np.uint16]


class _Config(ctypes.Structure):
    """FrontendConfig, as frontend_util.h and what it includes declare it."""

    _fields_ = (
        ("window_ms", c_size_t),
        ("hop_ms", c_size_t),
        ("channels", c_int),
        ("highest_hz", c_float),
        ("lowest_hz", c_float),
        ("output_shift", c_int),
        ("smoothing_bits", c_int),
        ("even_smoothing", c_float),
        ("odd_smoothing", c_float),
        ("least_signal", c_float),
        ("with_gain", c_int),
        ("strength", c_float),
        ("offset", c_float),
        ("gain_bits", c_int),
        ("with_log", c_int),
        ("log_shift", c_int),
    )


class _Output(ctypes.Structure):
    _fields_ = (("values", ctypes.POINTER(c_uint16)), ("size", c_size_t))


def _library() -> Any:
    module = pytest.importorskip("micro_features_cpp", reason="needs pymicro-features")
    library = ctypes.CDLL(module.__file__)
    library.FrontendProcessSamples.restype = _Output
    return library


def rows_of(samples: Int16, features: LogMel) -> Rows:
    """uint16 (rows, channels), by TensorFlow's own functions."""
    library = _library()
    names = [name for name, _ in _Config._fields_ if hasattr(features, name)]
    config = _Config(with_gain=1, with_log=1, **{name: getattr(features, name) for name in names})
    state = ctypes.create_string_buffer(4096)  # FrontendState takes some 300
    assert library.FrontendPopulateState(ctypes.byref(config), state, features.rate)
    rows, position, taken = [], 0, c_size_t()
    samples = np.ascontiguousarray(samples)
    while position < len(samples):
        found = library.FrontendProcessSamples(
            state,
            samples[position:].ctypes.data_as(ctypes.POINTER(c_int16)),
            c_size_t(len(samples) - position),
            ctypes.byref(taken),
        )
        position += taken.value
        if found.size:
            rows.append(np.ctypeslib.as_array(found.values, (found.size,)).copy())
    library.FrontendFreeStateContents(state)
    return np.array(rows, np.uint16).reshape(-1, features.channels)


def microwakeword_rows(samples: Int16) -> Rows:
    """The same by the wheel's own API, with its own parameters."""
    frontend = pytest.importorskip("pymicro_features").MicroFrontend()
    rows = []
    for start in range(0, len(samples) - 159, 160):
        found = frontend.process_samples(samples[start : start + 160].tobytes())
        if found.features:
            rows.append(np.array(found.features) / 0.0390625)
    return np.array(rows).astype(np.uint16).reshape(-1, 40)


def same_library_function(inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """log1pf of the C library that the wheel takes it from."""
    function = ctypes.CDLL("libm.so.6").log1pf
    function.restype, function.argtypes = c_float, (c_float,)
    return np.array([function(float(x)) for x in inputs.reshape(-1)], np.float32)
