"""What is bound to fail is refused before any work: no model is read, nothing is trained."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tinyforge import preflight
from tinyforge.errors import ForgeError
from tinyforge.files import require_writable
from tinyforge.spec import Spec


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Not a model: whoever reads it fails otherwise than these tests expect."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"")
    return str(path)


def refused(**settings: str) -> ForgeError:
    began = time.process_time()
    with pytest.raises(ForgeError) as caught:
        preflight.require_build(Spec(**settings))
    assert time.process_time() - began < 1
    return caught.value


def test_an_occupied_folder(model: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("")
    error = refused(model=model, output=str(tmp_path / "mine"))
    assert "not written by tinyforge" in error.what


def test_the_folder_that_is_named_after_model_and_board(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model-nrf52840_dk").write_text("a file")
    assert "not a folder" in refused(model=model).what


def test_a_board_and_a_model_that_are_not_there(model: str) -> None:
    assert "unknown board" in refused(model=model, board="nope").what
    assert "no such model" in refused(model="nope.tflite").what


def test_a_board_that_cannot_be_emulated_is_proved_on_another_core(model: str) -> None:
    error = refused(model=model, board="esp32dev")
    assert "--core cortex-m4" in error.fix
    preflight.require_build(Spec(model=model, board="esp32dev"), core="m4")
    preflight.require_project(Spec(model=model, board="esp32dev"))  # unproved


def test_a_place_where_nothing_can_be_written(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    assert "nothing can be written" in refused(model=model, output=str(tmp_path / "file/out")).what
    monkeypatch.setattr("os.access", lambda path, mode: False)  # may be whatever runs the tests
    error = refused(model=model, output=str(tmp_path / "new" / "out"))
    assert (error.where, "--output" in error.fix) == (str(tmp_path), True)


def test_an_update_of_what_is_no_project(tmp_path: Path) -> None:
    preflight.require_update_of(None)
    with pytest.raises(ForgeError, match="no project of tinyforge") as caught:
        preflight.require_update_of(tmp_path)
    assert str(tmp_path) in caught.value.where


def test_a_missing_tool(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert "apt-get install" in refused(model=model, machine="qemu").fix
    assert "apt-get install" in refused(model=model, toolchain="gcc").fix


@pytest.mark.parametrize("name", ["", "nowhere/model.keras"])
def test_a_file_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ForgeError) as caught:
        require_writable(tmp_path / name)
    assert "--output" in caught.value.fix
