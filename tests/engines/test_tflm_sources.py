"""The pinned sources: fetched whole or not at all, and only what git vouches for is believed.

The repositories are small ones made here; what git says is the truth.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus import models
from tinyforge.engines.tflm import sources
from tinyforge.engines.tflm.pins import SOURCES, Source
from tinyforge.engines.tflm.sources import State, install, status
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.source import Source as QuantizedSource
from tinyforge.source import with_examples
from tinyforge.spec import Spec
from tinyforge.tflite import write as tflite


class Titles:
    """Stages that only remember what was begun."""

    seconds = 0.0

    def __init__(self) -> None:
        self.begun: list[str] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[object]:
        self.begun.append(title)
        yield lambda steps: None

    def note(self, text: str) -> None:
        self.begun.append(text)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "gc.auto=0")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def commit(folder: Path, **files: str) -> str:
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "a change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """Two repositories, each with a commit after the pinned one."""
    folder = tmp_path / "clones"
    for name in ("alpha", "beta"):
        (folder / name).mkdir(parents=True)
        git(folder / name, "init", "--quiet")
    return folder


@pytest.fixture
def pinned(clones: Path) -> tuple[Source, ...]:
    found = []
    for name in ("alpha", "beta"):
        wanted = commit(clones / name, LICENSE="Apache", code=f"{name} 1\n")
        commit(clones / name, code=f"{name} 2\n")
        found.append(Source("owner", name, wanted, "1", "Apache-2.0", "a test"))
    return tuple(found)


def states(cache: Path, pinned: tuple[Source, ...]) -> list[State]:
    return [found.state for found in status(cache, pinned)]


def test_the_pinned_commit_comes_not_the_newest(clones, pinned, tmp_path):
    cache, titles = tmp_path / "cache", Titles()
    assert states(cache, pinned) == [State.MISSING] * 2
    found = install(clones, titles, cache=cache, sources=pinned)
    assert [f.state for f in found] == [State.INSTALLED] * 2
    for f in found:
        assert (f.folder / "code").read_text() == f"{f.source.name} 1\n"
        assert git(f.folder, "rev-parse", "HEAD") == f.source.commit
        assert git(f.folder, "rev-list", "--count", "HEAD") == "1"
    assert titles.begun == ["Fetch owner/alpha 1", "Fetch owner/beta 1"]
    assert sorted(cache.iterdir()) == [f.folder for f in found]


def test_what_is_there_is_not_fetched_again(clones, pinned, tmp_path):
    cache, titles = tmp_path / "cache", Titles()
    install(clones, titles, cache=cache, sources=pinned)
    install(clones, again := Titles(), cache=cache, sources=pinned)
    assert again.begun == []


@pytest.mark.parametrize("form", ["bare.git", "owner+alpha", "mirror", "relative"])
def test_every_form_of_clone(clones, pinned, tmp_path, monkeypatch, form):
    origin = tmp_path / "origin"
    places = {"bare.git": "alpha.git", "owner+alpha": "owner+alpha", "mirror": "owner+alpha/repo"}
    place = origin / places.get(form, "alpha")
    place.parent.mkdir(parents=True)
    bare = ["--bare"] if form in ("bare.git", "mirror") else []
    git(tmp_path, "clone", "--quiet", *bare, str(clones / "alpha"), str(place))
    monkeypatch.chdir(tmp_path)
    given = Path("origin") if form == "relative" else origin
    (found,) = install(given, Titles(), cache=tmp_path / "cache", sources=pinned[:1])
    assert found.state is State.INSTALLED


def test_git_s_own_surroundings_do_not_mislead(clones, pinned, tmp_path, monkeypatch):
    """As inside a git hook, whose environment points at another repository."""
    monkeypatch.setenv("GIT_DIR", str(clones / "beta" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(clones / "beta"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    found = install(clones, Titles(), cache=tmp_path / "cache", sources=pinned)
    assert [f.state for f in found] == [State.INSTALLED] * 2
    assert not (tmp_path / "index").exists()


def test_the_user_s_settings_do_not_change_a_file(clones, pinned, tmp_path, monkeypatch):
    hook = tmp_path / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho changed > code\n")
    hook.chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\tautocrlf = true\n\thooksPath = {hook.parent}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (found, _) = install(clones, Titles(), cache=tmp_path / "cache", sources=pinned)
    assert found.state is State.INSTALLED
    assert (found.folder / "code").read_bytes() == b"alpha 1\n"


@pytest.mark.parametrize("damage", ["edit", "add", "remove", "commit", "git"])
def test_a_damaged_checkout_is_noticed_and_replaced(clones, pinned, tmp_path, damage):
    cache = tmp_path / "cache"
    first, second = install(clones, Titles(), cache=cache, sources=pinned)
    match damage:
        case "edit":
            (first.folder / "code").write_text("alpha 9\n")
        case "add":
            (first.folder / "extra").write_text("")
        case "remove":
            (first.folder / "LICENSE").unlink()
        case "commit":
            commit(first.folder, code="alpha 9\n")
        case "git":
            (first.folder / ".git" / "HEAD").unlink()
    assert states(cache, pinned) == [State.CHANGED, State.INSTALLED]
    install(clones, titles := Titles(), cache=cache, sources=pinned)
    assert titles.begun == ["Fetch owner/alpha 1"]
    assert states(cache, pinned) == [State.INSTALLED] * 2
    assert (first.folder / "code").read_text() == "alpha 1\n"
    assert sorted(cache.iterdir()) == [first.folder, second.folder]


def test_a_folder_inside_another_repository_is_not_taken_for_it(clones, pinned):
    """Without .git of its own, git would answer for the repository around it."""
    alpha = pinned[0]
    git(clones / "alpha", "checkout", "--quiet", alpha.commit)
    (clones / "alpha" / f"alpha-{alpha.commit[:12]}").mkdir()
    assert states(clones / "alpha", (alpha,)) == [State.CHANGED]


def test_a_clone_without_the_commit(clones, pinned, tmp_path):
    wrong = (pinned[0], replace(pinned[1], commit="0123456789" * 4))
    with pytest.raises(ForgeError, match="clone of owner/beta has no commit 0123") as refused:
        install(clones, Titles(), cache=tmp_path / "cache", sources=wrong)
    assert refused.value.where == str(clones / "beta")
    assert refused.value.fix.endswith(f"fetch https://github.com/owner/beta.git {wrong[1].commit}")
    assert not (tmp_path / "cache").exists()


def test_the_id_of_something_else_than_a_commit(clones, pinned, tmp_path):
    tree = git(clones / "alpha", "rev-parse", f"{pinned[0].commit}^{{tree}}")
    wrong = replace(pinned[0], commit=tree)
    with pytest.raises(ForgeError, match="has no commit"):
        install(clones, Titles(), cache=tmp_path / "cache", sources=[wrong])


def test_of_a_damaged_clone_nothing_is_kept(clones, pinned, tmp_path):
    cache = tmp_path / "cache"
    blob = git(clones / "beta", "rev-parse", f"{pinned[1].commit}:code")
    loose = clones / "beta" / ".git" / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o644)
    loose.write_bytes(b"not what it was")
    with pytest.raises(ForgeError, match="cannot fetch owner/beta"):
        install(clones, Titles(), cache=cache, sources=pinned)
    assert states(cache, pinned) == [State.INSTALLED, State.MISSING]
    assert [path.name for path in cache.iterdir()] == [f"alpha-{pinned[0].commit[:12]}"]


def test_a_folder_without_clones_is_refused_before_anything_is_copied(clones, pinned, tmp_path):
    (clones / "beta" / ".git").rename(tmp_path / "gone")
    with pytest.raises(ForgeError, match="no git clone of owner/beta") as refused:
        install(clones, Titles(), cache=tmp_path / "cache", sources=pinned)
    assert refused.value.fix.startswith("git clone https://github.com/owner/beta.git ")
    assert not (tmp_path / "cache").exists()


def test_no_connection(tmp_path, monkeypatch):
    """A proxy that nobody listens on: port 9 of this machine."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ForgeError, match=r"cannot fetch tensorflow/tflite-micro") as refused:
        install(None, Titles(), cache=tmp_path / "cache")
    assert refused.value.where == "https://github.com/tensorflow/tflite-micro.git"
    assert "--from FOLDER" in refused.value.fix
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_git(clones, pinned, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeError, match="git is not installed"):
        install(clones, Titles(), cache=tmp_path / "cache", sources=pinned)


def test_no_room(clones, pinned, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=20_000_000)
    monkeypatch.setattr(sources.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ForgeError, match="20 MB are free") as refused:
        install(clones, Titles(), cache=tmp_path / "cache", sources=pinned)
    assert refused.value.where == str(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written(clones, pinned, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ForgeError, match="cannot write"):
        install(clones, Titles(), cache=tmp_path / "cache", sources=pinned)


def test_the_pins_are_whole_ids_of_different_repositories():
    assert all(len(s.commit) == 40 and int(s.commit, 16) for s in SOURCES)
    assert len({s.url for s in SOURCES}) == len(SOURCES)
    versions = {s.name: s.version for s in SOURCES if not s.commit.startswith(s.version)}
    assert versions == {"flatbuffers": "v25.9.23"}


def command(*arguments: str, cache: Path, status: int = 0, **environment: str) -> dict[str, object]:
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", "tflm", *arguments, "--json"],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == status, shown.stderr
    document = json.loads(shown.stdout)
    assert isinstance(document, dict)
    return document


def test_all_real_sources_from_local_clones(tmp_path):
    """TINYFORGE_TFLM: a folder with clones of all repositories, which have the pinned commits."""
    clones = os.environ.get("TINYFORGE_TFLM")
    if not clones:
        pytest.skip("needs TINYFORGE_TFLM")
    for found in install(Path(clones), Titles(), cache=tmp_path):
        assert found.state is State.INSTALLED
        licence = (found.folder / "LICENSE").read_text()
        assert found.source.licence == "Apache-2.0"
        assert "Apache License" in licence
        assert "Version 2.0" in licence


@pytest.mark.skipif(sys.platform != "linux", reason="the cache is elsewhere, by other rules")
def test_the_commands_say_what_there_is(tmp_path):
    said = command("status", cache=tmp_path)
    assert said["complete"] is False
    assert said["folder"] == str(tmp_path / "tinyforge" / "tflm")
    assert isinstance(said["sources"], list)
    assert [s["state"] for s in said["sources"]] == ["missing"] * len(SOURCES)
    assert [s["commit"] for s in said["sources"]] == [s.commit for s in SOURCES]
    assert not list(tmp_path.iterdir())
    for arguments in ["--from", str(tmp_path)], []:
        refused = command(
            "install", *arguments, cache=tmp_path, status=2, TINYFORGE_TFLM=str(tmp_path)
        )
        assert "no git clone of tensorflow/tflite-micro" in str(refused["error"])


def test_the_table_names_every_source():
    from rich.console import Console

    from tinyforge.report.catalogue import sources_table

    console = Console(width=80)
    with console.capture() as shown:
        console.print(sources_table(status(Path("/nonexistent"))))
    for source in SOURCES:
        assert f"{source.title} " in shown.get()
    assert shown.get().count("missing") == len(SOURCES)
    assert sources.cache_folder().parts[-1] == "tflm"


@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_a_project_of_the_interpreter_says_what_it_still_needs(engine):
    graph = models.classifier(1)
    source = QuantizedSource(tflite(graph), graph)
    settings = Spec(engine=engine)
    source, examples = with_examples(source, settings, Titles())
    files = generate(source, examples, settings, shown := Titles()).files
    needs = engine == "tflm"
    notes = [line for line in shown.begun if line.startswith("note: ")]
    assert [("tinyforge tflm install" in line) for line in notes] == [True] * needs
    readme = str(files["README.md"])
    assert ("`tinyforge tflm install`" in readme) == needs
    for pin in SOURCES:
        assert (f"| {pin.title} | {pin.version} | {pin.licence} |" in readme) == needs
