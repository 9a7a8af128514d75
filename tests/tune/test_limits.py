"""Limits: as they are written, and what is over them."""

from __future__ import annotations

import pytest

from tinyforge.errors import ForgeError
from tinyforge.tune.limits import Cost, Limits, limits

COST = Cost(flash=16_384, ram=2_000, instructions=1, cycles=None, ms=7.5)


def test_units_and_names() -> None:
    assert limits("ram=64K,flash=2M, ms=7.5", 0.97) == Limits(65_536, 2_097_152, 7.5, 0.97)
    assert limits("flash=1000", None) == Limits(flash=1000)
    assert limits(None, None) == Limits()


@pytest.mark.parametrize(
    "text",
    [
        "", "ram", "ram=", "ram=0", "ram=64k", "ram=-1", "ram=1.5K", "ms=0", "ms=1e3", "rom=5",
        "ram=1;ms=2", "ram=1,ram=2", "ms=20K", "ram=1,", "accuracy=0.9",
    ],
)  # fmt: skip
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ForgeError) as caught:
        limits(text, None)
    assert caught.value.where == "--budget" and "ram=64K" in caught.value.fix


@pytest.mark.parametrize("accuracy", [0.0, -0.1, 97.0, float("nan")])
def test_what_is_no_accuracy(accuracy: float) -> None:
    with pytest.raises(ForgeError, match="cannot be wanted"):
        limits(None, accuracy)


def test_a_limit_itself_is_within() -> None:
    assert Limits(flash=16_384, ms=7.5).over(COST) == {}
    assert Limits(flash=16_383).over(COST) == {"flash": 16_384 / 16_383 - 1}
    assert Limits(ram=1_000, ms=2.5, flash=1 << 20).over(COST) == {"ram": 1.0, "ms": 2.0}


def test_room_above_a_limit() -> None:
    assert Limits(ram=1_900).over(COST, room=1.1) == {}
    assert list(Limits(ram=1_800).over(COST, room=1.1)) == ["ram"]


def test_time_that_nobody_knows_cannot_be_limited() -> None:
    unknown = Cost(1, 1, None, None, None)
    assert Limits(flash=2).over(unknown) == {}
    with pytest.raises(ForgeError, match="this board's time"):
        Limits(ms=1.0).over(unknown)


def test_a_lack_of_accuracy_is_a_share_of_what_is_left_to_1() -> None:
    assert Limits(accuracy=0.9).lacking(0.9) == 0 == Limits().lacking(0.1)
    assert Limits(accuracy=0.9).lacking(0.85) == pytest.approx(0.5)
    assert Limits(accuracy=1.0).lacking(0.98) == pytest.approx(2.0)
