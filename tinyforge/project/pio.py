"""Runs PlatformIO on a project: offline where it has to be, ended in time, its failures named."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.packages import pip_install
from tinyforge.project.offline import ensure_scons, packages_folder

PIO_SECONDS = 900.0

# No colours and bars in what we pass on; no looking for news of PlatformIO, which needs a network.
_ENVIRONMENT: Mapping[str, str] = {
    "PLATFORMIO_NO_ANSI": "true",
    "PLATFORMIO_DISABLE_PROGRESSBAR": "true",
    "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
    "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
    "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
    "PYTHONIOENCODING": "utf-8",
}
_MESSAGE_LINES = 40
# What PlatformIO says when it cannot fetch a package.
_NO_NETWORK = ("HTTPClientError", "InternetConnectionError", "not connected to the Internet")


@dataclass(frozen=True)
class PioResult:
    """output: all that PlatformIO and the tools it ran have printed. seconds: wall time."""

    output: str
    seconds: float


def run_pio(
    project: Path,
    *arguments: str,
    environment: str | None = None,
    timeout: float = PIO_SECONDS,
) -> PioResult:
    """`pio <arguments>` in a project's folder: run_pio(folder, "run", "-t", "upload").

    environment: one of platformio.ini's, added as `-e <environment>`. timeout: seconds.
    PLATFORMIO_CORE_DIR and PlatformIO's other variables hold as everywhere.
    ForgeError with the last lines of its output when it fails or does not end.
    """
    if not (project / "platformio.ini").is_file():
        raise ForgeError(
            "this is no PlatformIO project: it has no platformio.ini",
            where=str(project),
            fix="tinyforge generate writes a project",
        )
    if importlib.util.find_spec("platformio") is None:
        raise ForgeError("PlatformIO is not installed", fix=pip_install("platformio"))
    ensure_scons(packages_folder(project))
    command = [sys.executable, "-m", "platformio", *arguments]
    if environment is not None:
        command += ["-e", environment]
    spoken = " ".join(["pio", *command[3:]])
    started = time.monotonic()
    status, output = _run(command, project, timeout)
    seconds = time.monotonic() - started
    if status is None:
        raise ForgeError(
            "\n".join([f"`{spoken}` did not end within {timeout:g} s:", *_last_lines(output)]),
            where=str(project),
            fix="run it yourself in that folder to see where it waits",
        )
    if status != 0:
        raise ForgeError(
            "\n".join([f"`{spoken}` failed with status {status}:", *_last_lines(output)]),
            where=str(project),
            fix=_remedy(output),
        )
    return PioResult(output, seconds)


def _run(command: list[str], project: Path, timeout: float) -> tuple[int | None, str]:
    """Exit status and output; status None where the time was up. Leaves no process behind."""
    process = subprocess.Popen(
        command,
        cwd=project,
        env={**os.environ, **_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # PlatformIO starts SCons, which starts compilers: a group, to be ended as one.
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        _end(process)
        output, _ = process.communicate()
        return None, output.decode("utf-8", "replace")
    except BaseException:
        _end(process)
        process.wait()
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _remedy(output: str) -> str:
    if any(error in output for error in _NO_NETWORK):
        return (
            "this needs packages from PlatformIO's registry: connect to the Internet once;"
            " the environments sim and native need none"
        )
    return "correct what its last lines name; run it in that folder with -v to see more"


def _last_lines(output: str) -> list[str]:
    lines = [line.rstrip() for line in output.splitlines()]
    return [line for line in lines if line][-_MESSAGE_LINES:]
