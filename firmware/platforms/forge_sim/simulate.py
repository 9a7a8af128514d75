"""Runs firmware in an emulator: its console on ours, its exit status as ours.

Uses QEMU where it is installed, else unicorn through tinyforge. Files that the firmware reads
(frames.bin, points.bin, samples.bin) come from the folder --files where they are there; what it
writes (results.bin) lies beside the firmware afterwards.
"""

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

QEMU = "qemu-system-arm"
CONSOLE = "tinyforge.sim.console"
INPUTS = ("frames.bin", "points.bin", "samples.bin")
RESULTS = "results.bin"
SECONDS = 600


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("firmware", type=Path)
    parser.add_argument("--core", required=True)
    parser.add_argument("--qemu-machine", required=True)
    parser.add_argument("--machine", choices=["", "qemu", "unicorn"], default="")
    parser.add_argument("--files", type=Path)
    arguments = parser.parse_args()
    qemu = shutil.which(QEMU)
    if qemu and arguments.machine != "unicorn":
        return in_qemu(qemu, arguments)
    if has_unicorn() and arguments.machine != "qemu":
        return in_unicorn(arguments)
    wanted = {"qemu": QEMU, "unicorn": "unicorn"}.get(arguments.machine, f"{QEMU} or unicorn")
    sys.stderr.write(
        f"{wanted} was not found. Install one: `apt-get install {QEMU}`, or "
        "`pip install unicorn` beside tinyforge, where PlatformIO is installed.\n"
    )
    return 1


def has_unicorn():
    try:
        return all(importlib.util.find_spec(name) for name in (CONSOLE, "unicorn"))
    except ModuleNotFoundError:  # no tinyforge, or another package of that name
        return False


def in_qemu(qemu, arguments):
    firmware = arguments.firmware.resolve()
    command = [
        qemu,
        *("-machine", arguments.qemu_machine, "-kernel", str(firmware)),
        *("-display", "none", "-serial", "none", "-monitor", "none"),
        *("-chardev", "stdio,id=console,signal=off"),
        *("-semihosting-config", "enable=on,target=native,chardev=console"),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in (arguments.files / name for name in INPUTS) if arguments.files else ():
            if path.is_file():
                shutil.copy(path, folder)
        try:
            status = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"the firmware did not end within {SECONDS} s\n")
            return 1
        results = folder / RESULTS
        if results.is_file() and results.stat().st_size:
            shutil.copy(results, firmware.parent)
        return status


def in_unicorn(arguments):
    command = [sys.executable, "-m", CONSOLE, str(arguments.firmware), "--core", arguments.core]
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
