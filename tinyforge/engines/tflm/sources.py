"""The sources of TensorFlow Lite Micro in the user's cache: brought there, and vouched for by git.

Each is a checkout in a folder named after its commit. It is there whole or not at all; what a cut
connection left out, the next attempt brings.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import platformdirs

from tinyforge.engines.tflm.git import GitError, git
from tinyforge.engines.tflm.pins import SOURCES, Source
from tinyforge.errors import ForgeError
from tinyforge.project.exchange import exchange
from tinyforge.stages import Stages

# Bytes that all checkouts take: 160 MB, measured, and the one that is being fetched.
_ROOM = 250_000_000


class State(StrEnum):
    INSTALLED = "installed"
    MISSING = "missing"
    CHANGED = "changed"  # another commit, or files that differ from the commit's


@dataclass(frozen=True)
class Found:
    """What there is of a source, and where it is or would be."""

    source: Source
    folder: Path
    state: State


def cache_folder() -> Path:
    """Where the checkouts are kept."""
    return platformdirs.user_cache_path("tinyforge") / "tflm"


def status(cache: Path | None = None, sources: Sequence[Source] = SOURCES) -> tuple[Found, ...]:
    """What is there, one entry a source. ForgeError where there is no git to ask."""
    return tuple(_find(cache or cache_folder(), source) for source in sources)


def install(
    origin: Path | None,
    stages: Stages,
    *,
    cache: Path | None = None,
    sources: Sequence[Source] = SOURCES,
) -> tuple[Found, ...]:
    """Brings every source that is not there as it should be. What is there is not fetched again.

    origin: a folder with local clones, for work offline; None: GitHub.
    ForgeError: no git, no connection, no such commit, no room. Sources that came before the one
    that failed stay; of that one nothing does.
    """
    cache = cache or cache_folder()
    # All clones are looked at before the first is copied: a wrong folder is found out at once.
    urls = [source.url if origin is None else str(_clone(source, origin)) for source in sources]
    wanted = [
        (source, url)
        for source, url in zip(sources, urls, strict=True)
        if _find(cache, source).state is not State.INSTALLED
    ]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if wanted:
            _require_room(cache)
        for source, url in wanted:
            with stages.stage(f"Fetch {source.title} {source.version}"):
                _bring(source, url, cache)
    except OSError as error:
        raise ForgeError(f"cannot write: {error.strerror}", where=str(cache)) from error
    return status(cache, sources)


def _find(cache: Path, source: Source) -> Found:
    folder = cache / f"{source.name}-{source.commit[:12]}"
    if not folder.exists():
        return Found(source, folder, State.MISSING)
    return Found(source, folder, State.INSTALLED if _vouched(folder, source) else State.CHANGED)


def _vouched(folder: Path, source: Source) -> bool:
    """Whether a checkout is the pinned commit's, with no file changed, missing or added."""
    try:
        # Asked of this folder's own .git: elsewhere git would go on looking in the folders above.
        here = ("--git-dir=.git", "--work-tree=.")
        head = git(folder, *here, "rev-parse", "HEAD")
        return head == source.commit and not git(
            folder, *here, "status", "--porcelain", "--untracked-files=all"
        )
    except (GitError, OSError):
        return False


def _clone(source: Source, origin: Path) -> Path:
    """The clone of a source in the user's folder, under upstream's name or as owner+name; it has
    the commit."""
    origin = origin.absolute()
    names = (source.name, f"{source.name}.git", f"{source.owner}+{source.name}")
    places = [path for name in names for path in (origin / name, origin / name / "repo")]
    clone = next((p for p in places if (p / ".git").exists() or (p / "objects").is_dir()), None)
    if clone is None:
        raise ForgeError(
            f"no git clone of {source.title}",
            where=str(origin),
            fix=f"git clone {source.url} {shlex.quote(str(origin / source.name))}",
        )
    try:
        git(clone, "cat-file", "-e", f"{source.commit}^{{commit}}")
    except GitError as error:
        raise ForgeError(
            f"the clone of {source.title} has no commit {source.commit}: {error}",
            where=str(clone),
            fix=f"git -C {shlex.quote(str(clone))} fetch {source.url} {source.commit}",
        ) from error
    return clone


def _require_room(cache: Path) -> None:
    """git tells a full disk as any other failure to write: better to look before."""
    free = shutil.disk_usage(cache).free
    if free < _ROOM:
        raise ForgeError(
            f"the sources take {_ROOM // 1_000_000} MB, and {free // 1_000_000} MB are free",
            where=str(cache),
            fix="make room there",
        )


def _bring(source: Source, url: str, cache: Path) -> None:
    """Fetches one source beside its place, and moves it there once git vouches for it."""
    target = _find(cache, source).folder
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as name:
        checkout = Path(name) / "checkout"
        try:
            _fetch(source, url, checkout)
        except GitError as error:
            raise ForgeError(
                f"cannot fetch {source.title}: {error}",
                where=url,
                fix="run it again; without a connection: tinyforge tflm install --from FOLDER, "
                "which holds clones",
            ) from error
        if not _vouched(checkout, source):
            raise ForgeError(f"what arrived is not commit {source.commit}", where=url)
        if target.exists():
            exchange(checkout, target)
        else:
            checkout.rename(target)


def _fetch(source: Source, url: str, checkout: Path) -> None:
    """One commit without its history. git computes the ids of all that it receives."""
    checkout.mkdir()
    git(checkout, "init", "--quiet", "--template=")
    git(checkout, "fetch", "--quiet", "--depth=1", "--no-tags", url, source.commit)
    git(checkout, "checkout", "--quiet", "--detach", source.commit)
