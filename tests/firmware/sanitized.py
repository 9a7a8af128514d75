"""C programs for this computer in which every stray byte and undefined operation ends the run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tinyforge.resources import folder

_FLAGS = (
    "-std=c11", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip
# Leaks cannot be looked for where processes may not be traced; nothing here allocates anyway.
_ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0", "LC_ALL": "C"}


def build(
    sources: Sequence[Path], output: Path, include: Sequence[Path], defines: Sequence[str] = ()
) -> Path:
    """Compiles and links; the test fails with the compiler's message."""
    options = [*(f"-I{path}" for path in include), *(f"-D{text}" for text in defines)]
    command = ["cc", *_FLAGS, *options, *map(str, sources), "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output


def run(
    program: Path, stdin: bytes = b"", environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[bytes]:
    """What the program did; the test fails where a sanitizer stopped it."""
    done = subprocess.run(
        [str(program)],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env={**_ENVIRONMENT, **environment},
    )
    for mark in (b"AddressSanitizer", b"runtime error"):
        assert mark not in done.stderr, done.stderr.decode(errors="replace")
    assert done.returncode >= 0, done
    return done


def build_application(
    files: Mapping[str, str],
    workspace: Path,
    *,
    app: str = "classify",
    defines: Sequence[str] = (),
    port: Sequence[Path] | None = None,
) -> Path:
    """A generated project's files with the runtime, the application and the computer's port, or
    the port's sources that are given."""
    sources = []
    for name, text in files.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".c":
            sources.append(path)
    runtime = folder("firmware")
    sources += [
        runtime / "engines" / "common.c",
        runtime / "apps" / f"{app}.c",
        *(port or sorted((runtime / "ports" / "native").glob("*.c"))),
    ]
    include = [workspace / "include", workspace / "src" / "aot", runtime, runtime / "include"]
    return build(sources, workspace / "application", include, defines)
