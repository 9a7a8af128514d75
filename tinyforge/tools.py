"""The tools that tinyforge can use: what is installed, and what a missing one costs."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from tinyforge.packages import TRAIN, TUNE, pip_install


@dataclass(frozen=True)
class Tool:
    """version: None where it is not installed. without: what cannot be done then."""

    name: str
    version: str | None
    purpose: str
    without: str
    install: str


def survey() -> tuple[Tool, ...]:
    """Every tool, in the order in which a model meets them."""
    train = pip_install(*TRAIN)
    return (
        Tool("Python", platform.python_version(), "runs tinyforge", "", ""),
        _package(
            "tensorflow", "trains, converts", "train, prune, quantize, demo; .keras files", train
        ),
        _package("tf-keras", "what pruning runs on", "prune, demo", train),
        _package("tensorflow-model-optimization", "prunes", "prune, demo", train),
        _package(
            "tflite-micro",
            "the oracle: TensorFlow Lite Micro on the host",
            "proofs compare with NumPy models instead; no proof of --engine tflm",
            f"{pip_install('tflite-micro')} (Linux on x86-64)",
        ),
        _package("ziglang", "cross compiler from pip", "--toolchain zig", pip_install("ziglang")),
        _program(
            "arm-none-eabi-gcc",
            "cross compiler, as boards are built with",
            "--toolchain gcc",
            "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi",
        ),
        _package(
            "unicorn", "emulator from pip: M0+ to M33", "--machine unicorn", pip_install("unicorn")
        ),
        _package(
            "capstone",
            "decodes what the emulator ran",
            "no estimate of cycles",
            pip_install("capstone>=5.0.1,<6"),
        ),
        _program(
            "qemu-system-arm",
            "emulator: every core, M55 too",
            "--machine qemu",
            "apt-get install qemu-system-arm",
        ),
        _program("cc", "host compiler", "--machine native without zig", "apt-get install gcc"),
        _package("optuna", "searches for small models", "tune", pip_install(*TUNE)),
        _package("platformio", "builds and flashes projects", "pio", pip_install("platformio")),
    )


def _package(name: str, purpose: str, without: str, install: str) -> Tool:
    return Tool(name, _found(lambda: importlib.metadata.version(name)), purpose, without, install)


def _program(name: str, purpose: str, without: str, install: str) -> Tool:
    return Tool(name, _found(lambda: _program_version(name)), purpose, without, install)


def _found(version: Callable[[], str]) -> str | None:
    try:
        return version()
    except (importlib.metadata.PackageNotFoundError, OSError, subprocess.SubprocessError):
        return None


def _program_version(name: str) -> str:
    """The version in the first line of `name --version`. OSError where there is no such program."""
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(name)
    said = subprocess.run(
        [path, "--version"], capture_output=True, text=True, check=True, timeout=20
    )
    line = said.stdout.partition("\n")[0]
    version = re.search(r"\d+\.\d+[.\d]*", line.rpartition(")")[2] or line)
    return version[0] if version else line.strip()
