"""Ranges: what their words mean, what they make of data, and which one is taken."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tinyforge.datasets import Samples
from tinyforge.datasets.decide import Hint, Seen, decide, told
from tinyforge.datasets.ranges import AS_THEY_ARE, Kind, Reals, fitting, kind_of, parse, real
from tinyforge.errors import ForgeError

LEVELS = np.array([[0, 51, 127, 255]], np.uint8)
EXPECTED = {
    "0..1": LEVELS / 255,
    "0..255": LEVELS,
    "-1..1": LEVELS / 127.5 - 1,
    "-0.5..0.5": LEVELS / 255 - 0.5,
    "-128..127": LEVELS - 128.0,
    "127.5,127.5": LEVELS / 127.5 - 1,
    "0.1307,0.3081": (LEVELS / 255 - 0.1307) / 0.3081,
    "33.3,78.6": (LEVELS - 33.3) / 78.6,
    "values": LEVELS,
}


@pytest.mark.parametrize("text", EXPECTED)
def test_pixels_in_a_range(text: str) -> None:
    wanted = np.asarray(EXPECTED[text], np.float64)
    np.testing.assert_allclose(real(LEVELS, Kind.LEVELS, parse(text)), wanted, atol=1e-6, rtol=1e-6)
    if text != "values":
        unit = (LEVELS / 255).astype(np.float32)
        np.testing.assert_allclose(real(unit, Kind.UNIT, parse(text)), wanted, atol=1e-4, rtol=1e-5)
        signed = (LEVELS / 127.5 - 1).astype(np.float32)
        np.testing.assert_allclose(
            real(signed, Kind.SIGNED, parse(text)), wanted, atol=1e-4, rtol=1e-5
        )
    assert parse(parse(text).text) == parse(text)


def test_0_to_1_is_as_in_training() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    expected = pixels.astype(np.float32) / np.float32(255)
    assert np.array_equal(real(pixels, Kind.LEVELS, parse("0..1")), expected)


def test_a_mean_and_std_for_each_channel() -> None:
    one = parse("0.485,0.456,0.406,0.229,0.224,0.225")
    pixels = np.full((2, 4, 4, 3), 255, np.uint8)
    expected = (1 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    found = real(pixels, Kind.LEVELS, one)
    np.testing.assert_allclose(found[1, 2, 3], expected, rtol=1e-5)
    first = real(np.moveaxis(pixels, -1, 1), Kind.LEVELS, one, 1)
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), found)
    with pytest.raises(ForgeError, match="of 3 channels, the data has 1"):
        real(pixels[..., :1], Kind.LEVELS, one)


@pytest.mark.parametrize(
    "text",
    ["", "0-1", "1..0", "0..inf", "1,0", "1,-2", "1,2,3", "a,b", "0..1..2", "nan,1", "1e999,1"],
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ForgeError, match="is no range"):
        parse(text)


def test_plain_values_are_standardized_and_have_no_range_of_pixels() -> None:
    values = np.array([[-4.0, 2.0, 8.0]], np.float32)
    one = fitting(parse("2,3"), Kind.VALUES)
    assert real(values, Kind.VALUES, one).tolist() == [[-2, 0, 2]]
    assert parse(one.text) == one
    small = fitting(parse("0.5,0.25"), Kind.VALUES)
    assert real(values, Kind.VALUES, small).tolist() == [[-18, 6, 30]]
    with pytest.raises(ForgeError, match="no pixels"):
        fitting(parse("0..1"), Kind.VALUES)


PIXELS = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)


def samples(kind: Kind = Kind.LEVELS) -> Samples:
    scale = {Kind.LEVELS: PIXELS, Kind.UNIT: PIXELS / 255, Kind.SIGNED: PIXELS / 127.5 - 1}
    values = scale.get(kind, PIXELS / 30 - 4)
    return Samples("data", values.astype(np.float32), kind)


def right_in(low: float, high: float) -> Callable[[Reals], Seen]:
    """A model that is right about inputs that go from low to high, and about half of others."""
    return lambda x: Seen(1.0 if abs(x.min() - low) < 0.1 and abs(x.max() - high) < 0.1 else 0.5)


def alike(x: Reals) -> Seen:
    """A model that is as right about any inputs."""
    return Seen(0.9)


@pytest.mark.parametrize("kind", [Kind.LEVELS, Kind.UNIT, Kind.SIGNED])
@pytest.mark.parametrize(
    ("text", "low", "high"), [("0..1", 0, 1), ("0..255", 0, 255), ("-1..1", -1, 1)]
)
def test_the_model_s_own_answers_decide(kind: Kind, text: str, low: float, high: float) -> None:
    found = decide(samples(kind), score=right_in(low, high))
    assert found.range == parse(text)
    assert {t.range.text: t.score for t in found.trials}[text] == 1.0
    assert len(found.trials) == 3
    lines = found.lines("accuracy")
    assert [line for line in lines if "taken" in line] == [
        line for line in lines if line.startswith(text)
    ]


def test_nothing_is_assumed_in_silence() -> None:
    with pytest.raises(ForgeError, match="nothing says which range") as error:
        decide(samples())
    assert "--range" in error.value.fix
    tied = decide(samples(), score=alike)
    assert tied.range == parse("0..1")
    assert "assumed; 0..255 and -1..1 fit as well" in tied.how


def test_floats_without_answers_are_taken_as_they_are() -> None:
    for kind in (Kind.UNIT, Kind.SIGNED):
        found = decide(samples(kind))
        assert np.array_equal(samples(kind).real(found.range), samples(kind).values)
        assert decide(samples(kind), score=alike).range == found.range
    plain = decide(samples(Kind.VALUES), score=alike)
    assert plain.range == AS_THEY_ARE and "no pixels" in plain.how


def test_labels_that_nothing_is_measured_on_are_told() -> None:
    plain = samples(Kind.UNIT)
    halves = replace(plain, targets=np.full(len(plain), 0.5, np.float32))
    assert ", no labels" in told(plain, decide(plain), "")[0]
    assert "labels that are no answers of the model" in told(halves, decide(halves), "")[0]
    assert "labels" not in told(halves, decide(halves), "R2")[0]


def test_what_is_said_counts_and_what_speaks_against_it_is_told() -> None:
    found = decide(samples(), given=parse("-1..1"), score=right_in(0, 1))
    assert found.range == parse("-1..1")
    assert "though the model is righter in 0..1" in found.how
    assert decide(samples(Kind.UNIT), given=parse("0..255")).range == parse("0..255")
    odd = decide(samples(), given=parse("-2..2"), score=right_in(-2, 2))
    assert [t.range.text for t in odd.trials] == ["-2..2", "0..1", "0..255", "-1..1"]


def test_what_the_model_declares_counts_unless_its_answers_say_otherwise() -> None:
    hint = Hint(parse("0..255"), "the model scales its input itself")
    assert decide(samples(), declared=hint).range == hint.range
    assert decide(samples(Kind.UNIT), declared=hint).range == hint.range
    assert decide(samples(), declared=hint, score=alike).range == hint.range
    with pytest.raises(ForgeError, match=r"0\.\.255 .* score 0\.500, in 0\.\.1 1\.000") as error:
        decide(samples(), declared=hint, score=right_in(0, 1))
    assert "--range 0..255 or --range 0..1" in error.value.fix


def test_a_hint_settles_what_is_equally_right() -> None:
    hint = Hint(parse("-1..1"), "the input's scale")
    assert decide(samples(), hint=hint).range == hint.range
    assert decide(samples(), hint=hint, score=alike).range == hint.range
    assert decide(samples(), hint=hint, score=right_in(0, 1)).range == parse("0..1")


def test_what_the_model_is_sure_of_counts_before_what_is_as_right() -> None:
    """A network of little bias answers alike at any scale, but is sure of itself in its own."""

    def trained_on_levels(x: Reals) -> Seen:
        return Seen(0.97, sure=True) if x.max() > 200 else Seen(1.0, sure=False)

    found = decide(samples(), score=trained_on_levels)
    assert (found.range, found.how) == (parse("0..255"), "the model is surest of its answers")
    # Not where it is much less right.
    wrong = decide(samples(), score=lambda x: Seen(0.9) if x.max() > 200 else Seen(1.0, sure=False))
    assert wrong.range.text in ("0..1", "-1..1")


def test_levels_of_an_unknown_number_of_bits_are_asked_for() -> None:
    levels = np.arange(2 * 16 * 16, dtype=np.uint16).reshape(2, 16, 16) * 64
    deep = Samples("x.npz", levels)
    with pytest.raises(ForgeError, match=r"uint16 that go up to 32704") as error:
        decide(deep, score=alike)
    assert "divide by 257" in error.value.fix
    assert decide(deep, given=AS_THEY_ARE).range == AS_THEY_ARE
    # As the remedy says.
    shallow = Samples("x.npz", levels // 257, kind=kind_of(levels // 257, (16, 16)))
    assert decide(shallow, score=right_in(0, 1)).range == parse("0..1")
    # A series of counts is no picture.
    assert decide(Samples("x.npz", levels.reshape(2, 256)), score=alike).range == AS_THEY_ARE
