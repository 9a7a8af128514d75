"""TensorFlow's micro frontend, from the wheel pymicro-features: the oracle of log-mel features.

The wheel's own API has microWakeWord's parameters alone; its library exports TensorFlow's
functions, which take any.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_float, c_int, c_int16, c_size_t, c_uint16
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinyforge.features import LogMel, Tables

Int = npt.NDArray[np.int64]
Int16 = npt.NDArray[np.int16]
Real = npt.NDArray[np.float32]
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


class _Filters(ctypes.Structure):
    """FilterbankState, of filterbank.h: places and values of each channel's weights."""

    _fields_ = (
        ("channels", c_int),
        ("first", c_int),
        ("end", c_int),
        ("starts", ctypes.POINTER(c_int16)),
        ("weight_starts", ctypes.POINTER(c_int16)),
        ("widths", ctypes.POINTER(c_int16)),
        ("weights", ctypes.POINTER(c_int16)),
        ("unweights", ctypes.POINTER(c_int16)),
    )


class _State(ctypes.Structure):
    """FrontendState, of frontend.h, and more than enough room behind it."""

    _fields_ = (
        ("window", ctypes.c_char * 56),
        ("fft", ctypes.c_char * 48),
        ("filters", _Filters),
        ("rest", ctypes.c_char * 1024),
    )


class _Output(ctypes.Structure):
    _fields_ = (("values", ctypes.POINTER(c_uint16)), ("size", c_size_t))


def _library() -> Any:
    module = pytest.importorskip("micro_features_cpp", reason="needs pymicro-features")
    library = ctypes.CDLL(module.__file__)
    library.FrontendProcessSamples.restype = _Output
    return library


@contextmanager
def _opened(features: LogMel) -> Iterator[tuple[Any, _State]]:
    library = _library()
    names = [name for name, _ in _Config._fields_ if hasattr(features, name)]
    config = _Config(with_gain=1, with_log=1, **{name: getattr(features, name) for name in names})
    state = _State()
    assert library.FrontendPopulateState(ctypes.byref(config), ctypes.byref(state), features.rate)
    yield library, state
    library.FrontendFreeStateContents(ctypes.byref(state))


def _places(filters: _Filters, tables: Tables) -> Int:
    """Where the weights of our bins, one after the other, lie among the wheel's."""
    assert (filters.channels + 1, filters.first) == (len(tables.widths), tables.first)
    edge = np.repeat(np.arange(len(tables.widths)), tables.widths)
    starts, weight_starts = (
        np.ctypeslib.as_array(found, (len(tables.widths),)).astype(int)
        for found in (filters.starts, filters.weight_starts)
    )
    return weight_starts[edge] + tables.first + np.arange(len(edge)) - starts[edge]


def weights_of(features: LogMel) -> Int16:
    """What Tables.weights is, of the wheel's own making: it takes log1pf from the C library."""
    with _opened(features) as (_, state):
        places = _places(state.filters, Tables.of(features))
        both = (state.filters.weights, state.filters.unweights)
        return np.stack([[found[i] for i in places] for found in both], axis=-1).astype(np.int16)


def rows_of(samples: Int16, features: LogMel, *, own_weights: bool = False) -> Rows:
    """uint16 (rows, channels), by TensorFlow's own functions. own_weights: with the filters as this
    machine's C library has them; else with ours, so that it does not matter which library that is.
    """
    rows, position, taken = [], 0, c_size_t()
    samples = np.ascontiguousarray(samples)
    with _opened(features) as (library, state):
        tables = Tables.of(features)
        places = () if own_weights else _places(state.filters, tables)
        for i, (rising, falling) in zip(places, tables.weights.tolist(), strict=False):
            state.filters.weights[i], state.filters.unweights[i] = rising, falling
        while position < len(samples):
            found = library.FrontendProcessSamples(
                ctypes.byref(state),
                samples[position:].ctypes.data_as(ctypes.POINTER(c_int16)),
                c_size_t(len(samples) - position),
                ctypes.byref(taken),
            )
            position += taken.value
            if found.size:
                rows.append(np.ctypeslib.as_array(found.values, (found.size,)).copy())
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


def c_library_log1p(inputs: Real) -> Real | None:
    """log1pf of the C library; None where that is glibc 2.41 or newer, which rounds correctly."""
    library = ctypes.CDLL("libm.so.6")
    version = ctypes.CDLL("libc.so.6").gnu_get_libc_version
    version.restype = ctypes.c_char_p
    if tuple(map(int, version().decode().split("."))) >= (2, 41):
        return None
    library.log1pf.restype, library.log1pf.argtypes = c_float, (c_float,)
    return np.array([library.log1pf(float(x)) for x in inputs], np.float32)
