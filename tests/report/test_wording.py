"""Numbers and names as people read them."""

import pytest

from tinyforge.report import wording


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.0, 1, "0.0 %"),
        (0.987, 1, "98.7 %"),
        (0.29, 0, "29 %"),
        (1.0, 2, "100.00 %"),
        (0.99999, 2, "99.99 %"),
        (1.00001, 1, "100.1 %"),
        (1.342, 1, "134.2 %"),
    ],
)
def test_percent(share, digits, text):
    assert wording.percent(share, digits) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (512, "512 B"), (8192, "8 KiB"), (262144, "256 KiB"), (1048576, "1 MiB"),
     (1572864, "1,536 KiB"), (1000000, "1,000,000 B")],
)  # fmt: skip
def test_capacity(size, text):
    assert wording.capacity(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (951, "951"), (1000, "1.00 k"), (98765, "98.8 k"), (1234567, "1.23 M"),
     (583_000_000, "583 M"), (1_234_567_890, "1,235 M")],
)  # fmt: skip
def test_estimates(value, text):
    assert wording.about(value) == text


def test_shapes_leave_the_batch_out():
    assert wording.shape((1, 26, 26, 12)) == "26x26x12"
    assert wording.shape((600,)) == "600"
    assert wording.shape(()) == "scalar"


def test_short_names():
    assert wording.short_name("model/conv2d_1/Relu;model/bias") == "conv2d_1/Relu"
    assert wording.short_name("Identity") == "Identity"
    assert wording.short_name("") == ""


def test_per_needs_both():
    assert wording.per(300, 200) == "1.50"
    assert wording.per(None, 200) == ""
    assert wording.per(300, 0) == ""


@pytest.mark.parametrize(
    ("constant", "unread", "text"),
    [
        (1715, 0, "1,715 of 2,738 channels cannot vary"),
        (1715, 9, "1,715 of 2,738 channels cannot vary, 9 more are read by nobody"),
        (0, 9, "9 of 2,738 channels are read by nobody"),
    ],
)
def test_removed_channels(constant, unread, text):
    said = wording.removed(constant, unread, 2738, 185942, 3762351)
    assert said == f"{text}: removed, exactly, with 185,942 B of weights and 3,762,351 MACs"


def test_points_have_a_sign_but_for_none() -> None:
    assert [wording.points(p) for p in (0.31, -1.25, 0.0, -0.04)] == ["+0.3", "-1.2", "0.0", "0.0"]
