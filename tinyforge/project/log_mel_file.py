"""The tables of a microphone's features, as C."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.features import LogMel, Tables, log_mel_rows
from tinyforge.project.digests import FACTOR
from tinyforge.project.model_files import value_rows
from tinyforge.project.templates import render

_TEST_SEED = 7
_TEST_ROWS = 8
_COMMENTS = {
    "window": "Weights of samples, in 2^12.",
    "twiddles": "Three quarters of the circle, clockwise, in half as many parts as points.",
    "halves": "Its fourth quarter, backwards, in as many parts.",
    "widths": "Bins from one channel's tip to the next one's.",
    "weights": "Of each bin, in the filter that rises there and in the one that falls, in 2^12.",
    "gain": "0 and 1; then, an octave of the noise: value, slope, curve, and nothing.",
    "log": "What log2(1 + x) has above x, in 2^16, in 128 pieces.",
}


def log_mel_file(features: LogMel) -> dict[str, str]:
    """include/log_mel.h. ForgeError for features that have no tables."""
    tables = Tables.of(features)
    return {
        "include/log_mel.h": render(
            "project/log_mel.h.j2",
            f=features,
            first=tables.first,
            even=features.share(features.even_smoothing),
            odd=features.share(features.odd_smoothing),
            least=features.share(features.least_signal),
            test=_test(features),
            tables=[
                _table("window", "int16_t", tables.window),
                _table("twiddles", "forge_complex", tables.twiddles),
                _table("halves", "forge_complex", tables.halves),
                _table("widths", "uint16_t", tables.widths),
                _table("weights", "uint16_t", tables.weights, inner="[2]"),
                _table("gain", "int16_t", tables.gain),
                _table("log", "uint16_t", tables.log),
            ],
        )
    }


def _test(features: LogMel) -> dict[str, int]:
    """What the features' self-test is of: an LCG's upper bits, two bits louder from row to row."""
    noise, samples = _TEST_SEED, []
    for row in range(_TEST_ROWS):
        quieter = 2 * (_TEST_ROWS - 1 - row)
        for _ in range(features.hop if row else features.window):
            noise = (noise * 1664525 + 1013904223) % 2**32
            samples.append((noise - (noise >> 31 << 32)) >> (16 + quieter))
    digest = 0
    for value in log_mel_rows(np.array(samples, np.int16), features).reshape(-1).tolist():
        digest = (digest * FACTOR + value) % 2**32
    return {"seed": _TEST_SEED, "rows": _TEST_ROWS, "factor": FACTOR, "digest": digest}


def _table(
    name: str, ctype: str, values: npt.NDArray[np.integer], *, inner: str = ""
) -> dict[str, object]:
    """inner: the second dimension, where the elements are arrays."""
    flat = [f"{{{a}, {b}}}" for a, b in values.tolist()] if values.ndim == 2 else values.tolist()
    return {
        "name": name,
        "type": ctype,
        "comment": _COMMENTS[name],
        "count": len(values),
        "inner": inner,
        "rows": value_rows(flat),
    }
