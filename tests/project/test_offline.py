"""PlatformIO's SCons where its registry cannot be reached, and nothing of it where it can."""

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import create_server

import pytest
from platformio.dependencies import get_core_dependencies

from tinyforge.errors import ForgeError
from tinyforge.project import offline
from tinyforge.project.offline import ensure_scons, registry_reachable

WANTED = get_core_dependencies()["tool-scons"].lstrip("~")


def unreachable() -> bool:
    return False


def content(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def other_package(folder, version: str) -> None:
    """A tool-scons as PlatformIO itself installs it."""
    folder.mkdir(parents=True)
    (folder / "scons.py").write_text("raise SystemExit(7)\n")
    spec = {"owner": "platformio", "id": 1, "name": "tool-scons", "requirements": None, "uri": None}
    package = {"type": "tool", "name": "tool-scons", "version": version, "spec": spec}
    (folder / ".piopm").write_text(json.dumps(package))


def test_scons_from_pypi_stands_in(tmp_path):
    state = ensure_scons(tmp_path / "packages", reachable=unreachable)
    assert (state.source, state.version) == ("stand-in", WANTED)
    assert state.folder == tmp_path / "packages" / "tool-scons"
    shown = subprocess.run(
        [sys.executable, "-S", state.folder / "scons.py", "--version"],  # -S: another environment's
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"v{importlib.metadata.version('scons')}" in shown.stdout


def test_done_twice_it_changes_nothing(tmp_path):
    folder = ensure_scons(tmp_path, reachable=unreachable).folder
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}

    def asked() -> bool:
        raise AssertionError("the network is asked only where SCons is missing")

    assert ensure_scons(tmp_path, reachable=asked).source == "stand-in"
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_stand_in_of_another_environment_is_renewed(tmp_path):
    folder = ensure_scons(tmp_path, reachable=unreachable).folder
    made = content(folder)
    script = folder / "scons.py"
    script.write_text(script.read_text().replace("site-packages", "gone"))
    assert content(folder) != made
    ensure_scons(tmp_path, reachable=unreachable)
    assert content(folder) == made


def test_platformios_own_stays_as_it_is(tmp_path):
    other_package(tmp_path / "tool-scons", WANTED)
    before = content(tmp_path)
    state = ensure_scons(tmp_path, reachable=unreachable)
    assert (state.source, state.version) == ("installed", WANTED)
    assert content(tmp_path) == before


def test_platformios_own_of_an_old_version_stays_beside_ours(tmp_path):
    other_package(tmp_path / "tool-scons", "4.30100.0")
    before = content(tmp_path)
    state = ensure_scons(tmp_path, reachable=unreachable)
    assert state.folder == tmp_path / f"tool-scons@{WANTED}"
    assert before.items() <= content(tmp_path).items()
    assert ensure_scons(tmp_path, reachable=unreachable) == state


def test_nothing_is_written_where_the_registry_answers(tmp_path):
    state = ensure_scons(tmp_path / "packages", reachable=lambda: True)
    assert (state.source, state.folder) == ("registry", None)
    assert not list(tmp_path.iterdir())


def test_without_scons_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ForgeError, match="SCons is not installed") as caught:
        ensure_scons(tmp_path, reachable=unreachable)
    assert caught.value.fix == 'pip install "scons>=4.11.1"'
    assert not list(tmp_path.iterdir())


def test_an_older_scons_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "4.9.1")
    with pytest.raises(ForgeError, match=r"4\.9\.1 is older"):
        ensure_scons(tmp_path, reachable=unreachable)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "4.12.0")
    assert ensure_scons(tmp_path, reachable=unreachable).source == "stand-in"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ForgeError, match="cannot make a folder") as caught:
        ensure_scons(tmp_path / "file" / "packages", reachable=unreachable)
    assert "PLATFORMIO_CORE_DIR" in caught.value.fix


class Registry(BaseHTTPRequestHandler):
    status = 200

    def do_HEAD(self):
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (403, False), (500, False)])
def test_a_registry_that_answers(monkeypatch, status, reachable):
    monkeypatch.setattr(Registry, "status", status)
    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        monkeypatch.setattr(offline, "_REGISTRY", f"http://127.0.0.1:{server.server_port}/x")
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert registry_reachable() is reachable
        thread.join()


def test_a_registry_that_is_silent(monkeypatch):
    with create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(offline, "_REGISTRY", f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        monkeypatch.setattr(offline, "_REGISTRY_SECONDS", 0.2)
        started = time.monotonic()
        assert not registry_reachable()
        assert time.monotonic() - started < 2
