"""Runs git as a program: on exactly the repository that is meant, whatever surrounds us."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tinyforge.errors import ForgeError

# What would point git at another repository, when tinyforge itself runs inside a hook of git's.
# Source: `git rev-parse --local-env-vars`.
_MISLEADING = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

# The user's own configuration stays in force (proxies, certificates) but for what would change the
# files that are checked out, run programs beside us, or wait for a dead connection.
_SETTINGS = (
    "core.autocrlf=false",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "protocol.version=2",  # in which any commit can be asked for by its id
)


class GitError(Exception):
    """git said no. The message is its own, one line."""


def git(folder: Path, *arguments: str) -> str:
    """What `git arguments` prints, run in a folder. GitError; ForgeError where there is no git."""
    program = shutil.which("git")
    if program is None:
        raise ForgeError(
            "git is not installed",
            fix="install it (apt-get install git; https://git-scm.com/downloads)",
        )
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    ended = subprocess.run(
        [program, *settings, *arguments],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode:
        raise GitError(_reason(ended.stderr) or f"git ended with status {ended.returncode}")
    return ended.stdout.strip()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _reason(stderr: str) -> str:
    """The line that says why: the first error, which later ones only follow from."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("fatal: ", "error: ")):
            return line.partition(": ")[2]
    return lines[-1] if lines else ""
