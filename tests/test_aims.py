"""From settings and a board to what a plan shall be good for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tinyforge.aims import aim_of
from tinyforge.boards import load
from tinyforge.errors import ForgeError
from tinyforge.memory.room import Room
from tinyforge.memory.search import Limits
from tinyforge.ops.costs import SlowFlash
from tinyforge.spec import Spec, settle

L4R5, F446, NRF = (load(name) for name in ("nucleo_l4r5zi", "nucleo_f446re", "nrf52840_dk"))


def test_what_is_known_of_a_board_s_flash_reaches_the_search() -> None:
    aim = aim_of(Spec(optimize="speed"), L4R5)
    assert aim.flash == SlowFlash(wait_states=5, read_bytes=8, cached_bytes=256)
    assert aim.room == Room(ram=655_360, quick=0x30000 - 16_384)
    aim = aim_of(Spec(optimize="speed"), F446)
    assert aim.flash is not None
    assert aim.room == Room(ram=131_072, quick=131_072 - 16_384)


def test_a_board_of_which_nothing_is_known_has_neither() -> None:
    aim = aim_of(Spec(optimize="speed"), NRF)
    assert (aim.flash, aim.room) == (None, None)


@pytest.mark.parametrize(
    ("settings", "room"),
    [
        ({}, False),
        ({"optimize": "size"}, False),
        ({"optimize": "speed"}, True),
        ({"optimize": "speed", "weights_in_ram": "none"}, False),
        ({"optimize": "speed", "weights_in_ram": 0}, False),
        ({"weights_in_ram": 0}, False),
    ],
)
def test_there_is_room_for_speed_alone(settings: dict[str, Any], room: bool) -> None:
    aim = aim_of(Spec(**settings), L4R5)
    assert (aim.room is not None) == room
    assert aim.flash is not None


def test_the_user_says_how_much() -> None:
    aim = aim_of(Spec(optimize="speed", weights_in_ram=4096), L4R5)
    assert aim.room is not None
    assert aim.room.beside(1000) == 4096


def test_speed_leaves_room_for_the_rest_of_the_firmware() -> None:
    aim = aim_of(Spec(optimize="speed"), load("nucleo_l432kc"))
    assert aim.limits == Limits(tables=262_144 - 65_536, arena=65_536 - 2048)


def test_nothing_is_asked_in_vain() -> None:
    with pytest.raises(ForgeError, match="is for speed; with --optimize balanced they lie in fl"):
        aim_of(Spec(weights_in_ram=4096), L4R5)
    with pytest.raises(ForgeError, match="whose flash is known to be slow") as caught:
        aim_of(Spec(optimize="speed", weights_in_ram=4096), NRF)
    assert caught.value.where == "board nrf52840_dk"


@pytest.mark.parametrize(
    ("text", "value"), [(None, 512), ("auto", "auto"), ("none", "none"), ("65536", 65536)]
)
def test_the_command_line_says_a_word_or_bytes(
    text: str | None, value: object, tmp_path: Path
) -> None:
    path = tmp_path / "tinyforge.toml"
    path.write_text("weights_in_ram = 512\n")
    assert settle(path, weights_in_ram=text).weights_in_ram == value


@pytest.mark.parametrize("text", ["", "all", "-1", "64K", "1.5", "\u0663"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ForgeError, match="neither auto, none nor a number of bytes"):
        settle(None, weights_in_ram=text)


def test_settings_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tinyforge.toml"
    for text, value in (("65536", 65536), ('"none"', "none")):
        path.write_text(f"weights_in_ram = {text}\n")
        assert settle(path).weights_in_ram == value
        assert settle(path, weights_in_ram="auto").weights_in_ram == "auto"
    path.write_text("weights_in_ram = -1\n")
    with pytest.raises(ForgeError, match="not usable settings"):
        settle(path)
