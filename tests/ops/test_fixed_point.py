"""Fixed-point arithmetic, in NumPy and in C, against whole numbers of any size and against TFLM."""

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

from tests.corpus.builder import TensorSpec, single_op
from tests.ops import harness
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.ops import OPS, fixed_point
from tinyforge.resources import folder

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
EXTREMES = (INT32_MIN, INT32_MIN + 1, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**30, INT32_MAX)
MULTIPLIERS = (0, 2**30, 2**30 + 1, 1518500250, INT32_MAX - 1, INT32_MAX)
SHIFTS = range(-31, 31)

# Each kernel function over whole arrays.
SOURCE = """
#include "kernels/fixed_point.h"
#include "kernels/softmax.h"
#define BINARY(name, kernel)                                                                  \\
  void name(int n, const int32_t *a, const int32_t *b, int32_t *out) {                        \\
    for (int i = 0; i < n; ++i) out[i] = kernel(a[i], b[i]);                                  \\
  }
#define UNARY(name, kernel)                                                                   \\
  void name(int n, const int32_t *a, int32_t *out) {                                          \\
    for (int i = 0; i < n; ++i) out[i] = kernel(a[i]);                                        \\
  }
BINARY(doubling_high_mul, forge_doubling_high_mul)
BINARY(rounding_divide_by_pot, forge_rounding_divide_by_pot)
BINARY(saturating_left_shift, forge_saturating_left_shift)
UNARY(exp_of, forge_exp)
UNARY(one_over_one_plus, forge_one_over_one_plus)
void requantize(int n, const int32_t *x, const int32_t *m, const int32_t *s, int32_t *out) {
  for (int i = 0; i < n; ++i) out[i] = forge_requantize(x[i], m[i], s[i]);
}
"""

Call = Callable[..., npt.NDArray[np.int64]]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Call]:
    """The C functions by name, each on arrays; undefined behaviour ends the process."""
    workspace = tmp_path_factory.mktemp("kernels")
    source, library = workspace / "kernels.c", workspace / "kernels.so"
    source.write_text(SOURCE)
    include = f"-I{folder('firmware')}"
    subprocess.run(["cc", *harness.FLAGS, include, str(source), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))

    def function(name: str) -> Call:
        def call(*operands: npt.ArrayLike) -> npt.NDArray[np.int64]:
            arrays = [
                np.ascontiguousarray(a, np.int32)
                for a in np.broadcast_arrays(*(np.atleast_1d(np.asarray(o)) for o in operands))
            ]
            out = np.empty(arrays[0].size, np.int32)
            pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (*arrays, out)]
            loaded[name](out.size, *pointers)
            return out.astype(np.int64)

        return call

    return function


def int32s(count: int, seed: int) -> list[int]:
    """Extreme values, then random ones of every magnitude."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 32, count)
    values = rng.integers(-(2**31), 2**31, count) >> bits
    return [*EXTREMES, *values.tolist()]


def wrapped(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


def high_mul(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul as it is written: a nudge, then truncation."""
    if a == b == INT32_MIN:
        return INT32_MAX
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    quotient = abs(a * b + nudge) // 2**31
    return quotient if a * b + nudge >= 0 else -quotient


def half_away(x: Fraction) -> int:
    magnitude = math.floor(abs(x) + Fraction(1, 2))
    return magnitude if x >= 0 else -magnitude


def requantized(x: int, multiplier: int, shift: int) -> int:
    product = high_mul(wrapped(x << max(shift, 0)), multiplier)
    return half_away(Fraction(product, 2 ** max(-shift, 0)))


def test_doubling_high_mul(kernels: Callable[[str], Call]) -> None:
    a = int32s(3000, 0) + [x for x in EXTREMES for _ in EXTREMES]
    b = int32s(3000, 1) + [y for _ in EXTREMES for y in EXTREMES]
    expected = [high_mul(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_array_equal(fixed_point.doubling_high_mul(np.array(a), np.array(b)), expected)
    # The kernel's contract leaves out the one product that does not fit.
    fits = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if not x == y == INT32_MIN]
    found = kernels("doubling_high_mul")(np.array(a)[fits], np.array(b)[fits])
    np.testing.assert_array_equal(found, np.array(expected)[fits])


@pytest.mark.parametrize("exponent", range(32))
def test_rounding_divide_by_pot(kernels: Callable[[str], Call], exponent: int) -> None:
    half = 2**exponent // 2
    ties = [
        s * (k * 2**exponent + half) + d for s in (1, -1) for k in (0, 1, 2) for d in (-1, 0, 1)
    ]
    x = int32s(300, exponent) + [t for t in ties if INT32_MIN <= t <= INT32_MAX]
    expected = [half_away(Fraction(v, 2**exponent)) for v in x]
    found = fixed_point.rounding_divide_by_pot(np.array(x), exponent)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(kernels("rounding_divide_by_pot")(x, exponent), expected)


@pytest.mark.parametrize("shift", SHIFTS)
def test_requantize(kernels: Callable[[str], Call], shift: int) -> None:
    """Every shift, every extreme; a left shift wraps, as it does in the interpreter."""
    for multiplier in (*MULTIPLIERS, 2**30 + 12345 * (shift + 40)):
        x = int32s(40, shift + 31)
        expected = [requantized(v, multiplier, shift) for v in x]
        found = fixed_point.requantize(np.array(x), multiplier, shift)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(kernels("requantize")(x, multiplier, shift), expected)


def test_requantize_takes_a_factor_a_channel() -> None:
    x, m, s = np.array([[100, -7], [INT32_MAX, INT32_MIN]]), np.array([2**30, 2**31 - 1]), [-3, 1]
    expected = [[requantized(int(v), int(m[i]), s[i]) for i, v in enumerate(row)] for row in x]
    np.testing.assert_array_equal(fixed_point.requantize(x, m, np.array(s)), expected)


def test_saturating_left_shift(kernels: Callable[[str], Call]) -> None:
    for exponent in (1, 2, 5):
        limit = INT32_MAX >> exponent
        x = [*int32s(300, exponent), limit, limit + 1, -limit, -limit - 1, -limit - 2]
        expected = [min(max(v * 2**exponent, INT32_MIN), INT32_MAX) for v in x]
        found = fixed_point.saturating_left_shift(np.array(x), exponent)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(kernels("saturating_left_shift")(x, exponent), expected)


def test_exp(kernels: Callable[[str], Call]) -> None:
    """The C equals the NumPy bit for bit, and both are e**x as far as the Taylor series goes."""
    quarter = 2**24
    edges = [-k * quarter + d for k in (1, 2, 3, 8, 64, 127) for d in (-1, 0, 1)]
    a = np.array([-abs(v) for v in int32s(5000, 3)] + edges)
    found = fixed_point.exp_on_negative_values(a, 5)
    np.testing.assert_array_equal(kernels("exp_of")(a), found)
    np.testing.assert_allclose(found / 2**31, np.exp(a / 2**26), rtol=0, atol=2**-22)
    assert fixed_point.exp_on_negative_values(np.array([0, INT32_MIN]), 5).tolist() == [
        INT32_MAX,
        0,
    ]


def test_one_over_one_plus(kernels: Callable[[str], Call]) -> None:
    a = np.array([abs(v) for v in int32s(5000, 4) if v != INT32_MIN])
    found = fixed_point.one_over_one_plus_x(a)
    np.testing.assert_array_equal(kernels("one_over_one_plus")(a), found)
    np.testing.assert_allclose(found / 2**31, 1 / (1 + a / 2**31), rtol=0, atol=2**-28)


@pytest.mark.parametrize("integer_bits", [4, 5])
def test_logistic(integer_bits: int) -> None:
    a = np.array([v for v in int32s(5000, 5) if v != INT32_MIN])
    found = fixed_point.logistic(a, integer_bits) / 2**31
    real = 1 / (1 + np.exp(-a / 2 ** (31 - integer_bits)))
    np.testing.assert_allclose(found, real, rtol=0, atol=2**-23)


@pytest.mark.parametrize("integer_bits", [3, 4])
def test_tanh(integer_bits: int) -> None:
    a = np.array([v for v in int32s(5000, 6) if v != INT32_MIN])
    found = fixed_point.tanh(a, integer_bits) / 2**31
    np.testing.assert_allclose(found, np.tanh(a / 2 ** (31 - integer_bits)), rtol=0, atol=2**-22)


NEARLY_1 = math.nextafter(1, 0)


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (0.75, (3 * 2**29, 0)),
        (2.0**30, (2**30, 31)),
        (NEARLY_1, (2**30, 1)),  # its fraction rounds up to 2**31
        (1 - 2**-32, (2**30, 1)),  # a tie: away from zero
        (1 - 2**-31, (2**31 - 1, 0)),
        (2.0**-32, (2**30, -31)),
        (NEARLY_1 * 2.0**-32, (2**30, -31)),  # rounds up into the range
        ((1 - 2**-31) * 2.0**-32, (0, 0)),
        (2.0**-33, (0, 0)),
        (5e-324, (0, 0)),
        (2.2250738585072014e-308, (0, 0)),
    ],
)
def test_quantize_multiplier(real: float, expected: tuple[int, int]) -> None:
    assert fixed_point.quantize_multiplier(real) == expected


def test_quantize_multiplier_is_the_nearest_one() -> None:
    rng = np.random.default_rng(8)
    for real in np.exp2(rng.uniform(-31.9, 29, 2000)).tolist():
        multiplier, shift = fixed_point.quantize_multiplier(real)
        assert 2**30 <= multiplier < 2**31
        assert multiplier == half_away(Fraction(real) * Fraction(2) ** (31 - shift))


@pytest.mark.parametrize(
    ("x", "expected"),
    [(0.5, 1), (-0.5, -1), (1.5, 2), (-2.5, -3), (0.49999999999999994, 0), (-0.2, 0), (7.0, 7)],
)
def test_round_half_away(x: float, expected: int) -> None:
    assert fixed_point.round_half_away(x) == expected


# From scales at which the input hardly matters to ones at which it is a step function.
CURVE_SCALES = (2.0**-28, 1e-4, 0.004, 1 / 64, 0.05, 1 / 16, 0.1234567, 0.3, 1.0, 7.9)
SOFTMAX_SCALES = (5e-8, 1e-4, 0.004, 1 / 16, 0.1234567, 0.5, 1.0, 31.0, 1000.0)


def every_value() -> npt.NDArray[np.int8]:
    return np.arange(-128, 128).astype(np.int8)[np.newaxis]


@pytest.mark.parametrize("scale", CURVE_SCALES)
@pytest.mark.parametrize(
    ("name", "range_"), [("LOGISTIC", (1 / 256, -128)), ("TANH", (1 / 128, 0))]
)
def test_curves_of_every_value_equal_tflm(
    name: str, range_: tuple[float, int], scale: float, tmp_path: Path
) -> None:
    output = TensorSpec((1, 256), *range_)
    graphs = [
        single_op(name, inputs=[TensorSpec((1, 256), scale, zero_point)], output=output)
        for zero_point in (-128, -1, 0, 127)
    ]
    harness.assert_equal_tflm([(graph, [every_value()]) for graph in graphs], tmp_path)


@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_softmax_of_every_difference_equals_tflm(beta: float, tmp_path: Path) -> None:
    """256 rows: every value beside the highest; beside two that are equal; all in one row."""
    values = every_value()[0]
    top = np.full(256, 127, np.int8)
    pairs = np.stack([values, top], -1)[None]
    triples = np.stack([top, values, top], -1)[None]
    cases = [
        (softmax(x.shape, scale, beta), [x])
        for scale in SOFTMAX_SCALES
        for x in (pairs, triples, every_value()[None])
    ]
    harness.assert_equal_tflm(cases, tmp_path)


def test_softmax_of_many_classes_equals_tflm(tmp_path: Path) -> None:
    """Sums of hundreds of small terms, where each one's rounding counts."""
    rng = np.random.default_rng(12)
    cases = []
    for scale in (0.02, 0.06, 0.1):
        x = np.clip(rng.normal(-40, 30, (1, 400, 500)), -128, 127).astype(np.int8)
        x[..., 0] = 127
        cases.append((softmax(x.shape, scale), [x]))
    harness.assert_equal_tflm(cases, tmp_path)


def softmax(shape: tuple[int, ...], scale: float, beta: float = 1.0) -> Graph:
    source, output = TensorSpec(shape, scale, 5), TensorSpec(shape, 1 / 256, -128)
    return single_op("SOFTMAX", inputs=[source], output=output, options={"beta": beta})


def test_softmax_of_as_many_equals_as_tflm_can_add(tmp_path: Path) -> None:
    """511 of them; what else there is must be so unlikely that it does not count."""
    cases = []
    for classes in (511, 1000, 1001, 4095):
        x = np.full((1, classes), -128, np.int8)
        x[0, -511:] = 60
        cases.append((softmax(x.shape, 0.1), [x]))
    harness.assert_equal_tflm(cases, tmp_path)


def test_softmax_of_more_equals_rounds_to_zero(tmp_path: Path) -> None:
    """There TFLM aborts, so the truth is arithmetic: 256 / 512 and less is no whole step."""
    graphs = [softmax((1, classes), 0.1) for classes in (512, 1000, 4095)]
    library = harness.compiled(graphs, tmp_path)
    for i, graph in enumerate(graphs):
        x = np.full(graph.tensors[0].shape, 3, np.int8)
        for (found,) in (
            harness.reference(graph, [x]),
            harness.run_compiled(library, i, graph, [x]),
        ):
            np.testing.assert_array_equal(found, np.full_like(x, -128))
    graph = softmax((1, 4096), 0.1)
    with pytest.raises(ForgeError, match="4096 classes are more than 4095"):
        OPS["SOFTMAX"].check(graph, graph.operators[0])
