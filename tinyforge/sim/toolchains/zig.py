"""zig cc: a clang with its own linker and runtime for every core, from pip alone."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from tinyforge.boards.cores import Core
from tinyforge.errors import ForgeError
from tinyforge.packages import pip_install
from tinyforge.resources import folder
from tinyforge.sim.cache import cache_folder
from tinyforge.sim.toolchains.build import CROSS_FLAGS, Driver, run


def installed() -> bool:
    return importlib.util.find_spec("ziglang") is not None


def zig_driver() -> Driver:
    """`zig cc` for the host. ForgeError when the pip package is missing."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise ForgeError(
            "the zig compiler is not installed",
            fix=f"{pip_install('ziglang')}, or use --toolchain gcc",
        )
    folder_of_zig = Path(spec.origin).parent
    binary = next(
        (p for p in (folder_of_zig / "zig", folder_of_zig / "zig.exe") if p.exists()), None
    )
    if binary is None:
        raise ForgeError(
            "the ziglang package holds no zig",
            where=str(folder_of_zig),
            fix="pip install --force-reinstall ziglang",
        )
    cache = str(cache_folder("zig"))
    return Driver(
        command=(str(binary), "cc"),
        environment={"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
    )


@functools.cache
def _release(binary: str) -> str:
    text = run(Driver((binary,)), (binary, "version"), doing="asking zig for its version", where="")
    return f"zig {text.strip()}"


def release() -> str:
    """Its name and version. ForgeError when it is not installed."""
    return _release(zig_driver().command[0])


def driver(core: Core, *optimize: str) -> Driver:
    """For a core. ForgeError when it is not installed."""
    host = zig_driver()
    return Driver(
        command=host.command,
        target=("-target", core.zig_target, f"-mcpu={core.zig_cpu}"),
        compile=(
            *optimize,
            *CROSS_FLAGS,
            "-fno-sanitize=all",
            # zig has no C library for bare cores.
            "-idirafter",
            str(folder("firmware") / "ports" / "sim" / "libc"),
        ),
        # Without an explicit entry, zig's linker drops every section.
        link=("-Wl,-e,Reset_Handler",),
        environment=host.environment,
    )
