"""Real inputs to int8: Python, the device's C and TFLM's QUANTIZE agree on every edge."""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.project.model_files import Golden, model_files
from tinyforge.proof.examples import quantized
from tinyforge.resources import folder
from tinyforge.tflite import write

Float32 = npt.NDArray[np.float32]

# Scales of real models, powers of two at which halves are exact, and the ends of what there is.
QUANTIZATIONS = (
    (1 / 255, -128), (1 / 128, 0), (0.5, -3), (2.0, 127), (0.0078431377, -1), (0.1234567, 64),
    (1e-30, 0), (1e30, 5),
)  # fmt: skip

STUBS = """
#include "forge/forge.h"
#include "forge/forge_port.h"
#include "golden.h"
const int8_t forge_golden_inputs[1][FORGE_INPUT_BYTES];
const int8_t forge_golden_outputs[1][FORGE_OUTPUT_BYTES];
void *forge_input_at(int index) { return (void *)(intptr_t)(index - index); }
const void *forge_output_at(int index) { return (void *)(intptr_t)(index - index); }
forge_status forge_reset(void) { return FORGE_ERROR_STATE; }
forge_status forge_invoke(void) { return FORGE_ERROR_STATE; }
void forge_port_print(const char *text) { (void)text; }
int status_count(void);
int status_count(void) { return FORGE_STATUS_COUNT; }
"""


def tensor(scale: float, zero_point: int, size: int = 1) -> Tensor:
    quant = Quant((float(np.float32(scale)),), (zero_point,))
    return Tensor(1, "x", (1, size), DType.INT8, quant)


def common(source: Tensor, workspace: Path) -> ctypes.CDLL:
    """firmware/engines/common.c for a model with this input; its output is the same tensor."""
    graph = Graph("m", (source, source), (), (0,), (1,))
    zeros = np.zeros((1, source.size), np.int8)
    files = {**model_files(graph, (), Golden(zeros, zeros)), "stubs.c": STUBS}
    for name, text in files.items():
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(text)
    runtime = folder("firmware")
    command = [
        "cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC",
        "-fsanitize=undefined,float-cast-overflow", "-fno-sanitize-recover=all",
        f"-I{runtime / 'include'}", f"-I{workspace / 'include'}",
        str(runtime / "engines" / "common.c"), str(workspace / "stubs.c"),
        "-o", str(workspace / "common.so"),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(workspace / "common.so"))
    library.forge_quantize_input.argtypes = [ctypes.c_float]
    library.forge_quantize_input.restype = ctypes.c_int8
    library.forge_dequantize_output.argtypes = [ctypes.c_int8]
    library.forge_dequantize_output.restype = ctypes.c_float
    library.forge_status_text.restype = ctypes.c_char_p
    return library


def edges(scale: float, zero_point: int) -> Float32:
    """Around every tie of the range and beyond it, zeros, the smallest and the largest numbers."""
    ties = (np.arange(-260, 261) + 0.5) * scale
    real = np.concatenate(
        [
            ties,
            np.arange(-260, 261) * scale,
            np.array([0.0, -0.0, 1e-45, -1e-45, 3.4e38, -3.4e38]),
            np.array([-513, -512.5, -512, -511.5, 511.5, 512, 512.5, 513]) * scale,
            np.random.default_rng(1).uniform(-300, 300, 500) * scale,
        ]
    )
    with np.errstate(over="ignore"):
        values = real.astype(np.float32)
    near = [np.nextafter(values, np.float32(end)) for end in (-np.inf, np.inf)]
    values = np.concatenate([values, *near])
    return values[np.isfinite(values)]


def exactly(x: float, scale: float, zero_point: int) -> int:
    """The float32 quotient, rounded half away from zero in whole numbers, saturated."""
    with np.errstate(over="ignore"):
        scaled = float(np.float32(x) / np.float32(scale))
    if math.isinf(scaled):
        return 127 if scaled > 0 else -128
    magnitude = math.floor(abs(Fraction(scaled)) + Fraction(1, 2))
    return max(-128, min(127, zero_point + (magnitude if scaled > 0 else -magnitude)))


@pytest.mark.parametrize(("scale", "zero_point"), QUANTIZATIONS)
def test_python_and_c_round_alike(scale: float, zero_point: int, tmp_path: Path) -> None:
    source = tensor(scale, zero_point)
    values = edges(scale, zero_point)
    expected = [exactly(float(x), scale, zero_point) for x in values]
    found = quantized(values[:, np.newaxis], source)[:, 0]
    np.testing.assert_array_equal(found, expected)
    quantize_input: Callable[[float], int] = common(source, tmp_path).forge_quantize_input
    np.testing.assert_array_equal([quantize_input(float(x)) for x in values], expected)
    for x, q in ((math.nan, -128), (math.inf, 127), (-math.inf, -128)):
        assert quantize_input(x) == q
        assert quantized(np.array([[x]]), source).tolist() == [[q]]


@pytest.mark.parametrize(("scale", "zero_point"), QUANTIZATIONS)
def test_tflm_rounds_alike(scale: float, zero_point: int) -> None:
    """Within the range of its 32-bit intermediate; what is beyond is undefined there."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    values = edges(scale, zero_point)
    with np.errstate(over="ignore"):
        values = values[np.abs(values / np.float32(scale)) < 2**30]
    source = Tensor(0, "real", (1, values.size), DType.FLOAT32)
    out = tensor(scale, zero_point, values.size)
    graph = Graph("quantize", (source, out), (Operator(0, "QUANTIZE", (0,), (1,), {}),), (0,), (1,))
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    interpreter.set_input(values[np.newaxis], 0)
    interpreter.invoke()
    np.testing.assert_array_equal(quantized(values[np.newaxis], out), interpreter.get_output(0))


def test_the_number_just_below_a_half_is_rounded_down() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert quantized(np.array([[below, -below, 0.5, -0.5]]), tensor(1.0, 0)).tolist() == [
        [0, 0, 1, -1]
    ]


def test_many_inputs_keep_their_rows() -> None:
    real = np.arange(12, dtype=np.float64).reshape(2, 1, 2, 3)
    assert quantized(real, tensor(1.0, -2, 6)).tolist() == [
        [-2, -1, 0, 1, 2, 3],
        [4, 5, 6, 7, 8, 9],
    ]


def test_output_scale_and_status_texts(tmp_path: Path) -> None:
    library = common(tensor(0.1234567, 64), tmp_path)
    for q in range(-128, 128):
        expected = np.float32(0.1234567) * np.float32(q - 64)
        assert library.forge_dequantize_output(q) == expected
    count = library.status_count()
    texts = [library.forge_status_text(status) for status in range(count)]
    assert texts[0] == b"ok"
    assert len(set(texts)) == count
    assert all(len(text) > 1 for text in texts)
    for status in (-1, count, 2**31 - 1):
        assert library.forge_status_text(status) == b"unknown status"
