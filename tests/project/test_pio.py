"""PlatformIO run for the user: its failures named, its time limited."""

import functools
import time
from pathlib import Path

import pytest

from tinyforge.errors import ForgeError
from tinyforge.project import pio
from tinyforge.project.offline import ensure_scons
from tinyforge.project.pio import run_pio


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The least that PlatformIO takes for a project, where its registry cannot be reached."""
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))
    offline = functools.partial(ensure_scons, reachable=lambda: False)
    monkeypatch.setattr(pio, "ensure_scons", offline)
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "platformio.ini").write_text("[env:one]\nplatform = forge_native\n")
    return folder


def test_it_runs_in_the_project(project):
    result = run_pio(project, "project", "config")
    assert "platform  =  forge_native" in result.output
    assert 0 < result.seconds < 60
    assert (project.parent / "core" / "packages" / "tool-scons" / "scons.py").is_file()


def test_a_failure_shows_its_last_lines(project):
    with pytest.raises(ForgeError, match=r"`pio run -e two` failed with status 1") as caught:
        run_pio(project, "run", environment="two")
    assert "Unknown environment names 'two'" in caught.value.what
    assert caught.value.where == str(project)


def test_it_ends_in_time(project):
    started = time.monotonic()
    with pytest.raises(ForgeError, match=r"`pio project config` did not end within 0\.05 s"):
        run_pio(project, "project", "config", timeout=0.05)
    assert time.monotonic() - started < 20


def test_a_missing_package_is_a_matter_of_the_network():
    for text in ("HTTPClientError: ", "InternetConnectionError: You are not connected"):
        assert "connect to the Internet" in pio._remedy(f"Platform Manager: Installing x\n{text}")
    assert "Internet" not in pio._remedy("src/main.c:1:1: error: expected identifier")


def test_a_folder_that_is_no_project(tmp_path):
    with pytest.raises(ForgeError, match=r"no platformio\.ini") as caught:
        run_pio(tmp_path, "run")
    assert caught.value.where == str(tmp_path)
